"""Loggers' files: taken whole or not at all, told once, judged by the lane's limits."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from ledger.excursions import LONGEST_GAP
from schemas.readings import MOST_MEASUREMENTS
from tests.api.clinic import Clinic
from tests.api.lanes import PICKED_UP, TEN_MINUTES, at, lane, received, row, rows


async def test_a_cool_shipment_is_told_nothing_of(ward: Clinic) -> None:
    ana = await lane(ward)
    receipt = await ana.taken(rows(4.8, 5.1, 4.9))
    assert (receipt["new"], receipt["repeated"], receipt["told"], receipt["unjudged"]) == (3, 0, [], [])
    shown = await ana.shown()
    assert shown["limits"] == {"min": 2.0, "max": 8.0} and shown["journey"] == ana.coi
    (summary,) = shown["summary"]
    assert (summary["count"], summary["least"], summary["greatest"]) == (3, 4.8, 5.1)
    assert summary["mean"] == pytest.approx(4.9333, abs=1e-3)
    assert [each["value"] for each in shown["items"]] == [4.8, 5.1, 4.9]


async def test_an_excursion_comes_into_the_journey_as_one_event(ward: Clinic) -> None:
    ana = await lane(ward)
    receipt = await ana.taken(rows(5, 8.5, 9.4, 7.9, 5))
    (excursion,) = receipt["excursions"]
    assert excursion["worst"] == 9.4
    assert [datetime.fromisoformat(excursion[name]) for name in ("started_at", "ended_at")] == [at(1), at(3)]
    (event,) = await ana.events()
    assert (event["id"], event["source"], event["subject"]) == (receipt["told"][0], "//clew/readings", "SHIP-1")


async def test_importing_again_or_in_pieces_has_one_effect(ward: Clinic) -> None:
    ana = await lane(ward)
    file = rows(5, 8.5, 9.4, 9.3, 7.9, 5)
    for piece in (file[:3], file, file[2:], list(reversed(file))):
        await ana.taken(piece)
    assert len(await ana.events()) == 1
    assert (await ana.shown())["summary"][0]["count"] == len(file)


@pytest.mark.parametrize(
    ("later", "told"),
    [((9.0, 5), 1), ((10.0, 5), 2), ((9.0, 9.0, 9.0, 9.0, 5), 2)],
    ids=["hardly worse", "a degree worse", "half an hour longer"],
)
async def test_a_known_excursion_is_told_again_only_when_it_is_worse(
    desk: Clinic, later: tuple[float, ...], told: int
) -> None:
    ana = await lane(desk)
    await ana.taken(rows(5, 9.0))
    await ana.taken(rows(*later, first=2))
    assert len(await ana.events()) == told
    await ana.taken(rows(*later, first=2))
    assert len(await ana.events()) == told


async def test_two_excursions_and_two_loggers_are_told_apart(desk: Clinic) -> None:
    ana = await lane(desk)
    await ana.taken(rows(9, 5, 1.2, 5))
    await ana.taken(rows(9, 5, 5, 5, device="LOGGER-8"))
    events = await ana.events()
    assert len(events) == 3
    assert {each["device"] for each in (await ana.shown())["excursions"]} == {"LOGGER-7", "LOGGER-8"}


async def test_what_the_logger_saw_before_the_pick_up_and_after_the_receipt_is_not_the_shipments(desk: Clinic) -> None:
    ana = await lane(desk)
    await desk.record(ana.coi, received(5, at(6)))
    receipt = await ana.taken([*rows(21, 20, first=-2), *rows(5, 5, 5, 5, 5, 5, 5), *rows(22, first=8)])
    assert (receipt["excursions"], receipt["told"]) == ([], [])


async def test_a_logger_that_was_silent_is_noticed(desk: Clinic) -> None:
    ana = await lane(desk)
    steps = LONGEST_GAP / TEN_MINUTES
    receipt = await ana.taken([row(0, 5), row(steps, 5), row(2 * steps + 1, 5)])
    (notice,) = receipt["notices"]
    assert notice["code"] == "logger_gap" and datetime.fromisoformat(notice["begins"]) == at(steps)


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", json.dumps(rows(5, 6))),
        ("application/x-ndjson", "\n".join(json.dumps(each) for each in rows(5, 6)) + "\n\n"),
        (
            "text/csv; charset=utf-8",
            "\ufeffdevice,at,value,shipment,material,vehicle\r\n"
            + "".join(f"LOGGER-7,{each['at']},{each['value']},SHIP-1,,van-3\r\n" for each in rows(5, 6)),
        ),
    ],
)
async def test_three_forms_say_the_same(desk: Clinic, media: str, body: str) -> None:
    ana = await lane(desk)
    answer = await desk.http.post("/v1/readings", content=body.encode(), headers={"content-type": media})
    assert (answer.status_code, answer.json()["new"]) == (200, 2), answer.text
    assert (await ana.taken(rows(5, 6)))["repeated"] == 2


async def test_another_value_for_the_same_moment_is_a_conflict_and_nothing_is_taken(ward: Clinic) -> None:
    ana = await lane(ward)
    await ana.taken(rows(5, 6))
    answer = await ana.send([row(7, 5), row(1, 6.5)])
    assert (answer.status_code, answer.json()["code"]) == (409, "reading_conflict")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/1"]
    within = await ana.send([row(8, 5), row(8, 5.5)])
    assert within.json()["code"] == "reading_conflict"
    assert (await ana.shown())["summary"][0]["count"] == 2


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"value": "warm"}, "/1/value"),
        ({"value": "NaN"}, "/1/value"),
        ({"value": "1_0"}, "/1/value"),
        ({"value": "7,9"}, "/1/value"),
        ({"value": True}, "/1/value"),
        ({"at": "yesterday"}, "/1/at"),
        ({"at": "2026-03-02T12:00:00"}, "/1/at"),
        ({"device": "Ana Lindqvist"}, "/1/device"),
        ({"shipment": None}, "/1"),
        ({"material": "BAG-1"}, "/1"),
        ({"unit": "[degF]"}, "/1"),
    ],
)
async def test_a_wrong_row_is_pointed_at_and_nothing_is_taken(
    desk: Clinic, wrong: dict[str, Any], pointer: str
) -> None:
    ana = await lane(desk)
    answer = await ana.send([row(0, 5), {**row(1, 5), **wrong}, row(2, 5)])
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert {each["pointer"] for each in answer.json()["errors"]} == {pointer}
    assert "Lindqvist" not in answer.text
    assert (await ana.shown())["summary"] == []


@pytest.mark.parametrize(
    ("media", "body", "status", "code"),
    [
        ("application/json", b"{}", 422, "malformed"),
        ("application/json", b"[", 422, "not_json"),
        ("application/x-ndjson", b"{}\nno\n", 422, "not_json"),
        ("text/csv", b"", 422, "malformed"),
        ("text/csv", b"a,b\n1,2\n", 422, "malformed"),
        ("text/csv", b"device,at,value\n\xff", 422, "malformed"),
        ("text/csv", b'device,at,value\n"a', 422, "malformed"),
        # A decimal comma makes two cells of one number.
        ("text/csv", b"device,shipment,at,value\nL1,SHIP-1,2026-03-02T12:00:00Z,7,9\n", 422, "malformed"),
        ("text/csv", b"device,shipment,at,unit,value\nL1,SHIP-1,2026-03-02T12:00:00Z,Cel,-151,2\n", 422, "malformed"),
        ("text/csv", b"device,shipment,at,value,value\nL1,SHIP-1,2026-03-02T12:00:00Z,7,9\n", 422, "malformed"),
        ("application/xml", b"<r/>", 415, "unsupported_media_type"),
    ],
)
async def test_what_is_no_list_of_readings_is_refused_by_name(
    desk: Clinic, media: str, body: bytes, status: int, code: str
) -> None:
    await lane(desk)
    answer = await desk.http.post("/v1/readings", content=body, headers={"content-type": media})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_line_that_is_wrong_is_named_by_its_number(desk: Clinic) -> None:
    table = (
        b"device,at,value,shipment\nLOGGER-7,2026-03-02T12:00:00Z,5,SHIP-1\nLOGGER-7,2026-03-02T12:10:00Z,warm,SHIP-1\n"
    )
    answer = await desk.http.post("/v1/readings", content=table, headers={"content-type": "text/csv"})
    (flaw,) = answer.json()["errors"]
    assert (flaw["pointer"], flaw["line"]) == ("/1/value", 3)


async def test_a_row_that_is_too_long_is_named_by_its_number(desk: Clinic) -> None:
    await lane(desk)
    table = (
        b"device,shipment,at,value\nLOGGER-7,SHIP-1,2026-03-02T12:00:00Z,5\nLOGGER-7,SHIP-1,2026-03-02T12:10:00Z,7,9\n"
    )
    answer = await desk.http.post("/v1/readings", content=table, headers={"content-type": "text/csv"})
    (flaw,) = answer.json()["errors"]
    assert (flaw["pointer"], flaw["line"], flaw["code"]) == ("/1", 3, "too_many_cells")
    assert "decimal point" in flaw["detail"]


async def test_readings_of_what_nobody_knows_are_not_taken(ward: Clinic) -> None:
    ana = await lane(ward)
    for name, code in (("shipment", "unknown_shipment"), ("material", "unknown_material")):
        reading = {**row(1, 5), "shipment": None, name: "NOWHERE"}
        answer = await ana.send([row(0, 5), reading])
        assert (answer.status_code, answer.json()["code"]) == (404, code)
        assert [each["pointer"] for each in answer.json()["errors"]] == [f"/1/{name}"]
    # A bag is no shipment, whatever it is called.
    assert (await ana.send([{**row(0, 5), "shipment": "BAG-1"}])).json()["code"] == "unknown_shipment"
    assert (await ward.http.get("/v1/shipments/NO%2FWHERE/readings")).json()["code"] == "unknown_shipment"
    assert (await ana.shown())["summary"] == []


async def test_thousands_are_taken_at_once_and_one_too_many_is_refused(ward: Clinic) -> None:
    ana = await lane(ward)
    lines = [f"L,{(PICKED_UP + timedelta(seconds=number)).isoformat()},5,SHIP-1" for number in range(MOST_MEASUREMENTS)]
    table = "\n".join(["device,at,value,shipment", *lines])
    sent = {"content": table.encode(), "headers": {"content-type": "text/csv"}}
    first, again = [await ward.http.post("/v1/readings", **sent) for _ in range(2)]  # type: ignore[arg-type]
    assert (first.json()["new"], again.json()["repeated"]) == (MOST_MEASUREMENTS, MOST_MEASUREMENTS)
    one_more = f"{table}\nL,2027-01-01T00:00:00Z,5,SHIP-1"
    refused = await ward.http.post("/v1/readings", content=one_more.encode(), headers={"content-type": "text/csv"})
    assert refused.status_code == 422
    pages = await ana.shown(limit=200)
    following = await ana.shown(limit=200, cursor=pages["next"])
    assert len(pages["items"]) == 200 and pages["items"][-1]["at"] < following["items"][0]["at"]


async def test_a_custodians_worst_reading_is_shown(ward: Clinic) -> None:
    ana = await lane(ward)
    await ana.taken(rows(3.1, 6.4, 1.5))
    freezer = {
        "device": "FRIDGE-1",
        "at": (PICKED_UP - timedelta(hours=1)).isoformat(),
        "value": 4.2,
        "material": "BAG-1",
    }
    await ana.taken([freezer])
    items = (await ward.http.get(f"/v1/journeys/{ana.coi}/custody")).json()["items"]
    centre, courier = items
    assert (centre["coldest"], centre["warmest"], centre["worst"]) == (4.2, 4.2, None)
    assert (courier["coldest"], courier["warmest"], courier["worst"]) == (1.5, 6.4, 1.5)


async def test_custody_and_genealogy_are_shown_and_what_is_unknown_is_said_so(ward: Clinic) -> None:
    ana = await lane(ward)
    path = f"/v1/journeys/{ana.coi}"
    moment = (PICKED_UP - timedelta(hours=1)).isoformat()
    (there,) = (await ward.http.get(f"{path}/custody", params={"at": moment})).json()["items"]
    assert (there["role"], there["party"], there["until"][:13]) == (
        "collection_centre",
        "apheresis-east",
        "2026-03-02T12",
    )
    graph = (await ward.http.get(f"{path}/genealogy")).json()
    assert [(each["child"], each["parent"]) for each in graph["edges"]] == [("BAG-1", "DIN-1")]
    up = (await ward.http.get("/v1/materials/BAG-1/ancestors")).json()
    down = (await ward.http.get("/v1/materials/DIN-1/descendants")).json()
    assert up["edges"] == down["edges"] == graph["edges"]
    assert {each["id"]: each["form"] for each in down["nodes"]} == {"DIN-1": "collection", "BAG-1": "container"}
    for unknown, code in (
        ("/v1/journeys/CLEW/custody", "unknown_journey"),
        ("/v1/journeys/CLEW/genealogy", "unknown_journey"),
        ("/v1/materials/NO/WHERE/ancestors", "unknown_material"),
    ):
        answer = await ward.http.get(unknown)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert (await ward.http.get(f"{path}/custody", params={"at": "noon"})).json()["code"] == "malformed"
