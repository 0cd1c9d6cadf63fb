"""The judge, verdict by verdict: what becomes of an event, and why."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.events import CATALOGUE, DESKS, PartnerEvent
from schemas.facts import EventStatus, Fact, JourneyStatus
from schemas.protocols import Protocol, read_protocol
from tests.schemas.examples import EXAMPLES
from tests.workflows.clinic import shipped_protocol
from tests.workflows.fakes import reference
from tests.workflows.neighbours import Therapy, therapy
from tests.workflows.pure import ANA, FIRST_DAY, PureJourney, journey
from workflows import handling, hearing
from workflows.aliases import ASSIGNED
from workflows.hearing import MOST_WAITING
from workflows.rules import FOR_THE_JOURNEY, judge
from workflows.stages import KINDS
from workflows.state import Heard, StageStatus
from workflows.steps import Step

Word = tuple[EventStatus, str | None]
APPLIED: Word = (EventStatus.APPLIED, None)
DUPLICATE: Word = (EventStatus.DUPLICATE, None)
SAID_BEFORE: Word = (EventStatus.DUPLICATE, "said_before")


def held(reason: str) -> Word:
    return EventStatus.HELD, reason


def late(reason: str) -> Word:
    return EventStatus.LATE, reason


def refused(reason: str) -> Word:
    return EventStatus.REFUSED, reason


def word(ana: Therapy, event: PartnerEvent) -> Word:
    """What the judge says of an event now."""
    verdict = judge(ana.journey.state, event)
    return verdict.status, verdict.reason


def told(ana: Therapy, event: PartnerEvent) -> Word:
    """What becomes of an event that the journey hears."""
    ana.tell(event)
    outcome = ana.journey.outcome_of(event)
    assert outcome is not None
    return outcome.status, outcome.reason


def again(event: PartnerEvent, **changes: Any) -> PartnerEvent:
    """The same under a new id, or something else in its place."""
    data = {**event.data, **changes.pop("data", {})}
    return event.model_copy(update={"id": f"again-{event.id}", "data": data, **changes})


def facts_of(ana: PureJourney, event: PartnerEvent) -> list[Fact]:
    return [fact for fact in ana.facts if fact.event_id == event.id]


# --- the same event twice -------------------------------------------------------------------------------------------


def test_the_same_event_twice_is_a_duplicate_and_its_outcome_stands() -> None:
    ana = therapy()
    event = ana.after("evidence.provided")
    assert word(ana, event) == DUPLICATE
    assert told(ana, event) == APPLIED
    assert len(facts_of(ana.journey, event)) == 1


def test_the_trace_an_event_travels_in_does_not_make_it_another_one() -> None:
    ana = therapy()
    event = ana.after("evidence.provided")
    assert word(ana, event.model_copy(update={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})) == DUPLICATE


def test_the_same_id_with_other_content_is_refused_and_recorded_and_the_first_outcome_stands() -> None:
    ana = therapy()
    event = ana.after("evidence.provided")
    other = event.model_copy(update={"data": {**event.data, "reference": "DOC-OTHER"}})
    assert word(ana, other) == refused("event_conflict")
    assert told(ana, other) == APPLIED
    assert [fact.type for fact in facts_of(ana.journey, event)] == ["evidence.provided", "event.refused"]


def test_the_same_id_with_other_content_is_refused_while_the_first_still_waits() -> None:
    ana = therapy()
    early = ana.neighbours.event("follow_up.completed", ANA, {"visit": 1})
    other = early.model_copy(update={"data": {"visit": 2}})
    assert told(ana, early) == held("stage_not_begun")
    assert word(ana, early) == DUPLICATE
    assert word(ana, other) == refused("event_conflict")
    assert told(ana, other) == held("stage_not_begun")
    assert [fact.type for fact in facts_of(ana.journey, early)] == ["event.refused"]

    ana.whole()
    assert [fact.type for fact in facts_of(ana.journey, early)] == ["event.refused", "follow_up.completed"]
    outcome = ana.journey.outcome_of(early)
    assert outcome is not None and outcome.status is EventStatus.APPLIED


def test_the_same_event_twice_while_it_waits_takes_effect_once() -> None:
    ana = therapy()
    early = ana.neighbours.event("follow_up.completed", ANA, {"visit": 1})
    assert told(ana, early) == held("stage_not_begun")
    assert told(ana, early) == held("stage_not_begun")
    assert len(ana.journey.state.waiting) == 1
    ana.whole()
    assert [fact.type for fact in facts_of(ana.journey, early)] == ["follow_up.completed"]


# --- the same thing said again --------------------------------------------------------------------------------------


def test_the_same_thing_under_another_id_is_a_duplicate() -> None:
    ana = therapy()
    event = ana.after("shipment.picked_up")
    assert told(ana, again(event)) == SAID_BEFORE
    assert told(ana, again(event)) == SAID_BEFORE


def test_the_same_thing_at_another_time_is_a_duplicate_where_it_can_happen_only_once() -> None:
    ana = therapy()
    event = ana.after("shipment.picked_up")
    assert told(ana, again(event, occurred_at=event.occurred_at + timedelta(minutes=3))) == SAID_BEFORE


def test_something_else_in_its_place_contradicts_the_record() -> None:
    ana = therapy()
    event = ana.after("shipment.picked_up")
    assert told(ana, again(event, data={"containers": ["BAG-BEN"]})) == refused("contradicts_record")


def test_another_result_of_the_same_test_contradicts_the_record() -> None:
    ana = therapy()
    event = ana.after("test.reported")
    assert word(ana, again(event, data={"passed": False, "result": "fails"})) == refused("contradicts_record")


def test_a_delay_is_told_as_often_as_it_changes() -> None:
    ana = therapy()
    booked = ana.after("shipment.booked")
    delayed = {"reference": booked.data["reference"], "reason": "weather"}
    first = ana.neighbours.event("shipment.delayed", booked.subject, {**delayed, "eta": "2026-03-04T10:00:00Z"})
    second = ana.neighbours.event("shipment.delayed", booked.subject, {**delayed, "eta": "2026-03-04T15:00:00Z"})
    assert told(ana, first) == APPLIED
    assert told(ana, second) == APPLIED
    assert told(ana, again(first)) == SAID_BEFORE
    assert [each.code for each in ana.journey.state.deviations.values()] == ["shipment_delayed"] * 2
    ana.before("manufacture.started")
    assert ana.journey.state.deviations == {}


def test_evidence_can_be_renewed_and_withdrawn() -> None:
    ana = therapy()
    event = ana.after("evidence.provided")
    renewed = again(event, data={"reference": "DOC-NEW"}, occurred_at=event.occurred_at + timedelta(hours=1))
    assert told(ana, renewed) == APPLIED
    withdrawn = {"evidence": event.data["evidence"], "reason": "patient_unsure"}
    assert told(ana, ana.neighbours.event("evidence.withdrawn", ANA, withdrawn)) == APPLIED


# --- early ----------------------------------------------------------------------------------------------------------


def test_an_early_event_waits_for_its_stage_and_then_counts_by_itself() -> None:
    ana = therapy()
    early = ana.neighbours.event("conditioning.started", ANA, {"regimen": "flu_cy"})
    early = early.model_copy(update={"occurred_at": FIRST_DAY + timedelta(days=30)})
    assert told(ana, early) == held("stage_not_begun")
    assert ana.journey.state.stages["conditioning"].heard == []
    ana.after("batch.released")
    outcome = ana.journey.outcome_of(early)
    assert outcome is not None and outcome.status is EventStatus.APPLIED


def test_an_event_that_needs_another_first_waits_for_it() -> None:
    ana = therapy()
    ana.after("shipment.booked")
    picked_up, delivered = ana.unheard[0], ana.unheard[1]
    assert told(ana, delivered) == held("out_of_order")
    assert told(ana, picked_up) == APPLIED
    assert word(ana, delivered) == DUPLICATE


def test_a_courier_that_speaks_before_its_booking_is_acknowledged_is_heard_later() -> None:
    ana = therapy()
    event = ana.before("shipment.booked")
    ana.journey.state.references.clear()
    assert told(ana, event) == held("reference_unknown")
    ana.journey.state.references[event.subject] = ("to_manufacturer", 1)
    ana.journey.settle()
    assert word(ana, event) == DUPLICATE


def test_a_receipt_of_the_doses_waits_for_their_own_shipment_and_is_no_receipt_of_the_bags() -> None:
    """The bags' shipment has been delivered and waits for its receipt: this one must not stand in for it."""
    ana = therapy()
    ana.before("material.received")
    name = f"book_pickup-{ana.journey.start.order}-to_centre-1"
    doses = {"reference": name, "containers": ["DOSE-1-1", "DOSE-1-2"]}
    early = ana.neighbours.event("material.received", name, doses)
    assert told(ana, early) == held("reference_unknown")
    assert not ana.journey.state.is_held
    ana.whole()
    outcome = ana.journey.outcome_of(early)
    assert outcome is not None and outcome.status is EventStatus.APPLIED
    assert ana.journey.state.status is JourneyStatus.COMPLETED


