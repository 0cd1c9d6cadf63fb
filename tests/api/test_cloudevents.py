"""Our events are CloudEvents: others can read what we write, and we read what others write."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from ledger.announced import as_cloud_event
from ledger.feed import FeedEntry
from schemas.events import read_event, write_event
from tests.api.clinic import Clinic, booked, collected, withdrawn

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
    theirs = from_structured(message, JSONFormat(), CloudEvent)
    assert (theirs.get_id(), theirs.get_source(), theirs.get_type()) == (ours["id"], ours["source"], ours["type"])
    assert theirs.get_data() == ours["data"]


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
    sent = collected("SHIP-1")
    attributes = {name: value for name, value in sent.items() if name != "data"}
    event = CloudEvent({**attributes, "time": read_event(sent).occurred_at}, sent["data"])
    message = mode(event, JSONFormat())
    headers = {"content-type": "application/json"} | message.headers
    answer = await desk.http.post("/v1/events", content=message.body, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (202, "unmatched")


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


async def test_whoever_asks_without_a_name_is_promised_nothing(desk: Clinic) -> None:
    answer = await desk.http.request("OPTIONS", "/v1/events")
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("webhook")]
    unnamed = await desk.http.request("OPTIONS", "/v1/events", headers={"WebHook-Request-Origin": "two words"})
    assert (unnamed.status_code, unnamed.json()["code"]) == (422, "malformed")
