"""Readings are judged while the courier has the shipment, under whatever name it goes, and silence is told."""

from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from ledger.excursions import LONGEST_GAP
from ledger.tables import JourneyRow
from schemas.facts import Fact
from tests.api.clinic import Clinic
from tests.api.lanes import PICKED_UP, TEN_MINUTES, at, booked, lane, moved, picked_up, received, row, rows

STEPS = LONGEST_GAP / TEN_MINUTES
SSCC = "106141412345678908"
WAYBILL = ({"kind": "shipment", "value": "WAYBILL-9", "names": "SHIP-1"},)
LOGISTIC_UNIT = tuple({"kind": "sscc", "value": each, "names": "SHIP-1"} for each in (SSCC, f"00{SSCC}"))


def assigned(seq: int, lines: Iterable[dict[str, str]]) -> Fact:
    named = moved(seq, "identifier.assigned", PICKED_UP, "available", "collection_centre")
    data = {**named.data, "materials": [], "identifiers": list(lines), "said": {"value": "WAYBILL-9"}}
    return named.model_copy(update={"data": data})


def told_as(fact: Fact, name: str) -> Fact:
    """The courier says its own name for the shipment, and the journey reads ours."""
    data = {**fact.data, "read_as": {name: "SHIP-1"}, "said": {**fact.data["said"], "reference": name}}
    return fact.model_copy(update={"data": data})


async def test_nothing_is_told_of_a_shipment_that_nobody_has_picked_up(ward: Clinic) -> None:
    """The logger on the bench is read before the courier's word of the pick-up is in."""
    ana = await lane(ward, *booked())
    receipt = await ana.taken([*rows(21, 20, first=-2), *rows(5, 5)])
    assert (receipt["new"], receipt["excursions"], receipt["notices"], receipt["told"]) == (4, [], [], [])
    await ward.record(ana.coi, picked_up())
    assert await ana.events() == []


async def test_what_was_read_before_the_word_of_the_pick_up_is_told_with_it(ward: Clinic) -> None:
    ana = await lane(ward, *booked())
    await ana.taken([*rows(21, first=-1), *rows(5, 21, 5)])
    await ward.record(ana.coi, picked_up())
    (event,) = await ana.events()
    (excursion,) = (await ana.shown())["excursions"]
    assert (event["subject"], excursion["worst"], event["status"]) == ("SHIP-1", 21, "received")
    await ward.record(ana.coi, picked_up())
    await ward.record(ana.coi, received(5, at(3)))
    assert len(await ana.events()) == 1


@pytest.mark.parametrize("name", ["SHIP-1", "WAYBILL-9", SSCC, f"00{SSCC}", "urn:epc:id:sscc:0614141.1234567890"])
async def test_a_shipment_is_judged_under_whichever_of_its_names(ward: Clinic, name: str) -> None:
    names = assigned(4, (*WAYBILL, *LOGISTIC_UNIT))
    ana = await lane(ward, *booked(), names, told_as(picked_up(5), "WAYBILL-9"))
    file = [{**each, "shipment": name} for each in [*rows(21, first=-1), *rows(5, 25, 5)]]
    receipt = await ana.taken(file)
    assert (receipt["unjudged"], [each["worst"] for each in receipt["excursions"]]) == ([], [25])
    shown = await ana.shown(name)
    assert (shown["shipment"], shown["summary"][0]["count"]) == ("SHIP-1", 4)
    again = await ana.taken([*rows(21, first=-1), *rows(5, 25, 5)])
    assert (again["repeated"], len(await ana.events())) == (4, 1)


async def test_a_name_for_a_bag_is_no_name_for_a_shipment(ward: Clinic) -> None:
    bag = assigned(4, [{"kind": "sscc", "value": SSCC, "names": "BAG-1"}])
    ana = await lane(ward, *booked(), bag, picked_up(5))
    refused = (await ana.send([row(0, 5, shipment=SSCC)])).json()
    assert (refused["code"], refused["retry_can_help"], "later" in refused["detail"]) == (
        "unknown_shipment",
        False,
        False,
    )