def test_what_waits_when_the_journey_ends_was_never_needed() -> None:
    ana = therapy()
    never = ana.neighbours.event("shipment.booked", "SHIP-9", {"reference": "SHIP-9"})
    assert told(ana, never) == held("reference_unknown")
    ana.whole()
    outcome = ana.journey.outcome_of(never)
    assert outcome is not None
    assert (outcome.status, outcome.reason) == refused("never_needed")
    assert ana.journey.state.waiting == []


def test_only_so_many_events_wait_and_one_more_is_refused_on_record() -> None:
    ana = journey()
    events = [
        PartnerEvent(
            source="//flood.example",
            id=str(number),
            type="product.thawed",
            subject=ANA,
            occurred_at=FIRST_DAY,
            data={"dose": f"DOSE-{number}"},
        )
        for number in range(MOST_WAITING + 1)
    ]
    for each in events[:-1]:
        hearing.hear(ana.state, ana.notebook, each, ana.now)
    ana.settle()
    assert len(ana.state.waiting) == MOST_WAITING
    outcome = ana.hears(events[-1])
    assert outcome is not None
    assert (outcome.status, outcome.reason) == refused("too_many_waiting")
    assert len(ana.state.waiting) == MOST_WAITING


# --- while the journey is held --------------------------------------------------------------------------------------


