"""Labels: a stage does not end before every label that was issued for it is accounted for."""

from datetime import timedelta

import pytest

from schemas.events import LABEL_DESK, PartnerEvent
from schemas.facts import EventStatus, JourneyStatus
from tests.waiting import until
from tests.workflows import therapy
from tests.workflows.clinic import Clinic, Patient
from tests.workflows.fakes import reference
from tests.workflows.label_desk import SET, SPENT, by_the_desk, issued, reconciled
from tests.workflows.pure import ANA, FIRST_DAY, journey
from tests.workflows.test_replay import replayer
from workflows.labels import open_in
from workflows.state import JourneyState


def completed(patient: Patient) -> list[str]:
    return [fact.data["stage"] for fact in patient.facts("stage.completed")]


async def at_collection(clinic: Clinic) -> Patient:
    ana = await clinic.enrols()
    await therapy.enrolment(ana)
    await ana.began("collection")
    return ana


async def test_a_stage_waits_for_its_labels_and_then_goes_on(clinic: Clinic) -> None:
    ana = await at_collection(clinic)
    await issued(ana)
    bags = await therapy.collection(ana)
    await ana.fact("sample.collected")
    later = await ana.hears("patient.status_changed", status="hospitalised")
    assert await ana.outcome_of(later) == (EventStatus.APPLIED, None)
    assert completed(ana) == ["enrolment"]
    assert await reconciled(ana) == (EventStatus.APPLIED, None)
    await ana.began("to_manufacturer")
    await therapy.shipment(ana, "to_manufacturer", bags)
    await therapy.from_release_on(ana, await therapy.manufacture(ana, bags))
    assert await ana.status() is JourneyStatus.COMPLETED
    await replayer().replay_workflow(await ana.handle.fetch_history())


def test_what_a_stage_waits_for_goes_along_into_a_new_run() -> None:
    ana = journey()
    said = {"stage": "collection", "set": SET, "labels": 3}
    event = PartnerEvent(source=LABEL_DESK, id=SET, type="labels.issued", subject=ANA, occurred_at=FIRST_DAY, data=said)
    ana.hears(event)
    carried = JourneyState.of(ana.state.carried_over())
    assert open_in(carried, "collection") == open_in(ana.state, "collection") == [SET]


