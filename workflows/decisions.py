"""Decisions of people: which are refused, and what each leads to. Pure."""

from datetime import datetime

from schemas.decisions import (
    CancelJourney,
    Choice,
    DecideTask,
    Decision,
    DismissEvent,
    EventDecision,
    HoldJourney,
    LiftHold,
    ReleaseEvent,
)
from schemas.events import PartnerEvent
from schemas.facts import EventStatus, HoldLifted, HoldPlaced, TaskDecided
from schemas.stages import CollectionStage, ManufactureStage, StageBase
from workflows import checks, hearing
from workflows.hearing import leave
from workflows.notebook import Notebook
from workflows.rules import judge_afresh, known_under, waits_under
from workflows.state import JourneyState, StageState

CHOICES: dict[str, str] = {
    "continue": "The stage goes on from where it stopped.",
    "repeat": "The stage starts again, as its next visit.",
    "remake": "Manufacture starts again from the starting material that is left.",
    "recollect": "The patient is asked for another collection; the chain-of-identity id stays.",
    "send_again": "The partner is asked again.",
    "stop": "The journey ends; what it began is taken back and its material settled.",
    "destroy": "The material is destroyed.",
    "retain": "The material is kept.",
    "return": "The material goes back to the collection centre.",
}
"""Every choice that a task can offer, and what it leads to."""


class GoBack(Exception):
    """The journey goes back to a stage: it and all that come after it run again."""

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(stage)
        self.stage = stage
        self.reason = reason


def offered(choices: tuple[str, ...]) -> tuple[Choice, ...]:
    """The choices as a task shows them."""
    return tuple(Choice(choice=each, then=CHOICES[each]) for each in choices)