def test_while_the_journey_is_held_by_hand_events_wait_and_no_stage_begins() -> None:
    ana = therapy()
    event = ana.before("sample.collected")
    ana.journey.state.held_by_hand = True
    assert told(ana, event) == held("journey_held")
    assert [each.id for each in ana.journey.state.active()] == ["collection"]
    ana.journey.state.held_by_hand = False
    ana.journey.settle()
    assert [each.id for each in ana.journey.state.active()] == ["to_manufacturer"]


def test_a_hold_that_comes_with_a_stages_last_word_lets_no_other_stage_begin() -> None:
    ana = therapy()
    event = ana.before("sample.collected")
    hearing.hear(ana.journey.state, ana.journey.notebook, event, ana.journey.now)
    ana.journey.state.held_by_hand = True
    ana.journey.settle()
    assert ana.journey.state.stages["collection"].status is StageStatus.DONE
    assert ana.journey.state.active() == []


@pytest.mark.parametrize("event_type", sorted(FOR_THE_JOURNEY))
def test_news_of_the_patient_are_heard_at_any_time_even_on_hold(event_type: str) -> None:
    ana = therapy()
    ana.journey.state.held_by_hand = True
    assert word(ana, ana.neighbours.event(event_type, ANA, EXAMPLES[event_type])) == APPLIED


@pytest.mark.parametrize("event_type", ["patient.withdrawn", "patient.deceased"])
def test_a_patient_who_leaves_ends_the_therapy(event_type: str) -> None:
    ana = therapy()
    next_event = ana.before("sample.collected")
    assert told(ana, ana.neighbours.event(event_type, ANA, {"reason": "own_wish"})) == APPLIED
    assert ana.journey.state.status is JourneyStatus.LEAVING
    assert told(ana, next_event) == late("journey_leaving")


# --- late -----------------------------------------------------------------------------------------------------------


def test_an_event_for_a_stage_that_is_done_is_late() -> None:
    ana = therapy()
    ana.after("sample.collected")
    failed = ana.neighbours.event("collection.failed", ANA, {"reason": "too_few_cells"})
    assert told(ana, failed) == late("stage_done")
    assert ana.journey.state.stages["collection"].status is StageStatus.DONE


def test_progress_that_the_outcome_has_overtaken_is_late() -> None:
    ana = therapy()
    booked = ana.before("shipment.booked")
    ana.unheard.remove(booked)
    ana.after("shipment.picked_up")
    assert told(ana, booked) == late("overtaken")
    assert [fact.type for fact in facts_of(ana.journey, booked)] == ["event.late"]


