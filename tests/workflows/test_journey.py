"""Journeys on a Temporal server, with fakes at the edges: the whole way, holds, decisions, due times, bad signals."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from schemas.decisions import DecideTask, Decision, HoldJourney, LiftHold
from schemas.facts import EventStatus, JourneyStatus
from schemas.protocols import read_protocol
from tests.workflows import therapy
from tests.workflows.clinic import Clinic, Patient, Refused
from tests.workflows.conftest import working
from tests.workflows.fakes import reference

THREE_MILESTONES = read_protocol(
    {
        "protocol": "three-milestones",
        "version": 1,
        "title": "Three milestones, one after the other",
        "stages": [
            {"id": name, "kind": "milestone", "after": after, "milestones": [name], "due": "5d"}
            for name, after in (("first", []), ("second", ["first"]), ("third", ["second"]))
        ],
    }
)


@pytest.mark.parametrize("protocol", ["autologous-car-t", "til"])
async def test_a_therapy_goes_from_enrolment_to_follow_up(clinic: Clinic, protocol: str) -> None:
    ana = await clinic.enrols(protocol)
    await therapy.whole(ana)
    assert await ana.status() is JourneyStatus.COMPLETED
    assert ana.facts()[-1].type == "journey.completed"
    assert [fact.seq for fact in ana.facts()] == list(range(1, len(ana.facts()) + 1))
    began = [fact.data["stage"] for fact in ana.facts("stage.began")]
    assert began == [stage.id for stage in ana.start.protocol.stages]


@pytest.mark.parametrize("protocol", ["autologous-car-t", "til"])
async def test_a_therapy_takes_its_weeks_and_nothing_is_overdue(patient_clinic: Clinic, protocol: str) -> None:
    """The real durations of a protocol, walked on a server whose clock jumps: every wait ends before it is due."""
    ana = await patient_clinic.enrols(protocol)
    began = ana.now
    await therapy.whole(ana)
    assert await ana.status() is JourneyStatus.COMPLETED
    assert not ana.facts("due.passed")
    assert ana.facts()[-1].occurred_at - began > timedelta(days=45)


async def test_a_journey_that_nobody_remembers_goes_on_from_its_history(server: WorkflowEnvironment) -> None:
    """Without a cache every workflow task replays the journey from its beginning: any non-determinism shows."""
    clinic = Clinic(server.client)
    async with working(server.client, clinic.ledger, clinic.partners, cached=0):
        ana = await clinic.enrols()
        await therapy.whole(ana)
        assert await ana.status() is JourneyStatus.COMPLETED


async def test_events_that_come_before_their_stage_wait_for_it(clinic: Clinic) -> None:
    """The apheresis centre speaks before the funding has come: nothing is lost, nothing is taken out of turn."""
    ana = await clinic.enrols()
    bags = [f"BAG-{ana.order}"]
    early = await ana.hears("sample.collected", **therapy.sample(ana, bags, "DIN-1"))
    assert await ana.outcome_of(early) == (EventStatus.HELD, "stage_not_begun")
    await therapy.enrolment(ana)
    await ana.fact("sample.collected")
    assert await ana.outcome_of(early) == (EventStatus.APPLIED, None)
    collection = (await ana.fact("sample.collected")).seq
    assert collection > (await ana.began("collection")).seq


async def test_what_waited_for_a_stage_that_calls_nobody_is_heard_as_soon_as_it_begins(clinic: Clinic) -> None:
    """No answer of a partner and no later event comes to the journey's help: it has all that it needs."""
    ana = await clinic.enrols(THREE_MILESTONES)
    for name in ("third", "second"):
        early = await ana.hears("milestone.reached", milestone=name)
        assert await ana.outcome_of(early) == (EventStatus.HELD, "stage_not_begun")
    await ana.hears("milestone.reached", milestone="first")
    await ana.fact("journey.completed")
    assert await ana.status() is JourneyStatus.COMPLETED
    heard = [fact.data["said"]["milestone"] for fact in ana.facts("milestone.reached")]
    assert heard == ["first", "second", "third"]


