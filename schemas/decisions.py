"""What people have to do (tasks) and what they decided (decisions)."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Code, Identifier, Instant, Strict
from schemas.events import PartnerEvent
from schemas.forms import form
from schemas.identity import Role
from schemas.stages import StageId

DecisionId = Annotated[str, form(r"^[!-~]{1,120}$", "an id without blanks; 120 characters at the most")]


class Choice(Strict):
    """One answer that a task offers; `then` says to a person what it leads to."""

    choice: Code
    then: str


class Task(Strict):
    """A question to a person. `role`: which organisation's people it is for."""

    id: Identifier
    question: Code
    stage: StageId | None = None
    role: Role
    about: tuple[Identifier, ...] = ()
    choices: Annotated[tuple[Choice, ...], Field(min_length=1)]
    opened_at: Instant
    due_at: Instant


class DecisionBase(Strict):
    """Who decided, why, and under which id: the same decision sent twice has one effect."""

    id: DecisionId
    by: Identifier
    reason: Code


class DecideTask(DecisionBase):
    """Answer a task."""

    kind: Literal["task"] = "task"
    task: Identifier
    choice: Code


class HoldJourney(DecisionBase):
    """Stop the journey where it is: nothing moves until the hold is lifted."""

    kind: Literal["hold"] = "hold"


class LiftHold(DecisionBase):
    """Let a journey go on that a person held. A hold that comes from a deviation goes with its task's decision."""

    kind: Literal["lift_hold"] = "lift_hold"


class CancelJourney(DecisionBase):
    """End the journey from wherever it is, and wind up what it began."""

    kind: Literal["cancel"] = "cancel"


Decision = Annotated[DecideTask | HoldJourney | LiftHold | CancelJourney, Field(discriminator="kind")]


class DecisionMade(Strict):
    """A decision on its way into the journey: the argument of the update `decide`."""

    decision: Decision


class AboutEvent(DecisionBase):
    """Base: a person decides what becomes of an event that has had no effect so far."""

    event: PartnerEvent


class ReleaseEvent(AboutEvent):
    """Judge an event once more that was recorded without effect: what stood against it may have been corrected."""

    kind: Literal["release"] = "release"


class DismissEvent(AboutEvent):
    """Give up an event that waits: it is heard no more."""

    kind: Literal["dismiss"] = "dismiss"


EventDecision = Annotated[ReleaseEvent | DismissEvent, Field(discriminator="kind")]


class EventDecided(Strict):
    """A decision on an event, on its way into the journey: the argument of the update `decide_event`."""

    decision: EventDecision


class DecisionReceipt(Strict):
    """The decision is on the ledger, as entry `seq` of the journey."""

    decision: DecisionId
    seq: int
