"""The judge: what an event means to a journey. Pure: the workflow, the property tests and replays call this one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from schemas.event_data import EventData, IdentifierAssigned, MaterialEvent, MaterialReceived, Shipment
from schemas.events import DESKS, PartnerEvent
from schemas.facts import EventStatus
from schemas.identity import is_coi
from workflows import aliases, custody, handling, labels, old_receipts
from workflows.aliases import ASSIGNED, understood
from workflows.checks import mismatch
from workflows.stages import KINDS
from workflows.state import JourneyState, StageState, StageStatus
from workflows.steps import Hearing, Refusal, Step

FOR_THE_JOURNEY = frozenset({"patient.withdrawn", "patient.deceased", "patient.status_changed"})
"""Events that concern no stage: heard whatever stage is active, and while the journey is held."""

FOR_ANOTHER = frozenset({"evidence_not_needed", "test_not_specified", "visit_not_planned", "milestone_not_awaited"})
"""Refusals that only say that the event is none of this stage's: another stage may be the one that needs it."""


SUBJECT_SINCE = 2
"""Journeys of earlier engines do not compare an event's subject: their histories must replay (invariant 7)."""


@dataclass(frozen=True)
class Verdict:
    """What becomes of an event, and why. `stage` is set where one stage is meant; `refusal` where a check said no."""

    status: EventStatus
    reason: str | None = None
    stage: StageState | None = None
    step: Step | None = None
    refusal: Refusal | None = None


def judge(state: JourneyState, event: PartnerEvent) -> Verdict:
    """Accept, hold, ignore as duplicate, record as late, or refuse with a code. Never mutates, never waits."""
    known = known_under(state, event.identity)
    if known is not None:
        same = known == event.fingerprint()
        return Verdict(EventStatus.DUPLICATE) if same else Verdict(EventStatus.REFUSED, "event_conflict")
    return judge_afresh(state, event)


def judge_afresh(state: JourneyState, event: PartnerEvent) -> Verdict:
    """The verdict on an event as if its id had never been heard, in our own words for what it names."""
    event = understood(state, event)
    if state.closed is not None:
        return Verdict(EventStatus.LATE, "journey_closed")
    if state.leaving is not None:
        return Verdict(EventStatus.LATE, "journey_leaving")
    if _is_about_another(state, event):
        stage = next(iter(state.active()), None)
        return Verdict(EventStatus.REFUSED, "identity_mismatch", stage, refusal=mismatch(event.subject))
    if event.type in FOR_THE_JOURNEY:
        return Verdict(EventStatus.APPLIED)
    if event.type in DESKS:
        return Verdict(*labels.word_on(state, event))
    if event.type == ASSIGNED:
        return _judge_assignment(state, cast(IdentifierAssigned, event.said()))
    if event.type in handling.STEPS:
        return _judge_handling(state, event, event.said())
    return _judge_for_stage(state, event)


def _is_about_another(state: JourneyState, event: PartnerEvent) -> bool:
    """Whether it came to this journey, straight from its sender, with another's chain-of-identity id."""
    return state.start.engine_version >= SUBJECT_SINCE and event.subject != state.start.coi and is_coi(event.subject)


def known_under(state: JourneyState, identity: str) -> str | None:
    """The fingerprint of what was heard under a source and id before: on record, or waiting still."""
    return state.seen.get(identity) or waits_under(state, identity)


def waits_under(state: JourneyState, identity: str) -> str | None:
    """The fingerprint of what waits under a source and id."""
    waiting = [each for each in state.waiting if identity_of(each) == identity]
    return PartnerEvent.model_validate(waiting[0]).fingerprint() if waiting else None


def identity_of(waiting: Mapping[str, Any]) -> str:
    """The identity of an event as the state keeps it while it waits."""
    return f"{waiting['source']} {waiting['id']}"


def _judge_assignment(state: JourneyState, assigned: IdentifierAssigned) -> Verdict:
    """Concerns no stage; but while identity is in doubt nothing gets another name."""
    if aliases.is_known(state, assigned):
        return Verdict(EventStatus.DUPLICATE, "said_before")
    if state.is_held:
        return Verdict(EventStatus.HELD, "journey_held")
    if aliases.kind_of(state, assigned.names) is None:
        return Verdict(EventStatus.HELD, "reference_unknown")
    refusal = aliases.refusal(state, assigned)
    if refusal is None:
        return Verdict(EventStatus.APPLIED)
    stage = next(iter(state.active()), None)
    return Verdict(EventStatus.REFUSED, refusal.reason, stage, refusal=refusal)


def _judge_handling(state: JourneyState, event: PartnerEvent, said: EventData) -> Verdict:
    """Of material wherever it is: told in the active stage at whose place it lies."""
    stage = handling.stage_of(state, said.handled()) if isinstance(said, MaterialEvent) else None
    if stage is None:
        return Verdict(EventStatus.HELD, "stage_not_begun")
    status, reason, refusal = handling.verdict_on(Hearing(state, stage, event, said))
    return Verdict(status, reason, stage, handling.STEPS[event.type], refusal)


