"""Steps: what a stage kind can hear, and under which conditions. Each kind lists its own in `workflows.stages`."""

from collections.abc import Callable
from dataclasses import dataclass

from schemas.base import Strict
from schemas.event_data import EventData
from schemas.events import PartnerEvent
from workflows.state import JourneyState, StageState

GO_ON = ("continue", "repeat", "recollect", "stop")
MAKE_AGAIN = ("remake", "recollect", "stop")
COLLECT_AGAIN = ("recollect", "stop")
COLLECT_ONCE_MORE = ("repeat", "stop")
RELEASE_FIRST = ("continue", "remake", "recollect", "stop")


class Refusal(Strict):
    """Why an event has no effect. `choices`: it also opens a deviation, and a person chooses among these.

    `blocks`: the whole journey is held until that person has decided (identity in doubt: invariant 3).
    """

    reason: str
    choices: tuple[str, ...] = ()
    blocks: bool = False
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hearing:
    """Everything that a check may look at."""

    state: JourneyState
    stage: StageState
    event: PartnerEvent
    said: EventData


Check = Callable[[Hearing], Refusal | None]


@dataclass(frozen=True)
class Departure:
    """A deviation that an event opens although it stands. `blocks`: it holds the journey. `choices`: a person chooses
    among these before the stage goes on; with none, the deviation is over when the stage is."""

    code: str
    blocks: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One event type that a stage kind listens to.

    after        types that must have been heard in this visit before; until then the event waits
    before       types after which this one says nothing new: it is late
    waits        a further reason to wait, from what is known
    checks       pure rules; the first refusal counts
    repeatable   may be said several times with other content (a delay, an evidence renewed)
    departs      hearing it is a departure from the plan
    """

    type: str
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    waits: Callable[[Hearing], bool] | None = None
    checks: tuple[Check, ...] = ()
    repeatable: bool = False
    departs: Departure | None = None


Steps = dict[str, Step]


def steps(*each: Step) -> Steps:
    """A kind's steps, by event type."""
    return {step.type: step for step in each}
