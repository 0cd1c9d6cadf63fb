"""Facts: what the journey puts on the ledger, in order, numbered from 1 without a gap.

A fact is either a partner's event that the journey has judged (its `type` is the event's, its `data` an
`EventFact`) or something that the journey itself did or noticed (`FACTS`, by type). Projections are made
from facts alone, so whatever a page shows can be made again from the ledger.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from schemas.base import Code, Identifier, Instant, Strict
from schemas.canonical import content_hash
from schemas.decisions import Task
from schemas.events import EventId, EventType, PartnerEvent, Source
from schemas.holds import HoldId, IdentityHold
from schemas.identity import KnownAs, Role
from schemas.materials import Amounts, Form, Share
from schemas.orders import Parties
from schemas.stages import StageId
from schemas.things import replaced

CLEW = "clew"
"""The actor and source of what the journey does by itself."""


class JourneyStatus(StrEnum):
    """Where a journey is, in one word. `ordered`: recorded, and not yet taken up by Temporal."""

    ORDERED = "ordered"
    RUNNING = "running"
    HELD = "held"
    LEAVING = "leaving"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class MaterialStatus(StrEnum):
    """What became of a container or dose."""

    AVAILABLE = "available"
    IN_TRANSIT = "in_transit"
    USED = "used"
    REJECTED = "rejected"
    INFUSED = "infused"
    DESTROYED = "destroyed"
    RETAINED = "retained"
    RETURNED = "returned"
    LOST = "lost"


class Material(Strict):
    """A container or dose as it is after a fact. `holder`: the role that has it; in transit, the courier.

    `since`: from when on, by the senders' times. `amounts`: what is in it; `shares`: how much of each parent went in.
    `quarantined`: its identity is in doubt, or was found to be wrong; nobody may use it.
    """

    id: Identifier
    kind: Literal["starting_material", "product", "sample"]
    status: MaterialStatus
    holder: Role
    parents: tuple[Identifier, ...] = ()
    batch: Identifier | None = None
    expires_at: Instant | None = None
    quarantined: bool = False
    form: Form | None = None
    since: Instant | None = None
    amounts: Amounts = ()
    shares: tuple[Share, ...] = ()


class FactData(Strict):
    """What any fact can bring beside its own words: crosswalk lines, and materials as they now are."""

    identifiers: tuple[KnownAs, ...] = ()
    materials: tuple[Material, ...] = ()


class EventFact(FactData):
    """A partner's event that took effect. `said` is the event's data; `stage` is empty for a journey-wide one.

    `read_as`: identifiers of partners' in it (`identifier.assigned`), each with the one of ours that it stood for.
    `reconciled`: of material that was divided or joined, the amounts that add up; empty where none could be compared.
    """

    stage: StageId | None = None
    visit: PositiveInt | None = None
    subject: Identifier
    said: dict[str, Any]
    read_as: dict[str, Identifier] = Field(default_factory=dict)
    reconciled: tuple[Code, ...] | None = None


class EventWithoutEffect(FactData):
    """`event.late`, `event.refused`: an event that was recorded and changed nothing, and why."""

    event_type: EventType
    subject: Identifier
    reason: Code
    stage: StageId | None = None
    said: dict[str, Any]


class EventReleased(FactData):
    """`event.released`: a person had an event judged once more; what came of that follows. The actor is the person."""

    event_type: EventType
    subject: Identifier
    reason: Code


class EventGivenUp(EventWithoutEffect):
    """`event.given_up`: a person gave up an event that waited, and why; `waited_for` is why it had to wait."""

    waited_for: Code


class SignalQuarantined(FactData):
    """A signal that cannot be read. Its content is named by its digest only: it could be anything."""

    signal: str
    sha256: str
    size: NonNegativeInt
    problem: Code


class JourneyStarted(FactData):
    order: Identifier
    protocol: str
    version: PositiveInt
    protocol_hash: str
    parties: Parties
    stages: tuple[StageId, ...]
    engine_version: PositiveInt


class StageBegan(FactData):
    stage: StageId
    kind: Code
    visit: PositiveInt
    due_at: Instant


class StageCompleted(FactData):
    stage: StageId
    visit: PositiveInt


class StageReopened(FactData):
    """The stage will run again, as visit `visit`: a repeat, or a way back after a decision."""

    stage: StageId
    visit: PositiveInt
    reason: Code


class DuePassed(FactData):
    """A due time passed (invariant 8). `next_due_at`: when someone is told again. `times`: how often by now."""

    what: Literal["stage", "task"]
    name: Identifier
    due_at: Instant
    next_due_at: Instant
    times: PositiveInt


class DueChanged(FactData):
    """The next thing that a stage waits for has another due time (the next visit of a follow-up)."""

    stage: StageId
    due_at: Instant


class PartnerTold(FactData):
    """A partner acknowledged a command. `key` is the command's idempotency key; `reference` is the partner's."""

    command: Code
    key: str
    role: Role
    partner: str
    stage: StageId | None = None
    reference: Identifier | None = None


class DeviationOpened(FactData):
    """A departure that someone must resolve. `blocks`: whether the journey is held until then."""

    deviation: Identifier
    code: Code
    stage: StageId | None = None
    about: tuple[Identifier, ...] = ()
    blocks: bool = False


class DeviationResolved(FactData):
    deviation: Identifier
    resolution: Code


class TaskOpened(FactData):
    task: Task


class TaskDecided(FactData):
    task: Identifier
    choice: Code
    reason: Code


class TaskClosed(FactData):
    """Nobody needs to decide any more; `reason` says what made the task moot."""

    task: Identifier
    reason: Code


class HoldPlaced(FactData):
    reason: Code


class HoldLifted(FactData):
    reason: Code


class JourneyLeaving(FactData):
    """The journey will end without reaching its goal; from here on it only winds up what it began."""

    reason: Code


class JourneyClosed(FactData):
    outcome: Literal["completed", "cancelled"]
    reason: Code


class RecordSuperseded(FactData):
    """Entries `first` to `last` of the journey do not count: nobody had acted on them when their worker was lost.

    What they told is judged anew, together with what had arrived meanwhile, and follows this entry.
    """

    first: PositiveInt
    last: PositiveInt


class MaterialsSettled(FactData):
    """What became of material that is left when a journey ends; `materials` says it for each."""

    disposition: Literal["destroyed", "retained", "returned"]


class MaterialsQuarantined(FactData):
    """An identity hold is open: all that the journey has, and could still be used, is put apart (`materials`)."""

    hold: HoldId


class MaterialsCleared(FactData):
    """Two people found that nothing was crossed: what was put apart may be used again (`materials`)."""

    hold: HoldId


FACTS: dict[str, type[FactData]] = {
    "journey.started": JourneyStarted,
    "journey.leaving": JourneyLeaving,
    "journey.completed": JourneyClosed,
    "journey.cancelled": JourneyClosed,
    "stage.began": StageBegan,
    "stage.completed": StageCompleted,
    "stage.reopened": StageReopened,
    "due.passed": DuePassed,
    "due.changed": DueChanged,
    "partner.told": PartnerTold,
    "deviation.opened": DeviationOpened,
    "deviation.resolved": DeviationResolved,
    "task.opened": TaskOpened,
    "task.decided": TaskDecided,
    "task.closed": TaskClosed,
    "hold.placed": HoldPlaced,
    "hold.lifted": HoldLifted,
    "materials.settled": MaterialsSettled,
    "materials.quarantined": MaterialsQuarantined,
    "materials.cleared": MaterialsCleared,
    "event.late": EventWithoutEffect,
    "event.refused": EventWithoutEffect,
    "event.released": EventReleased,
    "event.given_up": EventGivenUp,
    "signal.quarantined": SignalQuarantined,
    "record.superseded": RecordSuperseded,
}
"""Every fact of the journey's own, and what its data says."""