def possible(state: JourneyState, stage: StageState, choices: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the choices that can be followed from where the journey is."""
    return tuple(each for each in choices if _is_possible(state, stage, each))


def _is_possible(state: JourneyState, stage: StageState, choice: str) -> bool:
    if choice == "remake":
        return bool(checks.left_to_make_from(state, stage)) and way_back(state, stage, choice) is not None
    return choice != "recollect" or way_back(state, stage, choice) is not None


def way_back(state: JourneyState, stage: StageState, choice: str) -> str | None:
    """The stage that a choice leads back to; None for a choice that does not go back."""
    if choice == "repeat":
        return stage.id
    if choice == "remake":
        return _this_or_nearest(state, stage, ManufactureStage)
    if choice == "recollect":
        return _this_or_nearest(state, stage, CollectionStage)
    return None


def _this_or_nearest(state: JourneyState, stage: StageState, kind: type[StageBase]) -> str | None:
    if isinstance(state.protocol.by_id[stage.id], kind):
        return stage.id
    found = state.protocol.nearest_before(stage.id, kind)
    return found.id if found else None


def refusal(state: JourneyState, decision: Decision) -> tuple[str, str] | None:
    """Why the decision cannot be taken: a code of `schemas.errors.CODES` and a sentence; None when it can."""
    if decision.id in state.decisions:
        return None
    if state.closed is not None:
        return "journey_closed", "The journey is closed; nothing can be decided on it."
    match decision:
        case DecideTask() | LiftHold() if state.is_identity_held:
            return "identity_held", "Identity is in doubt: two people have to sign the identity hold first."
        case DecideTask():
            return _task_refusal(state, decision)
        case LiftHold() if not state.is_held:
            return "not_held", "The journey is not on hold."
        case LiftHold() if any(each.blocks for each in state.deviations.values()):
            return "deviation_blocks", "A deviation holds the journey: decide its task; the hold goes with it."
        case HoldJourney() | CancelJourney() if state.leaving is not None:
            return "journey_leaving", "The journey is being wound up already."
        case HoldJourney() if state.held_by_hand:
            return "journey_held", "The journey is on hold already."
    return None


def _task_refusal(state: JourneyState, decision: DecideTask) -> tuple[str, str] | None:
    task = state.tasks.get(decision.task)
    if task is None:
        return "unknown_task", f"The journey has no task {decision.task}."
    if task.choice is not None:
        return "task_decided", f"Task {decision.task} has been decided: {task.choice}."
    offers = [each.choice for each in task.task.choices]
    if decision.choice not in offers:
        return "choice_unknown", f"Task {decision.task} offers {', '.join(offers)}."
    return None


def take(state: JourneyState, notebook: Notebook, decision: Decision, now: datetime) -> int:
    """Put the decision on record and change the state; gives the number of its fact."""
    match decision:
        case DecideTask():
            seq = _decide(state, notebook, decision, now)
        case HoldJourney():
            state.held_by_hand = True
            state.holds += 1
            seq = notebook.note("hold.placed", HoldPlaced(reason=decision.reason), now, decision.by)
        case LiftHold():
            seq = lift_hold(state, notebook, decision.reason, now, decision.by)
        case CancelJourney():
            seq = leave(state, notebook, decision.reason, now, decision.by)
    state.decisions[decision.id] = seq
    state.as_of = max(state.as_of, now)
    return seq


def event_refusal(state: JourneyState, decision: EventDecision) -> tuple[str, str, str] | None:
    """Why nothing can be decided on an event: a code of `schemas.errors.CODES`, a sentence, and what the judge says."""
    event = decision.event
    if decision.id in state.decisions:
        return None
    if state.closed is not None:
        return "journey_closed", "The journey is closed; it judges nothing any more.", "journey_closed"
    known = known_under(state, event.identity)
    if known is None:
        return "event_pending", "The journey has not heard the event yet.", "not_heard"
    if known != event.fingerprint():
        return "event_conflict", "The journey has heard something else under this id.", "event_conflict"
    waits = waits_under(state, event.identity) is not None
    if isinstance(decision, DismissEvent):
        return None if waits else ("event_settled", "The event does not wait any more.", "does_not_wait")
    return _release_refusal(state, event, waits=waits)


def _release_refusal(state: JourneyState, event: PartnerEvent, *, waits: bool) -> tuple[str, str, str] | None:
    if not waits and event.identity not in state.without_effect:
        return "event_settled", "The event is not on record as without effect.", "settled"
    verdict = judge_afresh(state, event)
    reason = verdict.reason or verdict.status.value
    if verdict.status is EventStatus.HELD:
        return "event_waits", f"The event comes before its time: {reason}.", reason
    if verdict.status is not EventStatus.APPLIED:
        return "event_without_effect", f"The event cannot take effect: {reason}.", reason
    return None


def take_event(state: JourneyState, notebook: Notebook, decision: EventDecision, now: datetime) -> int:
    """Put a decision on an event on record, with what follows from it; gives the number of its fact."""
    match decision:
        case ReleaseEvent():
            seq = hearing.release(state, notebook, decision, now)
        case DismissEvent():
            seq = hearing.give_up(state, notebook, decision, now)
    state.decisions[decision.id] = seq
    return seq


def hold_task(state: JourneyState) -> str:
    """The id of the task that goes with the hold that a person placed last."""
    return f"hold-{state.holds}"


def lift_hold(state: JourneyState, notebook: Notebook, reason: str, now: datetime, actor: str) -> int:
    """End the hold that a person placed, and its task; gives the number of the fact."""
    state.held_by_hand = False
    notebook.close_task(hold_task(state), "hold_lifted", now)
    return notebook.note("hold.lifted", HoldLifted(reason=reason), now, actor)


def _decide(state: JourneyState, notebook: Notebook, decision: DecideTask, now: datetime) -> int:
    task = state.tasks[decision.task]
    task.choice, task.decided_by = decision.choice, decision.by
    fact = TaskDecided(task=decision.task, choice=decision.choice, reason=decision.reason)
    return notebook.note("task.decided", fact, now, decision.by)