def test_what_belongs_to_an_earlier_visit_is_late() -> None:
    ana = therapy(fails=[("request_disposition", 1)], batch_rejected="remake")
    rejected = ana.after("batch.rejected")
    tests = [each for each in ana.told if each.type == "test.reported"]
    assert ana.journey.state.stages["release"].visit == 2
    assert word(ana, again(rejected)) == late("earlier_visit")
    assert word(ana, again(tests[0])) == late("earlier_visit")
    started = next(each for each in ana.told if each.type == "manufacture.started")
    assert word(ana, again(started)) == late("earlier_visit")


def test_news_of_a_batch_that_was_rejected_are_late_and_put_the_next_one_in_no_doubt() -> None:
    ana = therapy(fails=[("request_disposition", 1)], batch_rejected="remake")
    ana.before("test.reported", time=5)
    result = {"batch": "LOT-1", "test": "sterility", "result": "growth", "passed": False}
    assert told(ana, ana.neighbours.event("test.reported", "LOT-1", result)) == late("earlier_visit")
    assert not ana.journey.state.is_held


def test_a_failure_that_is_told_again_does_not_fail_the_next_visit_too() -> None:
    ana = therapy(fails=[("schedule_collection", 1)])
    failed = ana.after("collection.failed")
    assert ana.journey.state.stages["collection"].visit == 2
    assert told(ana, again(failed)) == late("earlier_visit")
    assert ana.journey.state.stages["collection"].visit == 2


def test_an_event_for_a_closed_journey_is_late() -> None:
    ana = therapy().whole()
    assert ana.journey.state.status is JourneyStatus.COMPLETED
    assert word(ana, ana.neighbours.event("follow_up.missed", ANA, {"visit": 1, "reason": "travelled"})) == late(
        "journey_closed"
    )
    assert word(ana, ana.neighbours.event("patient.deceased", ANA, {"reason": "disease"})) == late("journey_closed")


def test_an_event_that_no_stage_of_the_protocol_listens_to_is_refused() -> None:
    ana = therapy()
    assert told(ana, ana.neighbours.event("slot.confirmed", ANA, EXAMPLES["slot.confirmed"])) == refused(
        "not_in_protocol"
    )
    assert told(ana, ana.neighbours.event("milestone.reached", ANA, {"milestone": "discharged"})) == refused(
        "not_in_protocol"
    )


# --- which stage is meant -------------------------------------------------------------------------------------------


def in_a_row(*names: str, side_by_side: bool = False) -> Protocol:
    """A protocol of milestones, one stage for each."""
    stages: list[dict[str, Any]] = [{"id": "enrolment", "kind": "enrolment", "evidence": ["consent"], "due": "5d"}]
    for name in names:
        after = "enrolment" if side_by_side else stages[-1]["id"]
        at = "treatment_centre"
        stages.append(
            {"id": name, "kind": "milestone", "after": [after], "at": at, "milestones": [f"{name}_done"], "due": "5d"}
        )
    return read_protocol({"protocol": "milestones", "version": 1, "title": "Milestones", "stages": stages})


def test_a_milestone_of_a_later_stage_waits_for_that_stage() -> None:
    ana = therapy(in_a_row("first", "second"))
    ana.after("evidence.provided")
    early = ana.neighbours.event("milestone.reached", ANA, {"milestone": "second_done"})
    assert told(ana, early) == held("stage_not_begun")
    ana.tell(ana.unheard[0])
    assert ana.journey.state.status is JourneyStatus.COMPLETED


@pytest.mark.parametrize("name", ["first", "second"])
def test_of_stages_side_by_side_the_one_that_awaits_it_hears_a_milestone(name: str) -> None:
    ana = therapy(in_a_row("first", "second", side_by_side=True))
    ana.after("evidence.provided")
    event = next(each for each in ana.unheard if each.data["milestone"] == f"{name}_done")
    assert told(ana, event) == APPLIED
    done = [each.id for each in ana.journey.state.stages.values() if each.status is StageStatus.DONE]
    assert done == ["enrolment", name]


def test_a_milestone_said_again_is_a_duplicate_in_the_stage_that_heard_it() -> None:
    ana = therapy(in_a_row("first", "second"))
    event = ana.after("milestone.reached")
    assert ana.journey.state.stages["second"].status is StageStatus.ACTIVE
    assert told(ana, again(event)) == SAID_BEFORE


