"""Hearing an event out: judge it, let it take effect, write it down. Pure, so that tests can shuffle events."""

from datetime import datetime

from schemas.decisions import DismissEvent, ReleaseEvent
from schemas.events import PartnerEvent
from schemas.facts import (
    EventFact,
    EventGivenUp,
    EventReleased,
    EventStatus,
    EventWithoutEffect,
    JourneyLeaving,
)
from schemas.holds import DOUBTS
from workflows import custody, labels, old_receipts
from workflows.aliases import learn, read_as, understood
from workflows.effects import NoEffect, departure, take_effect
from workflows.notebook import Notebook
from workflows.rules import Verdict, identity_of, judge, judge_afresh, named_visit
from workflows.state import Heard, Impasse, JourneyState, StageState
from workflows.steps import Hearing, Step

MOST_WAITING = 200
"""Early events that a journey keeps; one more is refused. A complete journey has about 40 events in all."""

DOUBTED_BETWEEN_STAGES_SINCE = 2
"""Journeys of earlier engines went on after a refusal without a stage: their histories must replay (invariant 7)."""

LEAVES = {"patient.withdrawn": "patient_withdrew", "patient.deceased": "patient_died"}
"""Events after which a journey only winds up."""


def hear(state: JourneyState, notebook: Notebook, event: PartnerEvent, now: datetime) -> None:
    """Take one new event in, and then every waiting one that it has made possible."""
    if _hear_one(state, notebook, event, now, waited=False) is not EventStatus.HELD:
        hear_waiting(state, notebook, now)


def hear_waiting(state: JourneyState, notebook: Notebook, now: datetime) -> None:
    """Judge the waiting events again, in the senders' order of time, until none of them moves."""
    moved = True
    while moved and state.waiting:
        events = sorted((PartnerEvent.model_validate(each) for each in state.waiting), key=lambda e: e.occurred_at)
        state.waiting = []
        verdicts = [_hear_one(state, notebook, each, now, waited=True) for each in events]
        moved = any(status is not EventStatus.HELD for status in verdicts)


def give_up_waiting(state: JourneyState, notebook: Notebook) -> None:
    """The journey ends: what still waits was never needed."""
    for each in state.waiting:
        event = PartnerEvent.model_validate(each)
        _without_effect(state, notebook, event, Verdict(EventStatus.REFUSED, "never_needed"))
    state.waiting = []


def release(state: JourneyState, notebook: Notebook, decision: ReleaseEvent, now: datetime) -> int:
    """Hear an event anew that was recorded without effect, as if it arrived now. Gives the number of the fact that
    says who wanted it."""
    event = decision.event
    released = EventReleased(event_type=event.type, subject=event.subject, reason=decision.reason)
    seq = notebook.note_decided(event, "event.released", released, now, decision.by)
    del state.seen[event.identity]
    state.without_effect.remove(event.identity)
    notebook.answer(event, EventStatus.RECEIVED, by=decision.by)
    hear(state, notebook, event, now)
    return seq


def give_up(state: JourneyState, notebook: Notebook, decision: DismissEvent, now: datetime) -> int:
    """Let an event that waits wait no more; its id stays known. Gives the number of the fact."""
    event, verdict = decision.event, judge_afresh(state, decision.event)
    state.waiting = [each for each in state.waiting if identity_of(each) != event.identity]
    state.seen[event.identity] = event.fingerprint()
    given_up = EventGivenUp(
        event_type=event.type,
        subject=event.subject,
        reason=decision.reason,
        stage=verdict.stage.id if verdict.stage else None,
        said=event.data,
        waited_for=verdict.reason or verdict.status.value,
    )
    notebook.answer(event, EventStatus.DISMISSED, decision.reason, by=decision.by)
    return notebook.note_decided(event, "event.given_up", given_up, now, decision.by)


def _hear_one(
    state: JourneyState, notebook: Notebook, event: PartnerEvent, now: datetime, *, waited: bool
) -> EventStatus:
    verdict = judge(state, event)
    if verdict.status is EventStatus.HELD:
        return _keep_waiting(state, notebook, event, verdict, waited)
    if verdict.status is EventStatus.APPLIED:
        try:
            _apply(state, notebook, event, verdict, now)
        except NoEffect:
            verdict = Verdict(EventStatus.REFUSED, "effect_impossible", verdict.stage)
            _without_effect(state, notebook, event, verdict)
    elif verdict.status is not EventStatus.DUPLICATE:
        _without_effect(state, notebook, event, verdict)
        _look_into(state, notebook, verdict, now)
    elif verdict.reason is not None:
        # Said before under another id; what came under its own id a second time has its answer.
        state.seen[event.identity] = event.fingerprint()
        notebook.answer(event, EventStatus.DUPLICATE, verdict.reason)
    return verdict.status


def _keep_waiting(
    state: JourneyState, notebook: Notebook, event: PartnerEvent, verdict: Verdict, waited: bool
) -> EventStatus:
    if len(state.waiting) >= MOST_WAITING:
        _without_effect(state, notebook, event, Verdict(EventStatus.REFUSED, "too_many_waiting", verdict.stage))
        return EventStatus.REFUSED
    state.waiting.append(event.model_dump(mode="json"))
    if not waited:
        notebook.answer(event, EventStatus.HELD, verdict.reason)
    return EventStatus.HELD


