"""What people tell the label desk."""

from collections.abc import Sequence
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from schemas.base import Code, Identifier, Instant, Strict, people
from schemas.labels import MOST_LABELS, LabelNumber, LabelSize, Statement
from schemas.operations import Said
from schemas.stages import StageId, Temperature

Ids = Annotated[tuple[Identifier, ...], Field(max_length=MOST_LABELS)]


Several = TypeVar("Several", bound=Sequence[str] | None)


def each_once(numbers: Several) -> Several:
    """A label is asked for once. Raises `ValueError`."""
    if numbers is not None and len(set(numbers)) != len(numbers):
        raise ValueError("a label is named once")
    return numbers


Numbers = Annotated[tuple[LabelNumber, ...], Field(min_length=1, max_length=MOST_LABELS), AfterValidator(each_once)]


class NewLabelSet(Said):
    """Labels for a stage: one for each id as often as it is named, and so many blank ones for what is filled later.

    What is left out of `product` and `storage` comes from the protocol. `two_people`: each is put on, and the
    account signed, by two people.
    """

    stage: StageId
    containers: Ids = ()
    doses: Ids = ()
    blank: Annotated[int, Field(ge=0, le=MOST_LABELS)] = 0
    product: Identifier | None = Field(default=None, description="A product code; else the material of the stage.")
    expires_at: Instant | None = None
    storage: Temperature | None = Field(default=None, description="Else that of the next shipment.")
    statements: Annotated[tuple[Statement, ...], Field(max_length=len(Statement))] = (
        Statement.AUTOLOGOUS_USE_ONLY,
        Statement.NOT_EVALUATED,
    )
    size: LabelSize = LabelSize.BAG
    two_people: bool = True

    @model_validator(mode="after")
    def _a_set(self) -> Self:
        if not 1 <= len(self.containers) + len(self.doses) + self.blank <= MOST_LABELS:
            raise ValueError(f"a set has 1 to {MOST_LABELS} labels")
        if len(set(self.statements)) != len(self.statements):
            raise ValueError("a statement stands on a label once")
        return self


class PrintLabels(Strict):
    """`numbers` left out: all that are open. `reason`: needed where one of them was printed before."""

    by: Identifier
    reason: Code | None = None
    numbers: Numbers | None = None


class ApplyLabel(Strict):
    """A label was put on a container or dose. `verified_by`: who looked on; needed where the set is two people's.

    `reason`: why what bears a label already gets another one.
    """

    by: Identifier
    number: LabelNumber
    container: Identifier
    verified_by: Identifier | None = None
    reason: Code | None = None

    @model_validator(mode="after")
    def _two_different_people(self) -> Self:
        if people([self.verified_by]) == people([self.by]):
            raise ValueError("a label is verified by somebody else")
        return self


class SettleLabels(Said):
    """What became of labels that were not used."""

    numbers: Numbers


class ReconcileLabels(Strict):
    """The account is right. `witnessed_by`: the second signature."""

    by: Identifier
    witnessed_by: Identifier | None = None

    @model_validator(mode="after")
    def _two_different_people(self) -> Self:
        if people([self.witnessed_by]) == people([self.by]):
            raise ValueError("an account is signed by two different people")
        return self
