"""Our events are CloudEvents: others can read what we write, and we read what others write."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from sqlalchemy import select

from ledger.announced import as_cloud_event
from ledger.database import Database
from ledger.feed import FeedEntry
from ledger.tables import InboxRow
from schemas.events import read_event, write_event
from schemas.settings import Settings
from tests.api.clinic import BATCH, STRUCTURED, Clinic, away, booked, clinic, collected, withdrawn

STANDARD = Path(__file__).parents[3] / "shared" / "standards" / "cloudevents-1.0-json-schema.json"
TRACEPARENT = f"00-{'a' * 32}-{'b' * 16}-01"
EVENTS = [collected("ORD-1"), booked("SHIP-1", traceparent=TRACEPARENT), withdrawn("ORD-1")]

ENTRY = {"position": 42, "journey": "COI-1", "occurred_at": "2026-03-02T10:15:00.000000Z", "data": {"of": 'a "bag"'}}


def written(event: dict[str, Any]) -> dict[str, Any]:
    return write_event(read_event(event))


@pytest.mark.parametrize("event", EVENTS)
def test_what_we_write_is_read_back_the_same(event: dict[str, Any]) -> None:
    assert read_event(written(event)) == read_event(event)


@pytest.mark.parametrize("event", EVENTS)
def test_the_cloudevents_package_reads_what_we_write(event: dict[str, Any]) -> None:
    ours = written(event)
    message = HTTPMessage({"content-type": "application/cloudevents+json"}, json.dumps(ours).encode())
    read = from_structured(message, JSONFormat(), CloudEvent)
    assert (read.get_id(), read.get_source(), read.get_type()) == (ours["id"], ours["source"], ours["type"])
    assert read.get_data() == ours["data"]


def test_the_cloudevents_package_reads_what_is_sent_to_subscribers() -> None:
    entry = FeedEntry(42, "stage.began", json.dumps(ENTRY))
    message = HTTPMessage({"content-type": "application/cloudevents+json"}, as_cloud_event(entry).encode())
    theirs = from_structured(message, JSONFormat(), CloudEvent)
    assert (theirs.get_id(), theirs.get_type(), theirs.get_subject()) == ("42", "clew.entry.stage.began.v1", "COI-1")
    assert theirs.get_data() == ENTRY


@pytest.mark.parametrize("event", EVENTS)
def test_the_standards_schema_accepts_what_we_write(event: dict[str, Any]) -> None:
    if not STANDARD.exists():
        pytest.skip(f"the CloudEvents JSON schema is not beside the project ({STANDARD.name})")
    jsonschema_rs.validator_for(json.loads(STANDARD.read_text())).validate(written(event))


@pytest.mark.parametrize("mode", [to_structured, to_binary])
async def test_we_take_what_the_cloudevents_package_sends(desk: Clinic, mode: Any) -> None:
    message = mode(theirs(collected("SHIP-1")), JSONFormat())
    headers = {"content-type": "application/json"} | message.headers
    answer = await desk.http.post("/v1/events", content=message.body, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (202, "unmatched")


async def test_we_take_a_batch_whose_events_the_cloudevents_package_wrote(desk: Clinic) -> None:
    """The package has no batches: a batch is the array of its events."""
    written = [json.loads(to_structured(theirs(each), JSONFormat()).body) for each in EVENTS]
    answer = await desk.say(written)
    assert answer.status_code == 202, answer.text
    assert [each["id"] for each in answer.json()["items"]] == [each["id"] for each in EVENTS]


def theirs(sent: dict[str, Any]) -> CloudEvent:
    """The event as the package has it."""
    attributes = {name: value for name, value in sent.items() if name != "data"}
    return CloudEvent({**attributes, "time": read_event(sent).occurred_at}, sent["data"])


MODES = ["structured", "binary", "batch"]


async def say_in(desk: Clinic, mode: str, event: dict[str, Any], media: str = "application/json") -> httpx.Response:
    if mode == "binary":
        attributes = {f"ce-{name}": str(value) for name, value in event.items() if name != "data"}
        return await desk.say(event["data"], media, **attributes)
    return await desk.say([event] if mode == "batch" else event)


@pytest.mark.parametrize("mode", MODES)
async def test_in_every_mode_the_same_id_with_other_content_is_a_conflict(desk: Clinic, mode: str) -> None:
    assert (await say_in(desk, mode, booked("SHIP-1"))).status_code == 202
    assert (await say_in(desk, mode, booked("SHIP-1"))).status_code == 202
    answer = await say_in(desk, mode, booked("SHIP-1", time="2026-03-02T11:00:01Z"))
    assert (answer.status_code, answer.json()["code"]) == (409, "event_conflict")


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
@pytest.mark.parametrize("mode", MODES)
async def test_in_every_mode_a_body_over_one_megabyte_is_refused(desk: Clinic, mode: str, chunked: bool) -> None:
    event = booked("SHIP-1")
    event["data"]["note"] = "x" * 1_000_000
    body = event["data"] if mode == "binary" else [event] if mode == "batch" else event
    media = {"structured": STRUCTURED, "binary": "application/json", "batch": BATCH}[mode]
    attributes = {f"ce-{name}": str(value) for name, value in event.items() if name != "data"}
    raw = json.dumps(body).encode()
    headers = {"content-type": media, **(attributes if mode == "binary" else {})}
    answer = await desk.http.post("/v1/events", content=in_chunks(raw) if chunked else raw, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert (await desk.http.get("/v1/events")).json()["items"] == []


async def in_chunks(raw: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(raw), 100_000):
        yield raw[start : start + 100_000]


@pytest.mark.parametrize("media", ["application/vnd.hospital.v2+json", "Application/FHIR+JSON; charset=utf-8"])
async def test_json_under_another_name_is_json(desk: Clinic, media: str) -> None:
    binary = await say_in(desk, "binary", booked("SHIP-1"), media)
    structured = await say_in(desk, "structured", booked("SHIP-1", datacontenttype=media))
    assert (binary.status_code, structured.status_code) == (202, 202), (binary.text, structured.text)
    assert binary.json() == structured.json()
    async with desk.database.reading() as session:
        (row,) = (await session.execute(select(InboxRow))).scalars()
    assert row.body["datacontenttype"] == media.lower().split(";")[0], "the inbox keeps what was sent"


@pytest.mark.parametrize(
    "media", ["application/cloudevents+avro", "application/cloudevents-stream+json", "text/json", "a/b+json"]
)
async def test_an_event_format_or_data_that_is_not_json_is_refused(desk: Clinic, media: str) -> None:
    answer = await say_in(desk, "binary", booked("SHIP-1"), media)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_the_datas_type_is_said_once_and_no_attribute_twice(desk: Clinic) -> None:
    """HTTP binding 1.0.2, 3.1.1: with a `ce-datacontenttype` a message would say it twice."""
    attributes = [(f"ce-{name}", str(value)) for name, value in booked("SHIP-1").items() if name != "data"]
    for extra, pointer, code in (
        ("ce-datacontenttype", "/datacontenttype", "not_a_header"),
        ("ce-id", "/id", "given_twice"),
    ):
        headers = [*attributes, (extra, "application/json"), ("content-type", "application/json")]
        answer = await desk.http.post("/v1/events", content=b"{}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
        assert {(each["pointer"], each["code"]) for each in answer.json()["errors"]} == {(pointer, code)}


@pytest.mark.parametrize("spelt", ["evt-1", '"evt-1"', "evt%2D1", '"evt\\-1"', '"evt%2d1"'])
async def test_however_a_header_spells_it_an_event_is_the_same(desk: Clinic, spelt: str) -> None:
    """HTTP binding 1.0.2, 3.1.3.2: quotes are taken off first, then percent-encoding, once."""
    answer = await desk.http.post("/v1/events", **in_headers(collected("SHIP-1"), spelt))
    assert (answer.status_code, answer.json()["id"]) == (202, "evt-1")


async def test_quotes_that_are_percent_encoded_belong_to_the_value(desk: Clinic) -> None:
    answer = await desk.http.post("/v1/events", **in_headers(collected("SHIP-1"), "%22evt-1%22"))
    assert (answer.status_code, answer.json()["id"]) == (202, '"evt-1"')


async def test_a_header_that_is_no_utf8_is_refused_with_its_place(desk: Clinic) -> None:
    answer = await desk.http.post("/v1/events", **in_headers(collected("SHIP-1"), "evt%FF"))
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [("/id", "not_utf8")]


def in_headers(event: dict[str, Any], event_id: str) -> dict[str, Any]:
    """A request in binary mode, its id spelt as given."""
    attributes = {f"ce-{name}": value for name, value in event.items() if name != "data"} | {"ce-id": event_id}
    return {"json": event["data"], "headers": attributes}


async def test_a_sender_that_asks_first_is_told_that_it_may_send(desk: Clinic) -> None:
    asking = {"WebHook-Request-Origin": "events.hospital.example", "WebHook-Request-Rate": "120"}
    answer = await desk.http.request("OPTIONS", "/v1/events", headers=asking)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["WebHook-Allowed-Origin"] == "events.hospital.example"
    assert answer.headers["WebHook-Allowed-Rate"] == "*"
    assert "POST" in answer.headers["Allow"].split(", ")


@pytest.mark.parametrize("asked", ["events.hospital.example", "EVENTS.Hospital.example", "courier.example"])
async def test_only_senders_on_the_list_are_told_that_they_may_send(database: Database, asked: str) -> None:
    chosen = Settings(temporal_address="127.0.0.1:1", event_origins="events.hospital.example, courier.example")
    async with clinic(database, chosen, connect=away) as opened:
        answer = await opened.http.request("OPTIONS", "/v1/events", headers={"WebHook-Request-Origin": asked})
        assert answer.headers["WebHook-Allowed-Origin"] == asked
        stranger = {"WebHook-Request-Origin": f"not-{asked}", "WebHook-Request-Rate": "120"}
        answer = await opened.http.request("OPTIONS", "/v1/events", headers=stranger)
        assert answer.status_code == 200, "what it means is in the headers alone"
        assert not [name for name in answer.headers if name.startswith("webhook")]


async def test_a_callback_is_not_called_and_a_rate_that_is_none_is_refused(desk: Clinic) -> None:
    asking = {"WebHook-Request-Origin": "courier.example", "WebHook-Request-Callback": "http://127.0.0.1:9/confirm"}
    answer = await desk.http.request("OPTIONS", "/v1/events", headers=asking)
    assert answer.headers["WebHook-Allowed-Origin"] == "courier.example"
    for rate in ("0", "-1", "many"):
        answer = await desk.http.request("OPTIONS", "/v1/events", headers=asking | {"WebHook-Request-Rate": rate})
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


async def test_whoever_asks_without_a_name_is_promised_nothing(desk: Clinic) -> None:
    answer = await desk.http.request("OPTIONS", "/v1/events")
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("webhook")]
    unnamed = await desk.http.request("OPTIONS", "/v1/events", headers={"WebHook-Request-Origin": "two words"})
    assert (unnamed.status_code, unnamed.json()["code"]) == (422, "malformed")