def _without_effect(state: JourneyState, notebook: Notebook, event: PartnerEvent, verdict: Verdict) -> None:
    conflict = verdict.reason == "event_conflict"
    if not conflict:
        state.seen[event.identity] = event.fingerprint()
        state.without_effect.append(event.identity)
    data = EventWithoutEffect(
        event_type=event.type,
        subject=event.subject,
        reason=verdict.reason or verdict.status.value,
        stage=verdict.stage.id if verdict.stage else None,
        said=event.data,
    )
    notebook.note_event(event, f"event.{verdict.status.value}", data)
    if not conflict:
        # The outcome of the event that bears this id rightly stays as it is.
        notebook.answer(event, verdict.status, verdict.reason)


def _apply(state: JourneyState, notebook: Notebook, event: PartnerEvent, verdict: Verdict, now: datetime) -> None:
    state.as_of = max(state.as_of, event.occurred_at)
    state.traceparent = event.traceparent
    if verdict.step is not None and verdict.stage is not None:
        meant = understood(state, event)
        _apply_to_stage(Hearing(state, verdict.stage, meant, meant.said()), event, notebook, verdict.step, now)
    elif verdict.stage is not None:
        _apply_old_receipt(state, notebook, event)
    else:
        _apply_to_journey(state, notebook, event, now)
    state.seen[event.identity] = event.fingerprint()
    notebook.answer(event, EventStatus.APPLIED)


def _apply_to_journey(state: JourneyState, notebook: Notebook, event: PartnerEvent, now: datetime) -> None:
    known = read_as(state, event)
    lines = learn(state, understood(state, event))
    fact = EventFact(subject=event.subject, said=event.data, read_as=known, identifiers=lines)
    notebook.note_event(event, event.type, fact)
    labels.take_effect(state, event)
    if event.type in LEAVES:
        leave(state, notebook, LEAVES[event.type], now)


def _apply_old_receipt(state: JourneyState, notebook: Notebook, event: PartnerEvent) -> None:
    meant = understood(state, event)
    named = named_visit(state, meant)
    assert named is not None, "a receipt of an earlier visit is known by its reference"
    fact = EventFact(
        stage=named[0],
        visit=named[1],
        subject=event.subject,
        said=event.data,
        read_as=read_as(state, event),
        materials=old_receipts.take_effect(state, meant, named[0]),
    )
    notebook.note_event(event, event.type, fact)


def _apply_to_stage(hearing: Hearing, event: PartnerEvent, notebook: Notebook, step: Step, now: datetime) -> None:
    """`event`: as it was sent, for the record; the hearing has it in our own words, for the rules."""
    stage = hearing.stage
    departs, misfits = departure(hearing, step), custody.misfits(hearing)
    reconciled = custody.reconciled(hearing)
    fact = EventFact(
        stage=stage.id,
        visit=stage.visit,
        subject=event.subject,
        said=event.data,
        read_as=read_as(hearing.state, event),
        identifiers=tuple(hearing.said.identifiers()),
        reconciled=reconciled,
        materials=take_effect(hearing),
    )
    seq = notebook.note_event(event, event.type, fact)
    stage.traceparent = event.traceparent
    data = hearing.event.data
    stage.heard.append(
        Heard(seq=seq, type=event.type, key=hearing.said.key(), occurred_at=event.occurred_at, data=data)
    )
    for misfit in misfits:
        notebook.deviate(misfit.code, now, stage=stage.id, about=misfit.about)
    if departs is not None:
        deviation = notebook.deviate(departs.code, now, stage=stage.id, blocks=departs.blocks)
        _stop(stage, Impasse(code=departs.code, choices=departs.choices, deviation=deviation))


def _look_into(state: JourneyState, notebook: Notebook, verdict: Verdict, now: datetime) -> None:
    """A refusal that puts the journey in doubt is a deviation, which a person resolves; those who sign, where no stage
    is under way in which to ask."""
    refusal, stage = verdict.refusal, verdict.stage
    if refusal is None or not refusal.choices:
        return
    if stage is None:
        if refusal.reason in DOUBTS and state.start.engine_version >= DOUBTED_BETWEEN_STAGES_SINCE:
            notebook.deviate(refusal.reason, now, about=refusal.about, blocks=True)
        return
    deviation = notebook.deviate(refusal.reason, now, stage=stage.id, about=refusal.about, blocks=refusal.blocks)
    about = refusal.about
    _stop(stage, Impasse(code=refusal.reason, choices=refusal.choices, about=about, deviation=deviation))


def _stop(stage: StageState, impasse: Impasse) -> None:
    if impasse.choices and stage.impasse is None:
        stage.impasse = impasse


def leave(state: JourneyState, notebook: Notebook, reason: str, now: datetime, actor: str = "clew") -> int:
    """From here on the journey only winds up. Gives the number of the fact."""
    state.leaving, state.leaving_since = reason, now
    return notebook.note("journey.leaving", JourneyLeaving(reason=reason), now, actor)
