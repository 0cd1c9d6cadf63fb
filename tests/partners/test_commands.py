"""A partner takes a command once, however often it is sent, and then does what its field does."""

import httpx
import pytest

from partners.client import ClewDoor
from partners.simulator.city import SimulatedPartners
from partners.simulator.config import PARTIES
from schemas.deliveries import Outcome
from tests.partners.clinic import COI, DETAILS, ROLES, cancelling, command, hand_over, post, tomorrow
from tests.partners.conftest import Cities
from tests.partners.fake_clew import FakeClew, eventually

ALL_COMMANDS = sorted(ROLES)


async def test_a_pick_up_that_is_booked_three_times_is_carried_once(
    city: SimulatedPartners, clew: FakeClew, http: httpx.AsyncClient
) -> None:
    booking = command("book_pickup")
    answers = [await hand_over(http, city.partners["courier"].url, booking) for _ in range(3)]
    assert answers[0].reference is not None
    assert answers == [answers[0]] * 3
    await clew.hears("material.received")
    assert [event.type for event in clew.told("shipment.booked", "shipment.picked_up", "shipment.delivered")] == [
        "shipment.booked",
        "shipment.picked_up",
        "shipment.delivered",
    ]
    (taken,) = city.state("courier")["commands"]
    assert (taken["received"], taken["effects"]) == (3, 1)
    assert city.state("courier")["repeated_effects"] == 0


async def test_what_is_delivered_is_scanned_by_its_receiver(
    city: SimulatedPartners, clew: FakeClew, http: httpx.AsyncClient
) -> None:
    booked = await hand_over(http, city.partners["courier"].url, command("book_pickup"))
    (received,) = await clew.hears("material.received")
    (delivered,) = clew.told("shipment.delivered")
    assert received.source == f"/simulated/{PARTIES[ROLES['place_order']]}"
    assert received.subject == booked.reference
    assert received.data["containers"] == DETAILS["book_pickup"]["containers"]
    assert received.occurred_at > delivered.occurred_at


async def test_a_key_cannot_be_used_for_another_command(city: SimulatedPartners, http: httpx.AsyncClient) -> None:
    url = city.partners["courier"].url
    await hand_over(http, url, command("book_pickup"))
    other = command("book_pickup", {**DETAILS["book_pickup"], "containers": ["DN-2-A"]})
    refused = await ClewDoor(http, url).send(other)
    assert (refused.outcome, refused.status) == (Outcome.REFUSED, 409)


async def test_a_command_that_is_not_the_partners_business_is_refused(
    city: SimulatedPartners, http: httpx.AsyncClient
) -> None:
    refused = await ClewDoor(http, city.partners["courier"].url).send(command("place_order"))
    assert (refused.outcome, refused.status) == (Outcome.REFUSED, 422)
    assert (await post(city.partners["courier"].url, command("book_pickup"), key="another")).status_code == 409
    assert (await post(city.partners["courier"].url, command("book_pickup", {}))).status_code == 422


async def test_an_outcome_can_be_looked_up(city: SimulatedPartners, http: httpx.AsyncClient) -> None:
    url, booking = city.partners["courier"].url, command("book_pickup")
    door = ClewDoor(http, url)
    assert (await door.look_up(booking)).outcome is Outcome.NOT_TAKEN
    taken = await hand_over(http, url, booking)
    assert (await door.look_up(booking)).acknowledgement == taken


@pytest.mark.parametrize("recall", ["recall_pickup", "cancel_order", "cancel_collection"])
async def test_what_is_taken_back_is_said_no_more(
    recall: str, city: SimulatedPartners, http: httpx.AsyncClient
) -> None:
    begun = {"recall_pickup": "book_pickup", "cancel_order": "place_order", "cancel_collection": "schedule_collection"}
    url = city.partners[ROLES[recall]].url
    taken_back = command(begun[recall], as_of=tomorrow())
    other = command(begun[recall], as_of=tomorrow(), visit=2)
    await hand_over(http, url, taken_back)
    waiting = city.state(ROLES[recall])["waiting"]
    await hand_over(http, url, other)
    await hand_over(http, url, cancelling(recall, taken_back))
    state = city.state(ROLES[recall])
    assert (state["dropped"], state["waiting"]) == (waiting, waiting)
    assert waiting > 0


@pytest.mark.parametrize("rate", [0.0, 1.0])
async def test_all_that_any_partner_can_say_can_be_read(
    rate: float, city_of: Cities, clew: FakeClew, http: httpx.AsyncClient
) -> None:
    rates = {"collection_fails": rate, "batch_rejected": rate, "shipment_delayed": rate, "logger_file": rate}
    async with city_of(rates=rates) as city:
        for name in ALL_COMMANDS:
            await hand_over(http, city.partners[ROLES[name]].url, command(name))
        await eventually(lambda: all(city.state(role)["waiting"] == 0 for role in city.partners))
        assert all(city.state(role)["rejected_events"] == 0 for role in city.partners)
    said = {event.type for event in clew.events}
    assert {"evidence.provided", "material.received", "manufacture.completed", "test.reported"} <= said
    assert {"conditioning.completed", "infusion.completed", "follow_up.completed", "milestone.reached"} <= said
    otherwise = {"collection.failed", "batch.rejected", "shipment.delayed"}
    usual = {"sample.collected", "batch.released"}
    assert (otherwise if rate else usual) <= said
    assert not said & (usual if rate else otherwise)
    assert bool(clew.readings) is bool(rate)
    assert all(COI in event.id or event.id.startswith("dock/") for event in clew.events)
