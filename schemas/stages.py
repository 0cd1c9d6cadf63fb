"""The stage kinds that a protocol can be made of, each with its parameters. What they do is in `workflows.stages`."""

from datetime import timedelta
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import Field, model_validator

from schemas.base import Code, Duration, Strict
from schemas.forms import form
from schemas.identity import Role

StageId = Annotated[str, form(r"^[a-z][a-z0-9_]{0,31}$", "in small letters, digits and _, such as to_centre")]
Names = Annotated[tuple[Code, ...], Field(min_length=1, max_length=50)]
Moment = TypeVar("Moment", bound=str)
TwoPeople = Annotated[
    tuple[Moment, ...] | None, Field(min_length=1, max_length=10, exclude_if=lambda value: value is None)
]
"""The hand-overs of a stage at which two different people must have verified identity; left out: none.

It is no part of a protocol that does not use it, so the hash of one that was published before stays what it was.
"""


class Temperature(Strict):
    """Limits in degrees Celsius; either may be left open."""

    min: float | None = Field(default=None, ge=-273.15)
    max: float | None = Field(default=None, le=200)

    @model_validator(mode="after")
    def _possible(self) -> "Temperature":
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max: no temperature can satisfy both")
        return self


class StageBase(Strict):
    """What every stage has. `due`: how long it may take before someone is told (invariant 8)."""

    ROLES: ClassVar[tuple[Role, ...]] = ()

    id: StageId
    after: tuple[StageId, ...] = ()
    due: Duration

    def roles(self) -> set[Role]:
        """The roles that this stage needs an organisation for."""
        named = {value for value in vars(self).values() if isinstance(value, Role)}
        return named | set(self.ROLES)

    def faster(self, factor: float) -> "StageBase":
        """The same stage with every duration divided by `factor`."""
        return self.model_copy(update={name: _divided(value, factor) for name, value in vars(self).items()})


def _divided(value: object, factor: float) -> object:
    if isinstance(value, timedelta):
        return max(value / factor, timedelta(microseconds=1))
    if isinstance(value, tuple):
        return tuple(_divided(each, factor) for each in value)
    return value


class EnrolmentStage(StageBase):
    """Wait for every piece of evidence that allows the therapy."""

    kind: Literal["enrolment"]
    evidence: Names
    at: Role = Role.TREATMENT_CENTRE


class CollectionStage(StageBase):
    """Take cells or tissue from the patient. `expires`: how long after its end fresh material may be used."""

    kind: Literal["collection"]
    at: Role
    material: Code
    expires: Duration | None = None


class ShipmentStage(StageBase):
    """Move what is ready at `from` to `to`."""

    ROLES = (Role.COURIER,)
    kind: Literal["shipment"]
    sender: Role = Field(alias="from")
    to: Role
    temperature: Temperature | None = None
    two_people: TwoPeople[Literal["shipment.picked_up", "shipment.delivered", "material.received"]] = None

    @model_validator(mode="after")
    def _somewhere_else(self) -> "ShipmentStage":
        if self.sender is self.to:
            raise ValueError("from and to are the same: nothing would move")
        return self


class ManufactureStage(StageBase):
    """Make the product. `expires`: how long after its completion a fresh product may be infused.

    `spare`: what becomes of starting material that did not go into the batch when it was started. `frozen` keeps,
    and another batch can be made from it; `fresh` expires as it would have.
    """

    kind: Literal["manufacture"]
    at: Role
    spare: Literal["fresh", "frozen"] = "fresh"
    expires: Duration | None = None
    two_people: TwoPeople[Literal["manufacture.started", "manufacture.completed"]] = None


class ReleaseStage(StageBase):
    """Tests, then a signed release. `signatures`: the roles that must have signed."""

    ROLES = (Role.LABORATORY,)
    kind: Literal["release"]
    tests: Names
    signatures: Names
    at: Role = Role.MANUFACTURER
    two_people: TwoPeople[Literal["batch.released"]] = None


class ConditioningStage(StageBase):
    """Prepare the patient (lymphodepletion): never before the product's release."""

    kind: Literal["conditioning"]
    at: Role


class InfusionStage(StageBase):
    """Thaw and give the product. `thaw_limit`: from thaw to the end of the infusion."""

    kind: Literal["infusion"]
    at: Role
    thaw_limit: Duration | None = None
    two_people: TwoPeople[Literal["product.thawed", "infusion.completed"]] = None


class FollowUpStage(StageBase):
    """Visits, each so long after the infusion. `due`: how late a visit may be reported."""

    kind: Literal["follow_up"]
    due: Duration = timedelta(days=3)
    at: Role = Role.TREATMENT_CENTRE
    visits: Annotated[tuple[Duration, ...], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _in_order(self) -> "FollowUpStage":
        if list(self.visits) != sorted(set(self.visits)):
            raise ValueError("visits come in order of time, none twice")
        return self


class MilestoneStage(StageBase):
    """Wait for milestones by name: what a new therapy needs before it deserves a kind of its own."""

    kind: Literal["milestone"]
    milestones: Names
    at: Role | None = None


Stage = Annotated[
    EnrolmentStage
    | CollectionStage
    | ShipmentStage
    | ManufactureStage
    | ReleaseStage
    | ConditioningStage
    | InfusionStage
    | FollowUpStage
    | MilestoneStage,
    Field(discriminator="kind"),
]
"""A stage of any kind, told apart by `kind`."""