class Fact(Strict):
    """One line for the ledger. `seq` is the journey's own numbering; the workflow alone gives it.

    The entry has the same number, unless entries before it were superseded (`RecordSuperseded`).
    """

    seq: PositiveInt
    type: EventType
    occurred_at: Instant
    actor: str
    source: Source = CLEW
    event_id: EventId | None = None
    data: dict[str, Any]

    def fingerprint(self) -> str:
        """SHA-256 of all that the fact says: tells a repeated append from a contradicting one."""
        return content_hash(self.model_dump(mode="json"))


class EventStatus(StrEnum):
    """What became of an event that a partner sent."""

    RECEIVED = "received"
    UNMATCHED = "unmatched"
    HELD = "held"
    APPLIED = "applied"
    LATE = "late"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    QUARANTINED = "quarantined"
    DISMISSED = "dismissed"


class EventOutcome(Strict):
    """The journey's word on an event, for the sender who asks; `by`: a person's, where one decided it.

    `received` takes the journey's earlier word back, which is its last otherwise: a person released the event.
    """

    source: Source
    id: EventId
    status: EventStatus
    reason: Code | None = None
    by: Identifier | None = None


class Batch(Strict):
    """What one append puts on the ledger, in one transaction.

    `epoch`: when the workflow task began that judged it. A workflow task that is lost after its append is done again,
    with whatever has arrived meanwhile, and so with other facts: the later epoch counts.
    """

    coi: str
    epoch: Instant | None = None
    facts: tuple[Fact, ...] = ()
    outcomes: tuple[EventOutcome, ...] = ()


class Appended(Strict):
    """What the ledger says of a batch. `taken`: identifiers that belong to another journey: identity is in doubt.

    `last_seq`: the newest fact by the journey's own numbering; the entry's number is that and `offset`. `holds`: every
    identity hold that the journey is a side of, as it stands after the append.
    """

    last_seq: NonNegativeInt
    offset: NonNegativeInt = 0
    taken: tuple[KnownAs, ...] = Field(default=())
    holds: tuple[IdentityHold, ...] = ()


def in_our_words(data: Mapping[str, Any]) -> dict[str, Any]:
    """What an event said, from its fact's data, with ours in the place of every identifier of a partner's."""
    said: dict[str, Any] = replaced(data["said"], data.get("read_as") or {})
    return said


def event_fact(seq: int, event: PartnerEvent, fact_type: str, data: FactData) -> Fact:
    """The fact that a partner's event became."""
    return decided_fact(seq, event, fact_type, data, event.occurred_at, event.source)


def decided_fact(seq: int, event: PartnerEvent, fact_type: str, data: FactData, at: datetime, actor: str) -> Fact:
    """What somebody made of a partner's event, and when."""
    return Fact(
        seq=seq,
        type=fact_type,
        occurred_at=at,
        actor=actor,
        source=event.source,
        event_id=event.id,
        data=data.model_dump(mode="json", exclude_defaults=True),
    )