async def test_labels_can_be_issued_before_their_stage_begins(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await issued(ana)
    await therapy.enrolment(ana)
    await therapy.collection(ana)
    await ana.fact("sample.collected")
    assert await reconciled(ana) == (EventStatus.APPLIED, None)
    await ana.began("to_manufacturer")


async def test_every_set_of_a_stage_is_waited_for(clinic: Clinic) -> None:
    ana = await at_collection(clinic)
    await issued(ana)
    await issued(ana, "LSAAAAAAAAAA")
    await therapy.collection(ana)
    await reconciled(ana)
    assert completed(ana) == ["enrolment"]
    await reconciled(ana, "LSAAAAAAAAAA")
    await ana.began("to_manufacturer")


@pytest.mark.parametrize("wrong", [{"used": 1}, {"destroyed": 2}, {"returned": 1}, {"issued": 4, "returned": 1}])
async def test_an_account_that_does_not_add_up_ends_no_stage(clinic: Clinic, wrong: dict[str, int]) -> None:
    ana = await at_collection(clinic)
    await issued(ana)
    await therapy.collection(ana)
    account = by_the_desk(ana, "reconciled", **{**SPENT, **wrong})
    refused = await ana.send(account.model_copy(update={"id": "another"}))
    assert await ana.outcome_of(refused) == (EventStatus.REFUSED, "labels_unaccounted")
    assert completed(ana) == ["enrolment"]


async def test_an_account_for_another_stage_is_none(clinic: Clinic) -> None:
    ana = await at_collection(clinic)
    await issued(ana)
    await therapy.collection(ana)
    other = await ana.send(by_the_desk(ana, "reconciled", stage="manufacture", **SPENT))
    assert await ana.outcome_of(other) == (EventStatus.REFUSED, "labels_unaccounted")


async def test_nobody_but_the_desk_says_that_labels_are_accounted_for(clinic: Clinic) -> None:
    ana = await at_collection(clinic)
    await issued(ana)
    await therapy.collection(ana)
    forged = await ana.hears("labels.reconciled", stage="collection", set=SET, **SPENT)
    assert await ana.outcome_of(forged) == (EventStatus.REFUSED, "source_reserved")
    assert completed(ana) == ["enrolment"]


async def test_an_account_that_overtakes_its_set_waits_for_it(clinic: Clinic) -> None:
    ana = await at_collection(clinic)
    account = await ana.send(by_the_desk(ana, "reconciled", **SPENT))
    assert await ana.outcome_of(account) == (EventStatus.HELD, "out_of_order")
    await issued(ana)
    await until(lambda: ana.ledger.outcomes[account.source, account.id].status is EventStatus.APPLIED, "the account")


async def test_labels_for_a_stage_that_is_done_come_too_late(clinic: Clinic) -> None:
    ana = await at_collection(clinic)
    late = await ana.send(by_the_desk(ana, "issued", stage="enrolment", labels=3))
    assert await ana.outcome_of(late) == (EventStatus.LATE, "stage_done")
    nowhere = await ana.send(by_the_desk(ana, "issued", "LSAAAAAAAAAA", "nowhere", labels=3))
    assert await ana.outcome_of(nowhere) == (EventStatus.REFUSED, "not_in_protocol")


async def test_a_set_is_issued_once_and_reconciled_once(clinic: Clinic) -> None:
    ana = await at_collection(clinic)
    await issued(ana)
    again = by_the_desk(ana, "issued", labels=4).model_copy(update={"id": "another"})
    assert await ana.outcome_of(await ana.send(again)) == (EventStatus.REFUSED, "contradicts_record")
    await reconciled(ana)
    twice = by_the_desk(ana, "reconciled", **SPENT).model_copy(update={"id": "one-more"})
    assert await ana.outcome_of(await ana.send(twice)) == (EventStatus.REFUSED, "contradicts_record")


async def test_a_repeated_collection_waits_for_the_labels_of_the_failed_one(clinic: Clinic) -> None:
    ana = await at_collection(clinic)
    await issued(ana)
    await therapy.collection_fails(ana)
    await therapy.collection(ana, visit=2)
    await ana.fact("sample.collected")
    later = await ana.hears("patient.status_changed", status="hospitalised")
    await ana.outcome_of(later)
    assert completed(ana) == ["enrolment"]
    await reconciled(ana)
    await ana.began("to_manufacturer")


async def test_labels_are_accounted_for_also_while_the_journey_is_held(clinic: Clinic) -> None:
    """A label moves nothing; and who was told to stop everything takes back what was printed."""
    ana = await at_collection(clinic)
    await therapy.collection(ana)
    name = reference(await ana.told("book_pickup"))
    await issued(ana, stage="to_manufacturer")
    await ana.hears("shipment.picked_up", subject=name, reference=name, containers=["BAG-OF-BEN"])
    await ana.fact("hold.placed")
    account = by_the_desk(ana, "reconciled", stage="to_manufacturer", **SPENT)
    assert await ana.outcome_of(await ana.send(account)) == (EventStatus.APPLIED, None)


async def test_while_labels_are_missing_somebody_is_told(patient_clinic: Clinic) -> None:
    ana = await at_collection(patient_clinic)
    await issued(ana)
    await therapy.collection(ana)
    await ana.passes(timedelta(days=20))
    passed = await ana.fact("due.passed", lambda fact: fact.data["name"] == "collection")
    assert passed.data["times"] >= 1
    await reconciled(ana)
    await ana.began("to_manufacturer")


async def test_a_journey_that_ends_early_waits_for_no_label(clinic: Clinic) -> None:
    ana = await at_collection(clinic)
    await issued(ana)
    await ana.hears("patient.withdrawn", reason="own_wish")
    assert await ana.status() is JourneyStatus.CANCELLED