async def test_a_bags_own_readings_are_judged_while_the_courier_has_it(ward: Clinic) -> None:
    other = {"kind": "container", "value": "DIN-1-A", "names": "BAG-1"}
    ana = await lane(ward, *booked(), assigned(4, [other]), picked_up(5), received(6, at(3)))
    for name, values in (("BAG-1", (5.0, 25.0)), ("DIN-1-A", (5.0, 21.0))):
        number = 0 if name == "BAG-1" else 2
        some = [{**each, "shipment": None, "material": name} for each in rows(*values, first=number)]
        receipt = await ana.taken(some)
        assert [each["worst"] for each in receipt["excursions"]] == [25]
    again = [{**each, "shipment": None, "material": "BAG-1"} for each in rows(5, 21, first=2)]
    assert (await ana.taken(again))["repeated"] == 2
    (event,) = await ana.events()
    assert event["subject"] == "SHIP-1"


async def test_one_logger_in_a_shared_box_measures_for_all_that_is_in_it(ward: Clinic) -> None:
    """It has one value at a moment, of whatever it is told."""
    ana = await lane(ward)
    of_bag = [{**each, "shipment": None, "material": "BAG-1"} for each in rows(5, 6)]
    assert [(await ana.taken(some))["new"] for some in (rows(5, 6), of_bag, of_bag, [*rows(5), *of_bag])] == [
        2,
        2,
        0,
        0,
    ]
    assert (await ana.send([{**of_bag[0], "value": 5.5}])).json()["code"] == "reading_conflict"
    assert [each["count"] for each in (await ana.shown())["summary"]] == [2]


def silences(notices: list[dict[str, Any]]) -> list[tuple[str | None, str, str]]:
    return [(each["device"], each["begins"][:16], each["ends"][:16]) for each in notices]


@pytest.mark.parametrize(
    ("spoke", "silent"),
    [
        ([0, 1, 2, 3], [(3, 10)]),
        ([7, 8, 9, 10], [(0, 7)]),
        ([4, 5], [(0, 4), (5, 10)]),
        ([3, 6, 9], []),
    ],
    ids=["before the receipt", "after the pick-up", "on both sides", "not for long"],
)
async def test_a_logger_that_is_silent_at_an_end_is_noticed(
    desk: Clinic, spoke: list[int], silent: list[tuple[int, int]]
) -> None:
    ana = await lane(desk, *booked(), picked_up(), received(5, at(10)))
    receipt = await ana.taken([row(number, 5) for number in spoke])
    expected = [("LOGGER-7", at(one).isoformat()[:16], at(other).isoformat()[:16]) for one, other in silent]
    assert silences(receipt["notices"]) == expected and STEPS == 3


async def test_a_way_on_which_no_logger_spoke_is_noticed(desk: Clinic) -> None:
    ana = await lane(desk)
    assert (await ana.shown())["notices"] == []
    await desk.record(ana.coi, received(5, at(10)))
    assert silences((await ana.shown())["notices"]) == [(None, at(0).isoformat()[:16], at(10).isoformat()[:16])]


async def test_in_time_lapse_a_silence_and_a_growth_are_as_much_shorter(desk: Clinic) -> None:
    ana = await lane(desk)
    async with desk.database.writing() as session:
        await session.execute(update(JourneyRow).where(col(JourneyRow.coi) == ana.coi).values(time_lapse=10))
    receipt = await ana.taken([row(0, 5), row(0.3, 5), row(0.6, 5), row(1, 9.0)])
    assert silences(receipt["notices"]) == [("LOGGER-7", at(0.6).isoformat()[:16], at(1).isoformat()[:16])]
    await ana.taken([row(1.2, 9.0)])
    assert len(await ana.events()) == 1
    await ana.taken([row(1.3, 9.0)])
    assert len(await ana.events()) == 2


async def test_readings_are_judged_until_the_last_of_a_shipment_was_received(desk: Clinic) -> None:
    """One bag is received, the other is still on the lorry."""
    twice = picked_up()
    (bag,) = twice.data["materials"]
    twice = twice.model_copy(update={"data": {**twice.data, "materials": [bag, {**bag, "id": "BAG-2"}]}})
    ana = await lane(desk, *booked(), twice, received(5, at(2)))
    await ana.taken(rows(5, 5, 5, 12))
    assert len(await ana.events()) == 1