async def test_nothing_moves_while_a_person_holds_the_journey(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await ana.told("request_evidence")
    await ana.decide(HoldJourney(id="h1", by="qa-07", reason="label_query"))
    waits = await ana.hears("evidence.provided", evidence="consent", reference="DOC-1")
    assert await ana.outcome_of(waits) == (EventStatus.HELD, "journey_held")
    with pytest.raises(Refused, match="journey_held"):
        await ana.decide(HoldJourney(id="h2", by="qa-07", reason="label_query"))
    await ana.decide(LiftHold(id="l1", by="qa-07", reason="label_confirmed"))
    await ana.fact("evidence.provided")
    assert [fact.actor for fact in ana.facts("hold.placed", "hold.lifted")] == ["qa-07", "qa-07"]


async def test_a_strange_bag_at_pick_up_stops_the_journey_until_a_person_has_decided(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    bags = await therapy.until_collected(ana)
    await ana.told("announce_delivery")
    name = reference(await ana.told("book_pickup"))
    strange = await ana.hears("shipment.picked_up", subject=name, reference=name, containers=["BAG-OF-BEN"])
    assert await ana.outcome_of(strange) == (EventStatus.REFUSED, "identity_mismatch")
    with pytest.raises(Refused, match="deviation_blocks"):
        await ana.decide(LiftHold(id="l1", by="qa-07", reason="in_a_hurry"))
    right = await ana.hears("shipment.picked_up", subject=name, reference=name, containers=bags)
    assert await ana.outcome_of(right) == (EventStatus.HELD, "journey_held")
    await ana.answer("exception", "continue")
    await ana.fact("shipment.picked_up")
    opened, resolved = await ana.fact("deviation.opened"), await ana.fact("deviation.resolved")
    assert (opened.data["code"], opened.data["blocks"]) == ("identity_mismatch", True)
    assert (resolved.actor, resolved.data["resolution"]) == ("dr-lindqvist", "continue")


async def test_an_identifier_of_another_journey_stops_this_one(clinic: Clinic) -> None:
    """Two journeys claim one donation number: the ledger says so, and nothing moves before a person has decided."""
    ana = await clinic.enrols()
    clinic.ledger.belongs_elsewhere.add(f"DIN-{ana.order}-1")
    await therapy.until_collected(ana)
    deviation = await ana.fact("deviation.opened")
    assert deviation.data["code"] == "identifier_in_use"
    await ana.fact("hold.placed")
    await ana.task("exception")
    assert "book_pickup" not in [fact.data["command"] for fact in ana.facts("partner.told")]
    await ana.answer("exception", "continue")
    await ana.told("book_pickup")


async def test_a_due_time_that_passes_is_on_record_again_and_again(
    patient_clinic: Clinic,
) -> None:
    ana = await patient_clinic.enrols()
    began = await ana.began("enrolment")
    await ana.passes(timedelta(days=40))
    third = await ana.fact("due.passed", count=3)
    assert third.data["name"] == "enrolment"
    assert third.data["times"] == 3
    assert ana.facts("due.passed")[0].data["due_at"] == began.data["due_at"]
    gaps = [fact.occurred_at for fact in ana.facts("due.passed")]
    assert gaps[2] - gaps[1] > gaps[1] - gaps[0], "a forgotten journey is told of ever more rarely"


async def test_a_task_that_nobody_decides_is_on_record_as_overdue(
    patient_clinic: Clinic,
) -> None:
    ana = await patient_clinic.enrols()
    await therapy.until_made(ana)
    await therapy.rejection(ana)
    task = await ana.task("batch_rejected")
    await ana.passes(timedelta(days=3))
    passed = await ana.fact("due.passed", lambda fact: fact.data["what"] == "task")
    assert passed.data["name"] == task


async def test_decisions_that_make_no_sense_are_refused_by_name(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await ana.told("request_evidence")
    refused: dict[str, Decision] = {
        "unknown_task": DecideTask(id="d1", by="dr-a", reason="x", task="nowhere", choice="stop"),
        "not_held": LiftHold(id="d2", by="dr-a", reason="x"),
    }
    for code, decision in refused.items():
        with pytest.raises(Refused, match=code):
            await ana.decide(decision)
    assert not ana.facts("task.decided", "hold.lifted"), "a refusal leaves no trace"


async def test_a_task_is_decided_once_and_the_same_decision_sent_twice_is_one(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await therapy.until_made(ana)
    await therapy.rejection(ana)
    task = await ana.task("batch_rejected")
    decision = DecideTask(id="d1", by="dr-a", reason="x", task=task, choice="recollect")
    first = await ana.decide(decision)
    assert await ana.decide(decision) == first
    with pytest.raises(Refused, match="task_decided"):
        await ana.decide(decision.model_copy(update={"id": "d2", "choice": "stop"}))
    with pytest.raises(Refused, match="task_decided"):
        await ana.decide(decision.model_copy(update={"id": "d3"}))
    assert len(ana.facts("task.decided")) == 1


async def test_a_choice_that_the_task_does_not_offer_is_refused(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await therapy.until_made(ana)
    await therapy.rejection(ana)
    task = await ana.task("batch_rejected")
    with pytest.raises(Refused, match="choice_unknown"):
        await ana.decide(DecideTask(id="d1", by="dr-a", reason="x", task=task, choice="ship_anyway"))


async def test_events_that_come_in_one_signal_are_heard_one_by_one_and_in_order(clinic: Clinic) -> None:
    """The relay sends neighbours of one type together; rubbish among them harms none of the others."""
    ana = await clinic.enrols()
    pieces = ["consent", "eligibility", "funding", "centre_qualified"]
    events = [ana.event("evidence.provided", evidence=each, reference="DOC-1") for each in pieces]
    await ana.handle.signal("evidence.provided", args=[*events[:2], "Jane Doe", *events[2:]])
    await ana.began("collection")
    assert [fact.data["said"]["evidence"] for fact in ana.facts("evidence.provided")] == pieces
    (quarantined,) = ana.facts("signal.quarantined")
    assert (quarantined.data["problem"], quarantined.data["size"]) == ("malformed", len('"Jane Doe"'))


async def test_rubbish_sent_straight_to_temporal_is_quarantined_and_harms_nothing(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await ana.told("request_evidence")
    await ana.handle.signal("sample.collected", "not an event")
    await ana.handle.signal("sample.collected", args=[1, 2, 3])
    await ana.handle.signal("sample.collected", args=[])
    await ana.handle.signal("no.such_event", {"any": "thing"})
    await ana.handle.signal("Jane Doe\x00", "x")
    wrong_name = ana.event("evidence.provided", evidence="consent", reference="DOC")
    await ana.handle.signal("batch.released", wrong_name)
    malformed = ana.event("sample.collected", donation="DIN")
    await ana.handle.signal("sample.collected", malformed)
    await ana.fact("signal.quarantined", count=9)
    problems = {fact.data["problem"] for fact in ana.facts("signal.quarantined")}
    assert problems == {"unreadable", "malformed", "type_is_not_the_signals"}
    assert all(len(fact.data["sha256"]) == 64 for fact in ana.facts("signal.quarantined"))
    assert "Jane" not in repr(ana.facts("signal.quarantined"))
    await therapy.enrolment(ana)
    await ana.told("schedule_collection")


async def test_a_bag_with_too_many_amounts_is_quarantined_and_its_journey_goes_on(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await therapy.enrolment(ana)
    await ana.told("schedule_collection")
    sample: dict[str, Any] = therapy.sample(ana, ["BAG"], "DIN")
    amounts = [{"code": f"code_{number}", "value": 1, "unit": "mL"} for number in range(20)]
    full = {"id": "BAG", "volume_ml": 250, "tnc": 1e10, "cd3": 5e9, "amounts": amounts}
    too_full = sample | {"containers": [full]}
    await ana.handle.signal("sample.collected", ana.event("sample.collected", **too_full))
    assert (await ana.fact("signal.quarantined")).data["problem"] == "malformed"
    await ana.hears("sample.collected", **sample)
    await ana.told("book_pickup")


async def test_what_the_catalogue_does_not_know_stays_off_the_ledger(clinic: Clinic) -> None:
    """A partner that signals Temporal directly adds a field of its own: it goes no further than that signal."""
    ana = await clinic.enrols()
    await ana.told("request_evidence")
    event = await ana.hears("evidence.provided", evidence="consent", reference="DOC", patient_name="Jane Doe")
    assert await ana.outcome_of(event) == (EventStatus.APPLIED, None)
    assert "Jane" not in repr(ana.facts())


async def test_an_event_signalled_twice_has_one_effect(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await therapy.enrolment(ana)
    await ana.told("schedule_collection")
    once = await ana.hears("sample.collected", **therapy.sample(ana, ["BAG"], "DIN"))
    await ana.send(once)
    await ana.told("book_pickup")
    await ana.send(once)
    after = await ana.hears("evidence.provided", evidence="consent", reference="DOC-late")
    assert await ana.outcome_of(after) == (EventStatus.LATE, "stage_done")
    assert len(ana.facts("sample.collected")) == 1
    assert await ana.outcome_of(once) == (EventStatus.APPLIED, None)


async def test_what_still_waits_at_the_end_was_never_needed(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    doses = await therapy.until_made(ana)
    nobodys = await ana.hears("shipment.delivered", subject="SHIP-X", reference="SHIP-X", containers=["BAG-X"])
    assert await ana.outcome_of(nobodys) == (EventStatus.HELD, "reference_unknown")
    await therapy.from_release_on(ana, doses)
    assert await ana.status() is JourneyStatus.COMPLETED
    assert await ana.outcome_of(nobodys) == (EventStatus.REFUSED, "never_needed")


async def test_nobody_acts_on_what_the_ledger_does_not_hold(clinic: Clinic) -> None:
    """The database is away: the journey has heard, and tells nobody anything until the record is made."""
    ana = await clinic.enrols()
    await therapy.enrolment(ana)
    await ana.told("schedule_collection")
    clinic.ledger.down = True
    await ana.hears("sample.collected", **therapy.sample(ana, ["BAG"], "DIN"))
    signalled = await ana.hears("collection.started")
    assert "book_pickup" not in {command.command for command in clinic.partners.taken.values()}
    clinic.ledger.down = False
    booked = await ana.told("book_pickup")
    assert booked.details["containers"] == ["BAG"]
    assert (await ana.outcome_of(signalled))[0] is EventStatus.LATE


async def test_every_command_has_a_key_of_its_own_that_says_what_it_is_for(clinic: Clinic) -> None:
    ana: Patient = await clinic.enrols()
    await therapy.whole(ana)
    assert await ana.status() is JourneyStatus.COMPLETED
    keys = [fact.data["key"] for fact in ana.facts("partner.told")]
    assert len(keys) == len(set(keys))
    assert f"{ana.coi}/to_centre/book_pickup/1" in keys
