"""What partners send: what is taken, what is refused and how they are told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from tests.api.clinic import STRUCTURED, Clinic, away, booked, clinic, collected


async def test_an_event_for_a_known_journey_is_acknowledged_with_its_place(ward: Clinic) -> None:
    coi = await ward.patient()
    answer = await ward.say(collected(coi))
    assert answer.status_code == 202
    assert answer.json() == {
        "source": "//hospital.example/apheresis",
        "id": "evt-1",
        "status": "received",
        "journey": coi,
        "links": {"self": answer.headers["location"], "journey": f"/v1/journeys/{coi}"},
    }
    kept = await ward.http.get(answer.headers["location"])
    assert (kept.json()["status"], kept.json()["journey"]) == ("received", coi)


@pytest.mark.parametrize("source", ["a", "//host.example/a/b", "urn:x:y?z#q", "a%2Fb", "../events", "ab+c&d=e"])
@pytest.mark.parametrize("event_id", ["1", "a/b", "50%", "x?y"])
async def test_a_location_leads_back_to_its_event_whatever_is_in_its_name(
    desk: Clinic, source: str, event_id: str
) -> None:
    answer = await desk.say(booked("SHIP-1", event_id, source=source))
    kept = await desk.http.get(answer.headers["location"])
    assert (kept.status_code, kept.json()["source"], kept.json()["id"]) == (200, source, event_id)


async def test_binary_mode_says_the_same_as_structured(ward: Clinic) -> None:
    event = collected(await ward.patient())
    attributes = {f"ce-{name}": value for name, value in event.items() if name != "data"}
    binary = await ward.say(event["data"], "application/json; charset=utf-8", **attributes)
    structured = await ward.say(event, f"{STRUCTURED}; charset=UTF-8")
    assert (binary.status_code, structured.status_code) == (202, 202)
    assert binary.json() == structured.json()


async def test_a_batch_is_taken_whole_and_answered_one_by_one(ward: Clinic) -> None:
    coi = await ward.patient()
    answer = await ward.say([collected(coi), booked("SHIP-1")])
    assert answer.status_code == 202
    assert [each["status"] for each in answer.json()["items"]] == ["received", "unmatched"]


async def test_a_batch_with_one_bad_event_is_refused_whole(ward: Clinic) -> None:
    bad = collected("ORD-1", "evt-3")
    del bad["data"]["donation"]
    answer = await ward.say([booked("SHIP-1"), bad])
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/1/data/donation"]
    assert (await ward.http.get("/v1/events")).json()["items"] == []


async def test_a_batch_with_a_contradiction_is_refused_whole(ward: Clinic) -> None:
    await ward.say(booked("SHIP-1"))
    answer = await ward.say([collected("SHIP-1"), booked("SHIP-2")])
    assert (answer.status_code, answer.json()["code"]) == (409, "event_conflict")
    assert [each["id"] for each in (await ward.http.get("/v1/events")).json()["items"]] == ["evt-2"]


async def test_an_empty_batch_is_no_error(desk: Clinic) -> None:
    answer = await desk.say([])
    assert (answer.status_code, answer.json()) == (202, {"items": []})


def _without(name: str) -> dict[str, Any]:
    event = collected("ORD-1")
    del event[name]
    return event


@pytest.mark.parametrize(
    ("bag", "place"),
    [
        ({"tnc": "Infinity"}, "/data/containers/0/tnc"),
        ({"tnc": "nan"}, "/data/containers/0/tnc"),
        ({"tnc": 1, "cd3": 1, "amounts": [{"code": f"c{n}", "value": 1, "unit": "mL"} for n in range(19)]}, "/data"),
    ],
)
async def test_a_bag_that_could_not_be_recorded_is_refused_at_the_door(
    desk: Clinic, bag: dict[str, Any], place: str
) -> None:
    event = collected("ORD-1")
    event["data"] = {**event["data"], "containers": [{"id": "BAG-1", **bag}]}
    answer = await desk.say(event)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert any(each["pointer"].startswith(place) for each in answer.json()["errors"])


@pytest.mark.parametrize(
    ("event", "place"),
    [
        (_without("specversion"), "/specversion"),
        (_without("source"), "/source"),
        (_without("id"), "/id"),
        (_without("subject"), "/subject"),
        (_without("time"), "/time"),
        (_without("data"), "/data/donation"),
        (collected("ORD-1", specversion="0.3"), "/specversion"),
        (collected("Jane Doe"), "/subject"),
        (collected("ORD-1", time="yesterday"), "/time"),
        (collected("ORD-1", time="0001-01-01T00:00:00+14:00"), "/time"),
        (collected("ORD-1", id="x" * 121), "/id"),
        (collected("ORD-1", data=[1]), "/data"),
        (collected("ORD-1", data_base64="AAAA"), "/data_base64"),
        (collected("ORD-1", traceparent="nonsense"), "/traceparent"),
        (["not an object"], "/0"),
    ],
)
async def test_a_malformed_event_is_refused_with_a_pointer_to_the_flaw(desk: Clinic, event: Any, place: str) -> None:
    answer = await desk.say(event)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert answer.headers["content-type"] == "application/problem+json"
    assert place in [each["pointer"] for each in answer.json()["errors"]]


@pytest.mark.parametrize(
    "wire", ["clew.sample.eaten.v1", "clew.sample.collected.v2", "sample.collected", "com.example.x"]
)
async def test_an_event_of_an_unknown_type_is_refused(desk: Clinic, wire: str) -> None:
    answer = await desk.say(collected("ORD-1", type=wire))
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_event_type")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/type"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b"\xff\xfe\x00",
        b"[" * 20_000,
    ],
)
async def test_what_is_not_json_is_refused_and_never_a_defect(ward: Clinic, body: bytes) -> None:
    answer = await ward.http.post("/v1/events", content=body, headers={"content-type": STRUCTURED})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_json")


@pytest.mark.parametrize("media", ["text/plain", "application/xml", f"{STRUCTURED}; charset=utf-16", "nonsense"])
async def test_another_content_type_is_refused(desk: Clinic, media: str) -> None:
    answer = await desk.say(collected("ORD-1"), media)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_body_over_one_megabyte_is_refused(desk: Clinic) -> None:
    answer = await desk.say(collected("ORD-1", note="x" * 1_000_000))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/events", "/v1/journeys", "/v1/protocols"])
async def test_a_body_without_a_length_is_measured_as_it_comes(desk: Clinic, path: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 100_000

    answer = await desk.http.post(path, content=chunks(), headers={"content-type": STRUCTURED})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_an_event_sent_twice_is_one_event(ward: Clinic) -> None:
    event = booked("SHIP-1")
    first, second = await ward.say(event), await ward.say(event)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert len((await ward.http.get("/v1/events")).json()["items"]) == 1


async def test_the_same_id_with_other_content_is_a_conflict(ward: Clinic) -> None:
    await ward.say(booked("SHIP-1"))
    answer = await ward.say(booked("SHIP-1", time="2026-03-02T11:00:01Z"))
    assert (answer.status_code, answer.json()["code"]) == (409, "event_conflict")


async def test_the_same_event_in_another_trace_is_no_contradiction(ward: Clinic) -> None:
    await ward.say(booked("SHIP-1"))
    again = await ward.say(booked("SHIP-1"), traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    assert again.status_code == 202


async def test_many_at_the_same_moment_are_all_kept_once(ward: Clinic) -> None:
    """Half of them are sent twice, and two say contradicting things under one id: they share transactions."""
    events = [booked("SHIP-1", f"evt-{number % 20}") for number in range(40)]
    contradicting = booked("SHIP-1", "evt-7", time="2026-03-02T11:00:01Z")
    answers = await asyncio.gather(*(ward.say(each) for each in [*events, contradicting]))
    assert sorted(each.status_code for each in answers) == [202] * 40 + [409]
    assert len((await ward.http.get("/v1/events", params={"limit": 200})).json()["items"]) == 20


async def test_two_processes_that_take_the_same_event_agree(ward: Clinic) -> None:

    async with clinic(ward.database, connect=away) as other:
        events = [booked("SHIP-1", f"evt-{number}") for number in range(10)]
        answers = await asyncio.gather(*(each.say(event) for event in events for each in (ward, other)))
    assert {each.status_code for each in answers} == {202}
    assert len((await ward.http.get("/v1/events")).json()["items"]) == 10


async def test_an_event_nobody_knows_is_kept_and_shown_until_a_person_gives_it_up(ward: Clinic) -> None:
    answer = await ward.say(booked("SHIP-88"))
    assert (answer.status_code, answer.json()["status"]) == (202, "unmatched")
    shown = await ward.http.get("/v1/events", params={"status": "unmatched"})
    assert [each["id"] for each in shown.json()["items"]] == ["evt-2"]

    given_up = await ward.http.post("/v1/events/dismiss", json=_dismissal("evt-2"))
    assert given_up.status_code == 200
    assert (given_up.json()["status"], given_up.json()["decided_by"]) == ("dismissed", "coordinator-4")
    assert (await ward.http.post("/v1/events/dismiss", json=_dismissal("evt-2"))).status_code == 200
    assert (await ward.say(booked("SHIP-88"))).json()["status"] == "dismissed"
    (entry,) = (await ward.http.get("/v1/feed", params={"type": "event.dismissed"})).json()["items"]
    assert (entry["journey"], entry["actor"]) == ("operations/inbox", "coordinator-4")
    assert entry["data"]["event"] == "evt-2"


@pytest.mark.parametrize("what", ["release", "dismiss"])
async def test_nobody_decides_on_an_event_before_its_journey_has_judged_it(ward: Clinic, what: str) -> None:
    await ward.patient("ORD-1")
    await ward.say(booked("ORD-1", "evt-3"))
    refused = await ward.http.post(f"/v1/events/{what}", json=_dismissal("evt-3"))
    assert (refused.status_code, refused.json()["code"]) == (409, "event_pending")
    unknown = await ward.http.post(f"/v1/events/{what}", json=_dismissal("evt-99"))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_event")


async def test_an_event_nobody_knows_is_not_released_but_matched_or_given_up(ward: Clinic) -> None:
    await ward.say(booked("SHIP-88"))
    refused = await ward.http.post("/v1/events/release", json=_dismissal("evt-2"))
    assert (refused.status_code, refused.json()["code"]) == (409, "event_pending")


async def test_events_come_in_pages_that_new_events_do_not_shift(ward: Clinic) -> None:
    for number in range(5):
        await ward.say(booked("SHIP-1", f"evt-{number}"))
    first = (await ward.http.get("/v1/events", params={"limit": 2})).json()
    await ward.say(booked("SHIP-1", "evt-new"))
    rest = await _all_pages(ward, "/v1/events", {"limit": 2, "cursor": first["next"]})
    assert [each["id"] for each in [*first["items"], *rest]] == ["evt-4", "evt-3", "evt-2", "evt-1", "evt-0"]


async def test_events_are_found_by_status_journey_and_type(ward: Clinic) -> None:
    coi = await ward.patient()
    await ward.say([collected(coi), booked("SHIP-1")])
    for query in ({"journey": coi}, {"type": "sample.collected"}, {"status": "received"}):
        found = (await ward.http.get("/v1/events", params=query)).json()["items"]
        assert [each["id"] for each in found] == ["evt-1"]


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJldmVudHMiXQ", "eyJhIjoxfQ", "ÄÖ", "W251bGxd"])
async def test_a_cursor_of_ones_own_making_is_refused(desk: Clinic, cursor: str) -> None:
    answer = await desk.http.get("/v1/events", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


async def test_a_cursor_of_another_list_is_refused(desk: Clinic) -> None:
    await desk.patient("ORD-1"), await desk.patient("ORD-2")
    cursor = (await desk.http.get("/v1/journeys", params={"limit": 1})).json()["next"]
    answer = await desk.http.get("/v1/events", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"status": "eaten"}, {"journey": "x"}, {"type": "X"}])
async def test_a_filter_that_cannot_be_is_refused(desk: Clinic, query: dict[str, Any]) -> None:
    answer = await desk.http.get("/v1/events", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert answer.json()["errors"][0]["pointer"] == f"/query/{next(iter(query))}"


@pytest.mark.parametrize("path", ["nobody/evt-1", "a%00b/evt-1", "nobody/%00", "%ff/%ff"])
async def test_an_event_nobody_sent_is_unknown(ward: Clinic, path: str) -> None:
    answer = await ward.http.get(f"/v1/events/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_event")


async def test_nothing_is_acknowledged_that_is_not_stored(desk: Clinic) -> None:
    """The table is gone: whatever the reason, the sender must not be told 202."""
    async with desk.database.writing() as session:
        await session.execute(text("ALTER TABLE inbox RENAME TO elsewhere"))
    answer = await desk.say(booked("SHIP-1"))
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
        503,
        "ledger_unavailable",
        "2",
    )


def _dismissal(event_id: str) -> dict[str, str]:
    return {"source": "//courier.example", "id": event_id, "by": "coordinator-4", "reason": "wrong_recipient"}


async def _all_pages(ward: Clinic, path: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    while query["cursor"] is not None:
        page = (await ward.http.get(path, params=query)).json()
        items += page["items"]
        query = {**query, "cursor": page["next"]}
    return items
