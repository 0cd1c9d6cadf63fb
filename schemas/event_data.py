"""What each event of version 1 says. The catalogue that names them is `schemas.events`.

Every model is `Tolerant`: unknown fields are left behind. None has room for free text. Each says, as
`KEY`, which of its fields tell two events of one type apart within a stage (a test result from another).
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import Code, Identifier, Instant, Reading, Tolerant, people
from schemas.check_characters import Misread
from schemas.identity import IdentifierKind, KnownAs, spellings
from schemas.materials import MOST_AMOUNTS, Amount, Amounts, Finite, Form, Measure, measured
from schemas.stages import StageId

_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)

Identifiers = Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=100)]
TwoPeople = Annotated[tuple[Identifier, ...], Field(min_length=2, max_length=4)]
People = Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=4)]


class EventData(Tolerant):
    """Base of every event's data."""

    KEY: ClassVar[str | None] = None

    def key(self) -> str:
        """What tells this event from others of its type in the same stage; empty when there is only one."""
        return str(getattr(self, self.KEY)) if self.KEY else ""

    def identifiers(self) -> Iterator[KnownAs]:
        """The identifiers that this event brings into the crosswalk."""
        return iter(())


class HandOver(EventData):
    """Base of what is said where material or product passes from one pair of hands to the next.

    `coi`: the chain-of-identity id as it was scanned from a label or wristband, so that another patient's can be told
    from the journey's own. `verified_by`: who compared what was scanned with what was expected.
    """

    coi: Identifier | None = None
    verified_by: People | None = None


class Container(Tolerant):
    """A bag, vial or cassette. Volume in millilitres; `tnc` and `cd3` are absolute cell counts; `amounts`: others."""

    id: Identifier
    volume_ml: Measure | None = None
    tnc: Measure | None = None
    cd3: Measure | None = None
    amounts: Amounts | None = None

    @model_validator(mode="after")
    def _not_too_many(self) -> "Container":
        if len(self._by_code()) > MOST_AMOUNTS:
            raise ValueError(f"a container has at most {MOST_AMOUNTS} amounts, volume and cell counts among them")
        return self

    def contents(self) -> Amounts:
        """The amounts that have a field of their own, and any others, each code once."""
        return tuple(self._by_code().values())

    def _by_code(self) -> dict[str, Amount]:
        cells = "{cells}"
        named = measured(volume=(self.volume_ml, "mL"), tnc=(self.tnc, cells), cd3=(self.cd3, cells))
        return {each.code: each for each in (*named, *(self.amounts or ()))}


class Evidence(EventData):
    """A document that allows the therapy to go on, by reference; the document stays with its owner."""

    KEY = "evidence"
    evidence: Code
    reference: Identifier
    valid_until: Instant | None = None


class EvidenceWithdrawn(EventData):
    KEY = "evidence"
    evidence: Code
    reason: Code


class Slot(EventData):
    """A booked capacity: what it is of, and when."""

    slot: Identifier
    resource: Code
    starts_at: Instant | None = None


class CollectionStarted(EventData):
    device: Identifier | None = None


class SampleCollected(EventData):
    """The collection's product. `ended_at` starts the clock of fresh material. `verified_by`: two people."""

    donation: Identifier
    containers: Annotated[tuple[Container, ...], Field(min_length=1, max_length=100)]
    ended_at: Instant
    verified_by: TwoPeople

    @model_validator(mode="after")
    def _two_different_people(self) -> "SampleCollected":
        if len(people(self.verified_by)) < 2:
            raise ValueError("identity is verified by two different people")
        return self

    def identifiers(self) -> Iterator[KnownAs]:
        yield KnownAs(kind=IdentifierKind.DONATION, value=self.donation)
        for container in self.containers:
            yield KnownAs(kind=IdentifierKind.CONTAINER, value=container.id)


class CollectionFailed(EventData):
    """No usable product. A partial one may be named: it is recorded, and settled later."""

    reason: Code
    donation: Identifier | None = None


class Shipment(EventData):
    """Base of what is said of a shipment; `reference` is the courier's, and leads to the stage."""

    reference: Identifier


class ShipmentBooked(Shipment):
    pick_up_at: Instant | None = None
    eta: Instant | None = None


class Transfer(HandOver):
    """A hand-over between organisations: who gave and took, as pseudonyms, and where.

    Left out: the people of the roles, at the taker's.
    """

    given_by: Identifier | None = None
    taken_by: Identifier | None = None
    place: Identifier | None = None