def test_the_same_words_at_another_time_are_news_to_the_next_stage_of_the_kind() -> None:
    """Two courses of conditioning under one regimen: the second is no repetition of the first."""
    document = shipped_protocol("autologous-car-t").model_dump(mode="json", by_alias=True, exclude_none=True)
    place = next(at for at, stage in enumerate(document["stages"]) if stage["kind"] == "conditioning")
    second = {**document["stages"][place], "id": "second_conditioning", "after": ["conditioning"]}
    document["stages"].insert(place + 1, second)
    ana = therapy(read_protocol(document))
    first = ana.after("conditioning.completed")
    assert word(ana, again(first)) == SAID_BEFORE
    ana.whole()
    assert ana.journey.state.stages["second_conditioning"].status is StageStatus.DONE
    assert not ana.journey.state.waiting


# --- the table of steps ---------------------------------------------------------------------------------------------

EVERY_STEP = [pytest.param(kind, step, id=step.type) for kind, each in KINDS.items() for step in each.steps.values()]


def in_the_midst_of(kind: str, step: Step, heard: tuple[str, ...]) -> Word:
    """What the judge says of a step's event, in an active stage of the kind that has heard just this much."""
    ana = journey("til")
    stage = next(each for each in ana.state.stages.values() if each.kind == kind)
    stage.status = StageStatus.ACTIVE
    stage.heard = [
        Heard(seq=number, type=each, key="", occurred_at=FIRST_DAY, data={}) for number, each in enumerate(heard)
    ]
    ana.state.references["SHIP-1"] = (stage.id, 1)
    event = PartnerEvent(
        source="//test", id="1", type=step.type, subject="SHIP-1", occurred_at=ana.now, data=EXAMPLES[step.type]
    )
    verdict = judge(ana.state, event)
    return verdict.status, verdict.reason


def test_every_event_type_has_a_stage_that_listens_or_concerns_the_journey() -> None:
    listened = {event_type for each in KINDS.values() for event_type in each.steps}
    elsewhere = FOR_THE_JOURNEY | set(DESKS) | handling.STEPS.keys()
    assert set(CATALOGUE) - listened - elsewhere == {"slot.confirmed", "slot.lost", ASSIGNED}


@pytest.mark.parametrize(("kind", "step"), EVERY_STEP)
def test_a_step_waits_for_each_that_it_comes_after(kind: str, step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in step.after:
        others = tuple(name for name in step.after if name != each)
        assert in_the_midst_of(kind, step, others) == held("out_of_order")
        monkeypatch.setitem(KINDS[kind].steps, step.type, replace(step, after=others, waits=None))
        assert in_the_midst_of(kind, step, others) != held("out_of_order")
        monkeypatch.undo()


@pytest.mark.parametrize(("kind", "step"), EVERY_STEP)
def test_a_step_is_overtaken_by_each_that_it_comes_before(
    kind: str, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in step.before:
        assert in_the_midst_of(kind, step, (*step.after, each)) == late("overtaken")
        monkeypatch.setitem(KINDS[kind].steps, step.type, replace(step, before=()))
        assert in_the_midst_of(kind, step, (*step.after, each)) != late("overtaken")
        monkeypatch.undo()


@pytest.mark.parametrize(("kind", "step"), EVERY_STEP)
def test_what_a_step_comes_after_can_be_heard_in_its_stage(kind: str, step: Step) -> None:
    assert {*step.after, *step.before} <= set(KINDS[kind].steps)


def test_the_judge_changes_nothing() -> None:
    ana = therapy()
    while ana.unheard:
        before = ana.journey.state.model_dump()
        judge(ana.journey.state, ana.unheard[0])
        assert ana.journey.state.model_dump() == before
        ana.tell(ana.unheard[0])


def test_a_refusal_names_a_shipment_as_the_fakes_do() -> None:
    """The stories above spell a shipment's name themselves: it is the one that its booking's answer gives."""
    ana = therapy()
    ana.before("shipment.booked", time=2)
    booked = [each for each in ana.journey.commands if each.command == "book_pickup"]
    assert reference(booked[-1]) == f"book_pickup-{ana.journey.start.order}-to_centre-1"
