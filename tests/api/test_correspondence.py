"""Partners that speak forms of their own: their messages are verified, kept whole, and become events."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlmodel import col
from structlog.testing import capture_logs

from ledger.tables import EntryRow, MessageRow
from ledger.verify import verify
from schemas.settings import Settings
from telemetry import metrics
from tests.api.clinic import Clinic, away, clinic
from tests.api.neighbours import DOCUMENTS, SECRET, SHIPPED, Correspondent, keep_secrets, publish, sample, signed

EVENTS = {
    "swiftcold": [("shipment.picked_up", "SC-4471-PU-3", "2026-03-02T12:40:00Z")],
    "assayhub": [
        ("test.reported", "REP-20260318-7/sterility/1", "2026-03-18T12:00:00Z"),
        ("test.reported", "REP-20260318-7/viability/1", "2026-03-18T12:01:00Z"),
    ],
    "cellforge": [
        ("manufacture.started", "LOT-1.s1", "2026-03-04T08:15:00Z"),
        ("manufacture.step_completed", "LOT-1.s2", "2026-03-05T08:00:00Z"),
        ("manufacture.completed", "LOT-1.s3", "2026-03-14T16:30:00Z"),
    ],
    "fhir-r4": [("milestone.reached", "sr-8842/3", "2026-03-20T06:45:00.120000Z")],
}

NAME = "Jane Doe"

FIFTH = """\
connector: tempguard
version: 1
title: A logger that shouts when it is too warm
inbound:
  verify: {by: api_key, secret: webhook, header: X-Key}
  each: message.alarms
  events:
    - type: shipment.excursion
      id: text(item.no)
      subject: message.awb
      time: epoch_seconds(item.at)
      data: {reference: message.awb, started_at: epoch_seconds(item.at), worst: fahrenheit(item.f)}