class ShipmentPickedUp(Transfer, Shipment):
    """`shipper`: the box that the containers travel in; `logger`: what records its temperature."""

    containers: Identifiers
    shipper: Identifier | None = None
    logger: Identifier | None = None


class ShipmentDelayed(Shipment):
    KEY = "eta"
    eta: Instant
    reason: Code


class ShipmentDelivered(Transfer, Shipment):
    containers: Identifiers


class ShipmentLost(Shipment):
    reason: Code


class ShipmentExcursion(Shipment):
    """A temperature outside its range. Degrees Celsius. `device`: the logger that saw it.

    `lowest`: only where `worst` is the warmest of an alarm whose sender says nothing of limits that were broken.
    """

    KEY = "started_at"
    limit_min: Finite | None = None
    limit_max: Finite | None = None
    started_at: Instant
    ended_at: Instant | None = None
    worst: Finite
    lowest: Finite | None = None
    device: Identifier | None = None


class MaterialReceived(Transfer):
    """The receiver scanned what arrived. `condition` is `good`, or what is wrong."""

    containers: Identifiers
    condition: Code = "good"
    reference: Identifier | None = None


class MaterialDamaged(EventData):
    containers: Identifiers
    reason: Code


class Piece(Tolerant):
    """A new container, with what is in it as far as that was measured."""

    id: Identifier
    amounts: Amounts | None = None


Pieces = Annotated[tuple[Piece, ...], Field(min_length=1, max_length=100)]


class MaterialEvent(EventData):
    """Base of what is said of containers, wherever they are: journeys hear it in any stage.

    `handled`: the containers that it is about; `made`: the ones that are new.
    """

    KIND: ClassVar[IdentifierKind] = IdentifierKind.CONTAINER

    def handled(self) -> tuple[str, ...]:
        raise NotImplementedError

    def made(self) -> tuple[Piece, ...]:
        return ()

    def key(self) -> str:
        return ",".join([*self.handled(), *(each.id for each in self.made())])

    def identifiers(self) -> Iterator[KnownAs]:
        for each in self.made():
            yield KnownAs(kind=self.KIND, value=each.id)


class MaterialSplit(MaterialEvent):
    """One container into several. `rest`: what stays in it (left out: it is empty); `loss`: what was lost thereby."""

    container: Identifier
    into: Pieces
    rest: Amounts | None = None
    loss: Amounts | None = None

    def handled(self) -> tuple[str, ...]:
        return (self.container,)

    def made(self) -> tuple[Piece, ...]:
        return self.into


class MaterialPooled(MaterialEvent):
    """Several containers into one. `parts`: each with how much of it went in (left out: all, and it is empty)."""

    parts: Annotated[tuple[Piece, ...], Field(min_length=2, max_length=100)]
    into: Piece
    loss: Amounts | None = None

    def handled(self) -> tuple[str, ...]:
        return tuple(each.id for each in self.parts)

    def made(self) -> tuple[Piece, ...]:
        return (self.into,)


class MaterialSampled(MaterialEvent):
    """Samples taken from a container, a dose or a batch (`source`): aliquots to be tested, or samples to be kept."""

    source: Identifier
    samples: Pieces
    form: Literal[Form.ALIQUOT, Form.RETAINED_SAMPLE] = Form.ALIQUOT

    def handled(self) -> tuple[str, ...]:
        return (self.source,)

    def made(self) -> tuple[Piece, ...]:
        return self.samples


class MaterialDisposed(MaterialEvent):
    """What became of containers that nobody needs any more, and who saw to it."""

    containers: Identifiers
    disposition: Literal["used", "destroyed", "returned", "retained"]
    by: Identifier
    witnessed_by: Identifier | None = None

    def handled(self) -> tuple[str, ...]:
        return self.containers


class ManufactureStarted(HandOver):
    """`containers`: the starting material that went in."""

    batch: Identifier
    containers: Identifiers

    def identifiers(self) -> Iterator[KnownAs]:
        yield KnownAs(kind=IdentifierKind.BATCH, value=self.batch)


class ManufactureStep(EventData):
    KEY = "step"
    batch: Identifier
    step: Code