def _judge_found_late(state: JourneyState, event: PartnerEvent, shipment: StageState) -> Verdict:
    """An excursion that was read from the logger after the receipt is a deviation wherever the material is by now."""
    stage = handling.stage_of(state, custody.cargo(shipment))
    if any((event.occurred_at, event.data) in custody.told(each, event.type) for each in state.stages.values()):
        return Verdict(EventStatus.DUPLICATE, "said_before", shipment)
    if stage is None or state.is_held:
        return Verdict(EventStatus.HELD, "journey_held" if state.is_held else "stage_not_begun", stage)
    return Verdict(EventStatus.APPLIED, None, stage, KINDS[shipment.kind].steps[event.type])


def _judge_for_stage(state: JourneyState, event: PartnerEvent) -> Verdict:
    listening = [each for each in state.stages.values() if event.type in KINDS[each.kind].steps]
    if not listening:
        return Verdict(EventStatus.REFUSED, "not_in_protocol")
    named = named_visit(state, event)
    if named is not None and named[1] < state.stages[named[0]].visit:
        return _judge_earlier(state, event, state.stages[named[0]])
    if named is None and _names_a_shipment(event):
        return Verdict(EventStatus.HELD, "reference_unknown")
    if named is not None and custody.is_found_late(state, event, state.stages[named[0]]):
        return _judge_found_late(state, event, state.stages[named[0]])
    meant = [each for each in listening if named is not None and each.id == named[0]]
    return _judge_among(state, _likeliest_first(meant or listening), event)


def _judge_earlier(state: JourneyState, event: PartnerEvent, stage: StageState) -> Verdict:
    """Of a visit that is over nothing counts but where its material is."""
    if not old_receipts.is_one(state, event, stage.id):
        return Verdict(EventStatus.LATE, "earlier_visit", stage)
    if state.is_held:
        return Verdict(EventStatus.HELD, "journey_held", stage)
    refusal = old_receipts.refusal(state, event)
    if refusal is None:
        return Verdict(EventStatus.APPLIED, None, stage)
    return Verdict(EventStatus.REFUSED, refusal.reason, next(iter(state.active()), None), refusal=refusal)


def named_visit(state: JourneyState, event: PartnerEvent) -> tuple[str, int] | None:
    """The stage and visit that made the event's own identifiers (a shipment, a batch), where they are known."""
    for name in (event.data.get("reference"), event.subject):
        if name in state.references:
            return state.references[name]
    return None


def _names_a_shipment(event: PartnerEvent) -> bool:
    """Whether the event belongs to one shipment by name: it waits until that name is known, and is no other's."""
    said = event.said()
    return isinstance(said, Shipment) or (isinstance(said, MaterialReceived) and said.reference is not None)


def _likeliest_first(listening: list[StageState]) -> list[StageState]:
    """The stages that are active; then those to come; then those that are done, the last one first."""
    active = [each for each in listening if each.status is StageStatus.ACTIVE]
    to_come = [each for each in listening if each.status is StageStatus.PENDING]
    done = [each for each in listening if each.status is StageStatus.DONE]
    return [*active, *to_come, *reversed(done)]


def _judge_among(state: JourneyState, stages: list[StageState], event: PartnerEvent) -> Verdict:
    """The word of the likeliest stage that does not pass the event on; unless one of them knows it already."""
    for stage in stages:
        if (event.occurred_at, event.data) in custody.told(stage, event.type):
            return Verdict(EventStatus.DUPLICATE, "said_before", stage)
    verdicts = [_judge_in(state, each, event) for each in stages]
    meant = [each for each in verdicts if each.reason not in FOR_ANOTHER]
    return [*meant, *verdicts][0]


def _judge_in(state: JourneyState, stage: StageState, event: PartnerEvent) -> Verdict:
    step = KINDS[stage.kind].steps[event.type]
    # Up to that very moment: what sent the stage back can be said again, and must not send the next visit back too.
    if stage.reopened_at is not None and event.occurred_at <= stage.reopened_at:
        return Verdict(EventStatus.LATE, "earlier_visit", stage)
    repeated = _said_before(stage, step, event)
    if repeated is not None:
        return repeated
    if stage.status is StageStatus.DONE:
        return Verdict(EventStatus.LATE, "stage_done", stage)
    if stage.status is StageStatus.PENDING:
        return Verdict(EventStatus.HELD, "stage_not_begun", stage)
    if state.is_held:
        return Verdict(EventStatus.HELD, "journey_held", stage)
    return _judge_step(Hearing(state, stage, event, event.said()), step)


def _said_before(stage: StageState, step: Step, event: PartnerEvent) -> Verdict | None:
    key = event.said().key()
    heard = [each.data for each in stage.all_heard(event.type) if each.key == key]
    if step.repeatable or not heard:
        return None
    if event.data in heard:
        return Verdict(EventStatus.DUPLICATE, "said_before", stage)
    return Verdict(EventStatus.REFUSED, "contradicts_record", stage)


def _judge_step(hearing: Hearing, step: Step) -> Verdict:
    stage = hearing.stage
    if stage.all_heard(*step.before):
        return Verdict(EventStatus.LATE, "overtaken", stage)
    out_of_order = not all(stage.all_heard(each) for each in step.after)
    if out_of_order or (step.waits is not None and step.waits(hearing)):
        return Verdict(EventStatus.HELD, "out_of_order", stage)
    for check in step.checks:
        refusal = check(hearing)
        if refusal is not None:
            return Verdict(EventStatus.REFUSED, refusal.reason, stage, step, refusal)
    return Verdict(EventStatus.APPLIED, None, stage, step)