"""


@pytest.fixture
async def ward(database: Any, tmp_path: Path) -> AsyncIterator[Clinic]:
    """A clinic whose partners have secrets."""
    keep_secrets(tmp_path, {"coldline": {"webhook": [SECRET]}})
    async with clinic(database, Settings(home=tmp_path), connect=away) as opened:
        await opened.ready()
        yield opened


async def events(clinic_: Clinic) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await clinic_.http.get("/v1/events")).json()["items"]
    return found


async def rows(clinic_: Clinic) -> int:
    async with clinic_.database.reading() as session:
        return (await session.execute(select(func.count()).select_from(MessageRow))).scalar_one()


def unreadable() -> dict[str, Any]:
    """A scan at a time that is none."""
    return {**sample("swiftcold"), "local_time": "this morning"}


@pytest.mark.parametrize("name", SHIPPED)
async def test_a_message_becomes_the_events_that_it_holds(ward: Clinic, name: str) -> None:
    partner = Correspondent(ward, name)
    await partner.joins()
    coi = await ward.patient("ORD-1")
    answer = await partner.sends(sample(name))
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "mapped"
    found = {each["id"]: each for each in await events(ward)}
    assert set(found) == {event_id for _, event_id, _ in EVENTS[name]}
    for kind, event_id, moment in EVENTS[name]:
        event = found[event_id]
        assert (event["type"], event["source"]) == (kind, f"//{name}/coldline")
        assert datetime.fromisoformat(event["occurred_at"]) == datetime.fromisoformat(moment)
        assert event["journey"] == (None if name == "assayhub" else coi)
    assert (await ward.http.get(answer.headers["location"])).json()["status"] == "mapped"


async def test_a_fifth_partner_is_a_file_and_no_python(ward: Clinic) -> None:
    partner = Correspondent(ward, "tempguard")
    await partner.joins(FIFTH)
    alarms = [{"no": 7, "at": 1772445600, "f": 59}, {"no": 8, "at": 1772446200, "f": 50}]
    answer = await partner.sends({"awb": "SHIP-88", "alarms": alarms}, {"x-key": SECRET})
    assert answer.json()["events"] == [["//tempguard/coldline", "7"], ["//tempguard/coldline", "8"]]
    assert {each["type"] for each in await events(ward)} == {"shipment.excursion"}


async def test_a_value_that_no_json_can_say_is_quarantined(ward: Clinic) -> None:
    partner = Correspondent(ward, "tempguard")
    await partner.joins(FIFTH.replace("fahrenheit(item.f)", "'times(item.f, `1e308`)'"))
    alarm = {"no": 7, "at": 1772445600, "f": 1e10}
    answer = await partner.sends({"awb": "SHIP-88", "alarms": [alarm]}, {"x-key": SECRET})
    assert (answer.status_code, answer.json()["reason"]) == (202, "unmapped")


async def test_a_message_that_says_nothing_we_need_is_mapped_to_nothing(ward: Clinic) -> None:
    partner = Correspondent(ward, "swiftcold")
    await partner.joins()
    answer = await partner.sends(sample("swiftcold") | {"status": "SORTED"})
    assert (answer.json()["status"], answer.json()["events"]) == ("mapped", [])
    assert await events(ward) == []


@pytest.mark.parametrize("name", ["swiftcold", "assayhub", "cellforge", "fhir-r4"])
async def test_who_cannot_prove_it_is_turned_away_and_leaves_nothing(ward: Clinic, name: str) -> None:
    partner, body = Correspondent(ward, name), json.dumps(sample(name)).encode()
    await partner.joins()
    refused = metrics.MESSAGES_REFUSED.labels("signature_invalid")._value
    before = refused.get()
    stale = datetime.now(UTC) - timedelta(minutes=6)
    forged = [{}, signed(name, body, "c29tZW9uZSBlbHNl"), dict.fromkeys(signed(name, body), "é")]
    forged += [signed(name, body, at=stale)] if name in {"swiftcold", "assayhub"} else []
    forged += [signed(name, body + b" ")] if name != "cellforge" else []
    for proof in forged:
        answer = await ward.http.post(
            "/v1/partners/coldline/messages",
            content=body,
            headers=[(key.encode(), value.encode()) for key, value in proof.items()],
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid"), proof
        assert answer.headers["www-authenticate"]
    assert (refused.get() - before, await rows(ward), await events(ward)) == (len(forged), 0, [])


async def test_a_secret_is_changed_without_a_gap_and_without_a_restart(ward: Clinic, tmp_path: Path) -> None:
    partner, body = Correspondent(ward, "swiftcold"), json.dumps(sample("swiftcold")).encode()
    await partner.joins()
    assert (await partner.sends(body, signed("swiftcold", body, "bmV3"))).status_code == 401
    keep_secrets(tmp_path, {"coldline": {"webhook": ["bmV3", SECRET]}})
    for secret in ("bmV3", SECRET):
        assert (await partner.sends(body, signed("swiftcold", body, secret))).status_code == 202
    keep_secrets(tmp_path, {"coldline": {"webhook": ["bmV3"]}})
    assert (await partner.sends(body)).status_code == 401


async def test_without_a_secret_nothing_is_believed(ward: Clinic, tmp_path: Path) -> None:
    partner = Correspondent(ward, "swiftcold")
    await partner.joins()
    (tmp_path / "secrets.yaml").chmod(0o640)
    answer = await partner.sends(sample("swiftcold"))
    assert (answer.status_code, answer.json()["code"]) == (503, "secrets_unusable")
    assert SECRET not in answer.text and str(tmp_path) not in answer.text
    keep_secrets(tmp_path, {"coldline": {"api": [SECRET]}}).chmod(0o600)
    answer = await partner.sends(sample("swiftcold"))
    assert (answer.status_code, answer.json()["code"]) == (503, "secret_missing")
    (tmp_path / "secrets.yaml").unlink()
    assert (await partner.sends(sample("swiftcold"))).json()["code"] == "secret_missing"
    assert await rows(ward) == 0


async def test_a_message_that_cannot_be_mapped_is_kept_whole_with_what_failed(ward: Clinic) -> None:
    partner = Correspondent(ward, "swiftcold")
    await partner.joins()
    answer = await partner.sends(unreadable())
    assert (answer.status_code, answer.json()["status"], answer.json()["reason"]) == (202, "quarantined", "unmapped")
    found = (await ward.http.get(answer.json()["links"]["self"])).json()
    assert json.loads(found["body"]) == unreadable()
    assert found["problem"] == {
        "pointer": "/inbound/events/1/time",
        "expression": "local_time(message.local_time, 'Europe/Berlin', '%d.%m.%Y %H:%M')",
        "value": "this morning",
        "detail": "not a time in the form %d.%m.%Y %H:%M",
    }
    assert await events(ward) == []
    assert [each["id"] for each in await partner.messages(status="quarantined", partner="coldline")] == [found["id"]]
    assert await partner.messages(status="mapped") == []


async def test_of_a_batch_with_one_unreadable_result_none_is_taken(ward: Clinic) -> None:
    partner, message = Correspondent(ward, "assayhub"), sample("assayhub")
    await partner.joins()
    message["results"][1]["verdict"] = "UNCLEAR"
    answer = await partner.sends(message)
    problem = (await ward.http.get(answer.headers["location"])).json()["problem"]
    assert (problem["pointer"], problem["value"]) == ("/inbound/events/0/data/passed", "UNCLEAR")
    assert await events(ward) == []


@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"{", b"NaN", b'{"status": "\\u0000"}', b"[" * 5_000])
async def test_what_is_no_json_is_kept_all_the_same(ward: Clinic, body: bytes) -> None:
    partner = Correspondent(ward, "swiftcold")
    await partner.joins()
    answer = await partner.sends(body)
    assert (answer.status_code, answer.json()["reason"]) == (202, "not_json")
    async with ward.database.reading() as session:
        assert (await session.execute(select(col(MessageRow.body)))).scalar_one() == body


async def test_the_same_message_again_has_one_effect(ward: Clinic) -> None:
    partner = Correspondent(ward, "swiftcold")
    await partner.joins()
    first, again = await partner.sends(sample("swiftcold")), await partner.sends(sample("swiftcold"))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    worded = json.dumps(sample("swiftcold"), indent=1).encode()
    otherwise = await partner.sends(worded)
    assert otherwise.json()["events"] == first.json()["events"]
    assert (await rows(ward), len(await events(ward))) == (2, 1)


async def test_the_same_event_with_other_content_is_refused_and_nothing_is_kept(ward: Clinic) -> None:
    partner = Correspondent(ward, "swiftcold")
    await partner.joins()
    await partner.sends(sample("swiftcold"))
    answer = await partner.sends(sample("swiftcold") | {"pieces": [{"barcode": "BAG-9"}]})
    assert (answer.status_code, answer.json()["code"], await rows(ward)) == (409, "event_conflict", 1)


async def test_a_quarantined_message_is_released_by_a_newer_connector(ward: Clinic) -> None:
    partner, message = Correspondent(ward, "swiftcold"), sample("swiftcold") | {"local_time": "02-03-2026 13:40"}
    await partner.joins()
    link = (await partner.sends(message)).json()["links"]["self"]
    word = {"by": "operator-3", "reason": "connector_corrected"}
    still = await ward.http.post(f"{link}/release", json=word)
    assert (still.status_code, still.json()["status"]) == (200, "quarantined")
    text = (DOCUMENTS / "swiftcold.yaml").read_text(encoding="utf-8")
    corrected = text.replace("version: 1", "version: 2").replace("%d.%m.%Y", "%d-%m-%Y")
    assert (await publish(ward, corrected)).status_code == 201
    released = (await ward.http.post(f"{link}/release", json=word)).json()
    assert (released["status"], released["connector_version"], released["problem"]) == ("mapped", 2, None)
    assert [each["id"] for each in await events(ward)] == ["SC-4471-PU-3"]
    for what in ("release", "dismiss"):
        answer = await ward.http.post(f"{link}/{what}", json=word)
        assert (answer.status_code, answer.json()["code"]) == (409, "message_settled")
    assert await on_record(ward, "message.released") == ["quarantined", "mapped"]


async def test_a_person_gives_a_message_up_and_it_stays_on_record(ward: Clinic) -> None:
    partner = Correspondent(ward, "swiftcold")
    await partner.joins()
    link = (await partner.sends(unreadable())).json()["links"]["self"]
    word = {"by": "operator-3", "reason": "test_message"}
    answers = [await ward.http.post(f"{link}/dismiss", json=word) for _ in range(2)]
    assert [each.json()["status"] for each in answers] == ["dismissed", "dismissed"]
    assert (answers[0].json()["decided_by"], answers[0].json()["decided_reason"]) == ("operator-3", "test_message")
    assert await on_record(ward, "message.dismissed") == ["dismissed"]
    assert (await verify(ward.database)).first_bad is None


async def on_record(ward: Clinic, kind: str) -> list[str]:
    async with ward.database.reading() as session:
        query = select(col(EntryRow.data)).where(col(EntryRow.type) == kind).order_by(col(EntryRow.position))
        return [data["became"] for data in (await session.execute(query)).scalars()]


async def test_a_connector_is_published_once_by_somebody_and_the_newest_counts(ward: Clinic) -> None:
    first, again = await publish(ward, FIFTH), await publish(ward, FIFTH)
    assert (first.status_code, again.status_code, first.json()) == (201, 200, again.json())
    other = await publish(ward, FIFTH.replace("too warm", "too cold"))
    assert (other.status_code, other.json()["code"]) == (409, "connector_exists")
    await publish(ward, FIFTH.replace("version: 1", "version: 12"))
    await publish(ward, FIFTH.replace("version: 1", "version: 2"))
    assert (await ward.http.get("/v1/connectors/tempguard")).json()["version"] == 12
    page = (await ward.http.get("/v1/connectors", params={"limit": 2})).json()
    rest = (await ward.http.get("/v1/connectors", params={"cursor": page["next"]})).json()
    assert [each["version"] for each in page["items"] + rest["items"]] == [1, 2, 12]
    async with ward.database.reading() as session:
        entries = (await session.execute(select(EntryRow).where(col(EntryRow.type) == "connector.published"))).scalars()
        assert {(each.journey, each.actor) for each in entries} == {("operations/connector/tempguard", "operator-3")}


async def test_a_process_uses_what_another_has_published(ward: Clinic) -> None:
    partner = Correspondent(ward, "swiftcold")
    await partner.joins()
    scan = {**sample("swiftcold"), "status": "PICKED"}
    assert (await partner.sends(scan)).json()["events"] == []
    text = (DOCUMENTS / "swiftcold.yaml").read_text(encoding="utf-8")
    async with clinic(ward.database, connect=away) as elsewhere:
        newer = text.replace("version: 1", "version: 2").replace("'PU'", "'PICKED'")
        assert (await publish(elsewhere, newer)).status_code == 201
    assert (await partner.sends({**scan, "scan": 4})).json()["events"] == [["//swiftcold/coldline", "SC-4471-PICKED-4"]]


async def test_the_same_message_at_the_same_moment_has_one_effect(ward: Clinic) -> None:
    partner = Correspondent(ward, "assayhub")
    await partner.joins()
    answers = await asyncio.gather(*(partner.sends(sample("assayhub")) for _ in range(8)))
    assert {each.status_code for each in answers} == {202}
    assert (await rows(ward), len(await events(ward))) == (1, 2)


async def test_the_longest_message_is_mapped_while_others_are_answered(ward: Clinic) -> None:
    partner, message = Correspondent(ward, "assayhub"), sample("assayhub")
    await partner.joins()
    message["results"] = [{"state": "PRELIMINARY"}] * 30_000
    long = asyncio.create_task(partner.sends(message))
    answered = 0
    while not (await asyncio.wait({long}, timeout=0.01))[0]:
        assert (await ward.http.get("/healthz")).status_code == 200
        answered += 1
    assert ((await long).json()["status"], answered > 2) == ("mapped", True)
    many = [{**sample("assayhub")["results"][0], "revision": number} for number in range(1_001)]
    assert (await partner.sends({**message, "results": many})).json()["reason"] == "unmapped"


async def test_a_name_in_a_message_stays_with_the_message(ward: Clinic, capsys: pytest.CaptureFixture[str]) -> None:
    partner = Correspondent(ward, "swiftcold")
    await partner.joins()
    with capture_logs() as logs:
        answers = [await partner.sends({**sample("swiftcold"), "patient": NAME})]
        answers.append(await partner.sends({**sample("swiftcold"), "scan": 9, "local_time": NAME}))
        answers.append(await partner.sends({**sample("swiftcold"), "patient": NAME}, {}))
    assert [each.status_code for each in answers] == [202, 202, 401]
    seen = [each.text for each in answers] + [str(logs), *capsys.readouterr()]
    seen += [(await ward.http.get(path)).text for path in ("/v1/events", "/v1/messages", "/v1/feed", "/metrics")]
    assert [each for each in seen if NAME in each] == []


async def test_a_partner_cannot_speak_a_form_that_nobody_published(ward: Clinic) -> None:
    address = {"url": "http://partner.example", "connector": "unheard-of"}
    answer = await ward.http.put("/v1/partners/coldline", json=address)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_connector")
    answer = await ward.http.post("/v1/partners/coldline/messages", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_connector")
    answer = await ward.http.post("/v1/partners/nobody/messages", json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_partner")
    for path in ("/v1/messages/none", "/v1/messages/%00"):
        assert (await ward.http.get(path)).json()["code"] == "unknown_message"


WORDS = ["PU", "DL", "W", "DONE", "inf", "FINAL"]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["PU", "DL", "W", "DONE", "inf"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def spoilt(message: Any, draw: st.DataObject) -> Any:
    """The message with something else in one place."""
    if isinstance(message, dict) and message and draw.draw(st.integers(0, 3)):
        key = draw.draw(st.sampled_from(sorted(message)))
        return {**message, key: spoilt(message[key], draw)}
    if isinstance(message, list) and message and draw.draw(st.integers(0, 3)):
        return [spoilt(message[0], draw), *message[1:]]
    return draw.draw(ANYTHING)


@pytest.mark.parametrize("name", SHIPPED)
async def test_no_message_breaks_it_and_none_is_lost(ward: Clinic, name: str) -> None:
    partner = Correspondent(ward, name)
    await partner.joins()
    await partner.sends(sample(name))
    sent: list[bytes] = []

    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(draw=st.data())
    def collect(draw: st.DataObject) -> None:
        sent.append(json.dumps(spoilt(sample(name), draw)).encode())

    collect()
    for body in sent:
        answer = await partner.sends(body)
        assert answer.status_code in (202, 409), answer.text
        if answer.status_code == 202:
            kept = await ward.http.get(answer.headers["location"])
            assert kept.status_code == 200 and kept.json()["body"].encode() == body
