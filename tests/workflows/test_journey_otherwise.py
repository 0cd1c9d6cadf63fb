"""It goes otherwise: a collection repeated, a batch rejected, a patient who withdraws, a partner who says no."""

from datetime import timedelta

import pytest

from schemas.base import iso
from schemas.decisions import CancelJourney
from schemas.events import PartnerEvent
from schemas.facts import EventStatus, JourneyStatus
from tests.waiting import until
from tests.workflows import therapy
from tests.workflows.clinic import Clinic, Patient
from tests.workflows.fakes import reference
from tests.workflows.pure import FIRST_DAY


def materials(patient: Patient) -> dict[str, str]:
    """What became of every container, as the ledger says."""
    return {each["id"]: each["status"] for fact in patient.facts() for each in fact.data.get("materials", ())}


def commands(patient: Patient) -> list[str]:
    """Everything that partners took, in the order of the ledger."""
    return [fact.data["command"] for fact in patient.facts("partner.told")]


async def test_a_failed_collection_is_repeated_under_the_same_chain_of_identity(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await therapy.enrolment(ana)
    await therapy.collection_fails(ana)
    again = await ana.told("schedule_collection", visit=2)
    assert again.coi == ana.coi
    bags = await therapy.collection(ana, visit=2)
    await therapy.shipment(ana, "to_manufacturer", bags)
    await therapy.from_release_on(ana, await therapy.manufacture(ana, bags))
    assert await ana.status() is JourneyStatus.COMPLETED
    [reopened] = ana.facts("stage.reopened")
    assert reopened.data == {"stage": "collection", "visit": 2, "reason": "collection_failed"}


async def test_the_repeat_needs_a_new_donation_number(clinic: Clinic) -> None:
    """A donation number that comes back means that somebody mixed something up: the journey stands still."""
    ana = await clinic.enrols()
    await therapy.until_made(ana)
    await therapy.rejection(ana)
    await ana.answer("batch_rejected", "recollect")
    await ana.told("schedule_collection", visit=2)
    reused = await ana.hears("sample.collected", **therapy.sample(ana, ["BAG-NEW"], f"DIN-{ana.order}-1"))
    assert await ana.outcome_of(reused) == (EventStatus.REFUSED, "identity_mismatch")
    assert (await ana.fact("hold.placed")).data["reason"] == "identity_mismatch"


async def test_after_three_failed_collections_a_person_decides(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await therapy.enrolment(ana)
    for visit in (1, 2, 3):
        await therapy.collection_fails(ana, visit)
    await ana.answer("exception", "stop")
    assert await ana.status() is JourneyStatus.CANCELLED
    assert "stage.began" in [fact.type for fact in ana.facts()]
    assert len([fact for fact in ana.facts("stage.began") if fact.data["stage"] == "collection"]) == 3


async def test_a_rejected_batch_is_made_again_from_what_is_left(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await therapy.until_made(ana)
    await therapy.rejection(ana)
    await ana.answer("batch_rejected", "remake")
    left = [f"BAG-{ana.order}-1-2"]
    order = await ana.told("place_order", visit=2)
    assert order.details["containers"] == left
    doses = await therapy.manufacture(ana, left, visit=2)
    await therapy.release(ana, doses, visit=2)
    await therapy.shipment(ana, "to_centre", doses)
    await therapy.conditioning(ana)
    await therapy.infusion(ana)
    await therapy.follow_up(ana)
    assert await ana.status() is JourneyStatus.COMPLETED
    became = materials(ana)
    assert became[f"DOSE-{ana.order}-2"] == "infused"
    assert became[f"DOSE-{ana.order}-1"] == "retained"


async def test_after_a_rejected_batch_the_patient_can_be_asked_for_another_collection(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await therapy.until_made(ana)
    await therapy.rejection(ana)
    await ana.answer("batch_rejected", "recollect")
    bags = await therapy.collection(ana, visit=2)
    assert materials(ana)[f"BAG-{ana.order}-1-2"] == "retained", "what was left of the first must not be mixed in"
    await therapy.shipment(ana, "to_manufacturer", bags, visit=2)
    doses = await therapy.manufacture(ana, bags, visit=2)
    await therapy.release(ana, doses, visit=2)
    await therapy.shipment(ana, "to_centre", doses)
    await therapy.conditioning(ana)
    await therapy.infusion(ana)
    await therapy.follow_up(ana)
    assert await ana.status() is JourneyStatus.COMPLETED


@pytest.mark.parametrize("arrives", [False, True])
async def test_bags_that_never_arrived_are_asked_for_before_the_journey_ends(clinic: Clinic, arrives: bool) -> None:
    """On the way it grew warm, and the patient was asked again; nobody has said what became of the first bags."""
    ana = await clinic.enrols()
    old = await therapy.until_collected(ana)
    name = reference(await ana.told("book_pickup"))
    await ana.hears("shipment.picked_up", subject=name, reference=name, containers=old)
    warm = {"started_at": ana.now.isoformat(), "worst": 21.5}
    await ana.hears("shipment.excursion", subject=name, reference=name, **warm)
    await ana.answer("exception", "recollect")
    bags = await therapy.collection(ana, visit=2)
    await therapy.shipment(ana, "to_manufacturer", bags, visit=2)
    await therapy.from_release_on(ana, await therapy.manufacture(ana, bags))
    if arrives:
        await ana.task("settle_material")
        await ana.hears("material.received", subject=name, reference=name, containers=old)
    await ana.answer("settle_material", "destroy")
    assert await ana.status() is JourneyStatus.COMPLETED
    became = materials(ana)
    assert {became[each] for each in old} == ({"destroyed"} if not arrives else {"retained"})
    assert "in_transit" not in became.values()


async def test_after_a_rejected_batch_the_journey_can_stop(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await therapy.until_made(ana)
    await therapy.rejection(ana)
    await ana.answer("batch_rejected", "stop")
    await ana.answer("settle_material", "destroy")
    assert await ana.status() is JourneyStatus.CANCELLED
    assert set(materials(ana).values()) == {"used", "destroyed"}
    settled = [fact.data["command"] for fact in ana.facts("partner.told")][-1]
    assert settled == "settle_material"


async def test_a_batch_cannot_be_made_again_from_nothing(clinic: Clinic) -> None:
    """Once everything has gone into the batch, the task does not even offer to make it again."""
    ana = await clinic.enrols()
    await therapy.enrolment(ana)
    await ana.told("schedule_collection")
    await ana.hears("sample.collected", **therapy.sample(ana, ["ONLY-BAG"], "DIN-1"))
    await therapy.shipment(ana, "to_manufacturer", ["ONLY-BAG"])
    await therapy.manufacture(ana, ["ONLY-BAG"])
    await therapy.rejection(ana)
    task = await ana.fact("task.opened")
    assert [each["choice"] for each in task.data["task"]["choices"]] == ["recollect", "stop"]


async def withdraws(patient: Patient) -> PartnerEvent:
    return await patient.hears("patient.withdrawn", reason="patient_choice")


async def test_a_patient_who_withdraws_before_anything_was_taken_leaves_nothing_behind(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await ana.told("request_evidence")
    await withdraws(ana)
    assert await ana.status() is JourneyStatus.CANCELLED
    assert commands(ana) == ["request_evidence"]


async def test_a_planned_collection_is_cancelled_when_the_patient_withdraws(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await therapy.enrolment(ana)
    scheduled = await ana.told("schedule_collection")
    await withdraws(ana)
    assert await ana.status() is JourneyStatus.CANCELLED
    cancelled = await ana.told("cancel_collection")
    assert cancelled.details == {"cancels": scheduled.key}


async def test_a_booked_pick_up_is_recalled_and_the_cells_are_settled(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await therapy.until_collected(ana)
    booked = await ana.told("book_pickup")
    await withdraws(ana)
    await ana.answer("settle_material", "return")
    assert await ana.status() is JourneyStatus.CANCELLED
    assert (await ana.told("recall_pickup")).details == {"cancels": booked.key}
    assert set(materials(ana).values()) == {"returned"}


async def test_cells_under_way_are_recalled_and_settled_with_the_courier(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    bags = await therapy.until_collected(ana)
    name = reference(await ana.told("book_pickup"))
    picked_up = await ana.hears("shipment.picked_up", subject=name, reference=name, containers=bags)
    assert (await ana.outcome_of(picked_up))[0] is EventStatus.APPLIED
    await withdraws(ana)
    await ana.answer("settle_material", "destroy")
    assert await ana.status() is JourneyStatus.CANCELLED
    settled = await ana.told("settle_material")
    assert (settled.role, settled.details["containers"]) == ("courier", bags)
    assert "recall_pickup" in commands(ana)


async def test_an_order_is_cancelled_at_the_manufacturer(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    bags = await therapy.until_collected(ana)
    await therapy.shipment(ana, "to_manufacturer", bags)
    ordered = await ana.told("place_order")
    await withdraws(ana)
    await ana.answer("settle_material", "retain")
    assert await ana.status() is JourneyStatus.CANCELLED
    assert (await ana.told("cancel_order")).details == {"cancels": ordered.key}
    assert set(materials(ana).values()) == {"retained"}


async def test_what_is_done_is_not_taken_back(clinic: Clinic) -> None:
    """After release nothing is under way that could be recalled, but the product and the spare bag must be settled."""
    ana = await clinic.enrols()
    doses = await therapy.until_made(ana)
    await therapy.tests(ana)
    await withdraws(ana)
    await ana.answer("settle_material", "destroy")
    assert await ana.status() is JourneyStatus.CANCELLED
    assert not {"recall_pickup", "cancel_order", "cancel_collection"} & set(commands(ana))
    assert materials(ana)[doses[0]] == "destroyed"


async def test_a_patient_who_leaves_after_the_infusion_leaves_no_product_to_settle(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    doses = await therapy.until_made(ana)
    await therapy.release(ana, doses)
    await therapy.shipment(ana, "to_centre", doses)
    await therapy.conditioning(ana)
    await therapy.infusion(ana)
    await ana.told("request_follow_up")
    await ana.hears("patient.deceased", reason="disease_progression")
    await ana.answer("settle_material", "destroy")
    assert await ana.status() is JourneyStatus.CANCELLED
    assert materials(ana)[doses[0]] == "infused"


async def test_a_booking_whose_outcome_is_unknown_is_settled_before_it_is_recalled(clinic: Clinic) -> None:
    """The courier is away when the patient withdraws: we wait to know whether the booking took, then recall it."""
    clinic.partners.down.add("book_pickup")
    ana = await clinic.enrols()
    await therapy.until_collected(ana)
    await until(lambda: any("book_pickup" in key for key in clinic.partners.tried), "an attempt at the booking")
    await withdraws(ana)
    await ana.fact("journey.leaving")
    clinic.partners.down.clear()
    await ana.answer("settle_material", "destroy")
    assert await ana.status() is JourneyStatus.CANCELLED
    assert [each for each in commands(ana) if "pickup" in each] == ["book_pickup", "recall_pickup"]


async def test_events_after_the_patient_left_are_late(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await therapy.enrolment(ana)
    await ana.told("schedule_collection")
    clinic.partners.down.add("cancel_collection")
    await withdraws(ana)
    late = await ana.hears("sample.collected", **therapy.sample(ana, ["BAG"], "DIN"))
    assert await ana.outcome_of(late) == (EventStatus.LATE, "journey_leaving")
    clinic.partners.down.clear()
    assert await ana.status() is JourneyStatus.CANCELLED


async def test_a_person_can_cancel_from_any_state(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await ana.told("request_evidence")
    await ana.decide(CancelJourney(id="c1", by="dr-lindqvist", reason="not_eligible"))
    assert await ana.status() is JourneyStatus.CANCELLED
    left = await ana.fact("journey.leaving")
    assert (left.actor, left.data["reason"]) == ("dr-lindqvist", "not_eligible")


async def test_a_partner_who_refuses_is_a_persons_task(clinic: Clinic) -> None:
    clinic.partners.refuse.add("schedule_collection")
    ana = await clinic.enrols()
    await therapy.enrolment(ana)
    await ana.task("partner_refused")
    clinic.partners.refuse.clear()
    await ana.answer("partner_refused", "send_again")
    await ana.told("schedule_collection")
    [opened] = ana.facts("deviation.opened")
    resolved = await ana.fact("deviation.resolved")
    assert (opened.data["code"], resolved.data["resolution"]) == ("partner_refused", "send_again")


async def test_what_holds_a_journey_is_asked_also_where_another_question_came_first(clinic: Clinic) -> None:
    """Nobody could lift the hold otherwise."""
    clinic.partners.refuse.add("announce_delivery")
    ana = await clinic.enrols()
    bags = await therapy.until_collected(ana)
    name = reference(await ana.told("book_pickup"))
    await ana.task("partner_refused")
    await ana.hears("shipment.picked_up", subject=name, reference=name, containers=bags)
    warm = {"started_at": iso(FIRST_DAY), "worst": 12.5}
    await ana.outcome_of(await ana.hears("shipment.excursion", subject=name, reference=name, **warm))
    clinic.partners.refuse.clear()
    await ana.answer("partner_refused", "send_again")
    await ana.answer("exception", "continue")
    await ana.told("announce_delivery")
    assert (await ana.fact("hold.lifted")).data["reason"] == "continue"


async def test_a_lost_shipment_leads_back_to_another_collection(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    bags = await therapy.until_collected(ana)
    name = reference(await ana.told("book_pickup"))
    await ana.hears("shipment.picked_up", subject=name, reference=name, containers=bags)
    await ana.hears("shipment.lost", subject=name, reference=name, reason="not_found")
    await ana.answer("exception", "recollect")
    await ana.told("schedule_collection", visit=2)
    assert set(materials(ana).values()) == {"lost"}


async def test_a_lot_that_has_expired_is_never_started(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    bags = await therapy.until_collected(ana)
    await therapy.shipment(ana, "to_manufacturer", bags)
    await ana.told("place_order")
    ana.now += timedelta(hours=73)
    started = await ana.hears("manufacture.started", batch="LOT-OLD", containers=bags[:1])
    assert await ana.outcome_of(started) == (EventStatus.REFUSED, "lot_expired")
    task = await ana.fact("task.opened")
    assert [each["choice"] for each in task.data["task"]["choices"]] == ["recollect", "stop"]
    await ana.answer("exception", "recollect")
    await ana.told("schedule_collection", visit=2)
    cancelled = await ana.told("cancel_order")
    assert cancelled.visit == 1, "the manufacturer must not start it after all"


async def test_an_excursion_stops_the_journey_until_a_person_has_judged_it(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    bags = await therapy.until_collected(ana)
    name = reference(await ana.told("book_pickup"))
    await ana.hears("shipment.picked_up", subject=name, reference=name, containers=bags)
    started = ana.now.isoformat()
    await ana.hears("shipment.excursion", subject=name, reference=name, started_at=started, worst=11.5, limit_max=8)
    await ana.fact("hold.placed")
    delivered = await ana.hears("shipment.delivered", subject=name, reference=name, containers=bags)
    assert await ana.outcome_of(delivered) == (EventStatus.HELD, "journey_held")
    await ana.answer("exception", "continue")
    await ana.fact("shipment.delivered")
    assert await ana.outcome_of(delivered) == (EventStatus.APPLIED, None)