class ManufactureCompleted(HandOver):
    """`doses`: what the batch became; `parents`: the starting material that it was made from.

    `contents`: what is in a dose, as far as that was measured.
    """

    batch: Identifier
    doses: Identifiers
    parents: Identifiers
    contents: Pieces | None = None

    @model_validator(mode="after")
    def _contents_of_its_doses(self) -> "ManufactureCompleted":
        told = [each.id for each in self.contents or ()]
        if not set(told) <= set(self.doses) or len(set(told)) != len(told):
            raise ValueError("contents are told of the doses, of each once")
        return self

    def identifiers(self) -> Iterator[KnownAs]:
        for dose in self.doses:
            yield KnownAs(kind=IdentifierKind.DOSE, value=dose)


class ManufactureFailed(EventData):
    batch: Identifier
    reason: Code


class ReportedTest(EventData):
    """A result against its specification; `passed` is the laboratory's verdict, not ours."""

    KEY = "test"
    batch: Identifier
    test: Code
    result: Reading
    unit: Reading | None = None
    specification: Reading | None = None
    passed: bool


class Signed(Tolerant):
    """A signature as the partner's quality system gave it: role of the signer, who, when."""

    role: Code
    by: Identifier
    at: Instant


class BatchReleased(HandOver):
    batch: Identifier
    doses: Identifiers
    signatures: Annotated[tuple[Signed, ...], Field(min_length=1, max_length=20)]


class BatchRejected(EventData):
    batch: Identifier
    reason: Code


class ConditioningStarted(EventData):
    regimen: Code
    starts_on: date | None = None


class ConditioningCompleted(EventData):
    regimen: Code
    ends_on: date | None = None


class ProductThawed(HandOver):
    KEY = "dose"
    dose: Identifier


class InfusionCompleted(HandOver):
    """`bedside_check`: label, wristband and order agreed. `verified_by`: two people, whatever the protocol says."""

    KEY = "dose"
    dose: Identifier
    bedside_check: bool
    verified_by: TwoPeople

    @model_validator(mode="after")
    def _two_different_people(self) -> "InfusionCompleted":
        # One person in two spellings can be read: what has been infused is on record, and the journey is held
        # (`second_person_missing`), where an answer of "malformed" would leave no trace of it.
        if len(set(self.verified_by)) < 2:
            raise ValueError("the bedside check is made by two different people")
        return self


class InfusionAborted(EventData):
    KEY = "dose"
    dose: Identifier
    reason: Code


class PatientLeft(EventData):
    """The patient withdrew or died. A reason code only."""

    reason: Code


class PatientStatus(EventData):
    KEY = "status"
    status: Code


class IdentifierAssigned(EventData):
    """An identifier of a partner's own for a thing of the journey; `names`: the identifier that we know it under.

    A GSRN, SGTIN or SSCC has to bear the right check digit.
    """

    KEY = "value"
    kind: IdentifierKind
    value: Identifier
    names: Identifier

    @model_validator(mode="after")
    def _is_of_its_kind(self) -> "IdentifierAssigned":
        try:
            scanned = spellings(self.kind, self.value)
        except Misread as wrong:
            raise PydanticCustomError(wrong.code, "{detail}", {"detail": wrong.detail}) from None
        for each in scanned:
            _IDENTIFIER.validate_python(each)
        return self

    def identifiers(self) -> Iterator[KnownAs]:
        for each in spellings(self.kind, self.value):
            yield KnownAs(kind=self.kind, value=each, names=self.names)


class FollowUpCompleted(EventData):
    KEY = "visit"
    visit: NonNegativeInt
    outcomes: tuple[Code, ...] = ()


class FollowUpMissed(EventData):
    KEY = "visit"
    visit: NonNegativeInt
    reason: Code


class MilestoneReached(EventData):
    """What a `milestone` stage waits for, by name."""

    KEY = "milestone"
    milestone: Code
    reference: Identifier | None = None


class LabelsIssued(EventData):
    """Clew's own label desk issued so many labels for a stage, as one set: the stage waits for its account."""

    KEY = "set"
    stage: StageId
    set: Identifier
    labels: PositiveInt


class LabelsReconciled(EventData):
    """The account of a set (FACT-JACIE: label reconciliation): labels issued = used + destroyed + returned."""

    KEY = "set"
    stage: StageId
    set: Identifier
    issued: PositiveInt
    used: NonNegativeInt
    destroyed: NonNegativeInt
    returned: NonNegativeInt

    def adds_up(self) -> bool:
        """Whether every label is accounted for."""
        return self.issued == self.used + self.destroyed + self.returned
