"""The operator's desk for events: released or given up, by the journey that sequences them, on the record."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.ledger import LedgerActivities
from ledger.database import Database
from ledger.invariants import broken_invariants
from ledger.verify import verify
from schemas.base import iso
from schemas.settings import Settings
from tests.api.clinic import Clinic, booked, clinic, withdrawn
from tests.api.conftest import temporal_server
from tests.waiting import until
from workflows import hearing
from workflows.journey import Journey
from workflows.names import JOURNEY_QUEUE, journey_workflow_id

SOURCE = "//ward.example"
STAGES = [
    {"id": "before", "kind": "milestone", "milestones": ["typed"], "due": "9d"},
    {"id": "after", "kind": "milestone", "after": ["before"], "milestones": ["booked", "washed"], "due": "9d"},
]
PROTOCOL = {"protocol": "two-watches", "version": 1, "title": "Two watches, one after the other", "stages": STAGES}


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[WorkflowEnvironment]:
    """A Temporal server on which nobody but a test's own worker takes journeys."""
    server = await temporal_server()
    yield server
    await server.shutdown()


class Ward:
    """A ward whose patients have two watches; it says what it sees, and its operator has a desk."""

    def __init__(self, clinic: Clinic, temporal: Client) -> None:
        self.clinic = clinic
        self.http = clinic.http
        self.temporal = temporal
        self.patients: list[str] = []

    async def admits(self, order: str = "ORD-1") -> str:
        body = {"protocol": "two-watches", "order": order, "parties": {"treatment_centre": "st-anna"}}
        answer = await self.http.post("/v1/journeys", json=body)
        assert answer.status_code == 201, answer.text
        self.patients.append(answer.json()["coi"])
        return self.patients[-1]

    async def says(self, coi: str, milestone: str, status: str) -> None:
        """Say that something was reached, and wait for what becomes of that."""
        at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=len(milestone))
        event = booked(coi, milestone, source=SOURCE, type="clew.milestone.reached.v1", time=iso(at))
        assert (await self.clinic.say(event | {"data": {"milestone": milestone}})).status_code == 202
        await self.sees(milestone, status)

    async def says_what_concerns_nobody(self, coi: str) -> None:
        """No stage of the protocol ships anything."""
        assert (await self.clinic.say(booked(coi, "shipped", source=SOURCE))).status_code == 202
        await self.sees("shipped", "refused")

    async def sees(self, event_id: str, status: str) -> dict[str, Any]:
        found: dict[str, Any] = {}

        async def so() -> bool:
            found.update(await self.event(event_id))
            return bool(found["status"] == status)

        await until(so, f"{event_id} {status}")
        return found

    async def event(self, event_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = (await self.http.get(f"/v1/events/%2F%2Fward.example/{event_id}")).json()
        return shown

    async def finds(self, **query: str) -> list[str]:
        return [each["id"] for each in (await self.http.get("/v1/events", params=query)).json()["items"]]

    async def asks(self, what: str, event_id: str, by: str = "operator-3") -> httpx.Response:
        body = {"source": SOURCE, "id": event_id, "by": by, "reason": "looked_into"}
        return await self.http.post(f"/v1/events/{what}", json=body)

    async def record(self, coi: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.http.get(f"/v1/journeys/{coi}/ledger", params={"limit": 200})).json()[
            "items"
        ]
        return items

    async def of_event(self, coi: str, event_id: str) -> list[str]:
        return [each["type"] for each in await self.record(coi) if each["event_id"] == event_id]

    async def is_in_order(self) -> None:
        assert (await verify(self.clinic.database, projections=True)).ok
        assert await broken_invariants(self.clinic.database) == []


@pytest.fixture
async def ward(database: Database, server: WorkflowEnvironment) -> AsyncIterator[Ward]:
    """Journeys as they run in production, but that partners answer nothing."""
    temporal = server.client
    settings = Settings(temporal_address=temporal.service_client.config.target_host, relay_interval=0.05)
    worker = Worker(
        temporal,
        task_queue=JOURNEY_QUEUE,
        workflows=[Journey],
        activities=[LedgerActivities(database).append_facts],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker, clinic(database, settings) as opened:
        await opened.ready()
        (await opened.http.post("/v1/protocols", json=PROTOCOL)).raise_for_status()
        ward = Ward(opened, temporal)
        yield ward
        for coi in ward.patients:
            with suppress(RPCError):
                await temporal.get_workflow_handle(journey_workflow_id(coi)).terminate()


async def test_an_event_that_waits_can_be_given_up_and_is_heard_no_more(ward: Ward) -> None:
    coi = await ward.admits()
    await ward.says(coi, "booked", "held")
    given_up = await ward.asks("dismiss", "booked")
    assert given_up.status_code == 200, given_up.text
    shown = given_up.json()
    assert (shown["status"], shown["reason"], shown["decided_by"]) == ("dismissed", "looked_into", "operator-3")

    await ward.says(coi, "typed", "applied")
    await until(lambda: _stage_is(ward, coi, "after"), "the stage that it waited for")
    assert await ward.of_event(coi, "booked") == ["event.given_up"]
    (entry,) = [each for each in await ward.record(coi) if each["type"] == "event.given_up"]
    assert (entry["actor"], entry["data"]["waited_for"]) == ("operator-3", "stage_not_begun")
    assert (await ward.event("booked"))["status"] == "dismissed"
    await ward.is_in_order()


async def test_giving_up_twice_is_on_record_once(ward: Ward) -> None:
    coi = await ward.admits()
    await ward.says(coi, "booked", "held")
    first, second = await ward.asks("dismiss", "booked"), await ward.asks("dismiss", "booked", by="operator-9")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert await ward.of_event(coi, "booked") == ["event.given_up"]


async def test_an_event_before_its_time_is_not_released_and_the_answer_says_for_what_it_waits(ward: Ward) -> None:
    coi = await ward.admits()
    await ward.says(coi, "booked", "held")
    refused = await ward.asks("release", "booked")
    assert (refused.status_code, refused.json()["code"]) == (409, "event_waits")
    assert [each["code"] for each in refused.json()["errors"]] == ["stage_not_begun"]
    assert (await ward.event("booked"))["status"] == "held"


async def test_an_event_that_was_refused_takes_effect_once_it_is_released(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too much came too early: what was turned away then fits now."""
    monkeypatch.setattr(hearing, "MOST_WAITING", 1)
    coi = await ward.admits()
    await ward.says(coi, "booked", "held")
    await ward.says(coi, "washed", "refused")
    await ward.says(coi, "typed", "applied")
    await ward.sees("booked", "applied")

    released = await ward.asks("release", "washed")
    assert released.status_code == 200, released.text
    shown = released.json()
    assert (shown["status"], shown["reason"], shown["decided_by"]) == ("applied", None, "operator-3")
    assert (await ward.asks("release", "washed")).json() == shown, "the same release again is the same release"
    other = await ward.asks("release", "washed", by="operator-9")
    assert (other.status_code, other.json()["code"]) == (409, "event_settled")

    assert await ward.of_event(coi, "washed") == ["event.refused", "event.released", "milestone.reached"]
    await until(lambda: _status_is(ward, coi, "completed"), "the journey's end, which waited for that event")
    await ward.temporal.get_workflow_handle(journey_workflow_id(coi)).result()
    assert (await ward.asks("release", "washed")).json() == shown, "also when the journey has ended"
    await ward.is_in_order()


async def test_an_event_that_still_cannot_take_effect_is_refused_in_the_judges_words(ward: Ward) -> None:
    coi = await ward.admits()
    await ward.says_what_concerns_nobody(coi)
    before = len(await ward.record(coi))
    refused = await ward.asks("release", "shipped")
    assert (refused.status_code, refused.json()["code"]) == (409, "event_without_effect")
    assert [each["code"] for each in refused.json()["errors"]] == ["not_in_protocol"]
    found = [await ward.finds(reason=reason) for reason in ("not_in_protocol", "identity_mismatch")]
    assert found == [["shipped"], []]
    assert len(await ward.record(coi)) == before
    assert (await ward.event("shipped"))["reason"] == "not_in_protocol"


async def test_a_refused_event_that_somebody_has_seen_to_is_off_the_list_and_on_the_record(ward: Ward) -> None:
    coi = await ward.admits()
    await ward.says_what_concerns_nobody(coi)
    assert (await ward.asks("dismiss", "shipped")).json()["status"] == "dismissed"
    assert (await ward.http.get("/v1/events", params={"status": "refused"})).json()["items"] == []
    (entry,) = (await ward.http.get("/v1/feed", params={"type": "event.dismissed"})).json()["items"]
    assert (entry["journey"], entry["actor"], entry["data"]["event"]) == ("operations/inbox", "operator-3", "shipped")
    refused = await ward.asks("release", "shipped")
    assert (refused.status_code, refused.json()["code"]) == (409, "event_settled")
    await ward.is_in_order()


@pytest.mark.parametrize("what", ["release", "dismiss"])
async def test_what_took_effect_is_neither_released_nor_given_up(ward: Ward, what: str) -> None:
    coi = await ward.admits()
    await ward.says(coi, "typed", "applied")
    refused = await ward.asks(what, "typed")
    assert (refused.status_code, refused.json()["code"]) == (409, "event_settled")


async def test_after_the_end_an_event_can_be_given_up_but_not_released(ward: Ward) -> None:
    coi = await ward.admits()
    await ward.says_what_concerns_nobody(coi)
    await ward.clinic.say(withdrawn(coi))
    await ward.temporal.get_workflow_handle(journey_workflow_id(coi)).result()
    refused = await ward.asks("release", "shipped")
    assert (refused.status_code, refused.json()["code"]) == (409, "journey_closed")
    assert (await ward.asks("dismiss", "shipped")).json()["status"] == "dismissed"
    await ward.is_in_order()


async def test_what_still_waits_in_a_journey_that_has_ended_is_given_up_without_it(ward: Ward) -> None:
    """As after a restore: the inbox is older than the journey's end, and nobody there takes a decision any more."""
    coi = await ward.admits()
    await ward.says_what_concerns_nobody(coi)
    await ward.clinic.say(withdrawn(coi))
    await ward.temporal.get_workflow_handle(journey_workflow_id(coi)).result()
    async with ward.clinic.database.writing() as session:
        await session.execute(text("UPDATE inbox SET status = 'held' WHERE id = 'shipped'"))
    assert (await ward.asks("dismiss", "shipped")).json()["status"] == "dismissed"
    (entry,) = (await ward.http.get("/v1/feed", params={"type": "event.dismissed"})).json()["items"]
    assert entry["journey"] == "operations/inbox"


async def test_a_signal_that_cannot_be_read_is_shown_by_its_digest_and_can_be_given_up(ward: Ward) -> None:
    """Somebody speaks to Temporal directly, and not in our words; twice, since nobody answers."""
    coi = await ward.admits()
    journey = ward.temporal.get_workflow_handle(journey_workflow_id(coi))
    for _ in range(2):
        await journey.signal("milestone.reached", "Jane Doe is here")
    await until(lambda: _is_shown(ward), "the signal among the quarantined")
    (shown,) = (await ward.http.get("/v1/events", params={"status": "quarantined"})).json()["items"]
    digest = hashlib.sha256(b'"Jane Doe is here"').hexdigest()
    assert (shown["source"], shown["id"]) == (f"temporal:journey/{coi}", f"sha256:{digest}")
    assert (shown["reason"], shown["journey"]) == ("malformed", coi)

    body = {"source": shown["source"], "id": shown["id"], "by": "operator-3", "reason": "sender_told"}
    refused = await ward.http.post("/v1/events/release", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "event_without_effect")
    assert [each["code"] for each in refused.json()["errors"]] == ["malformed"]
    given_up = await ward.http.post("/v1/events/dismiss", json=body)
    assert (given_up.json()["status"], given_up.json()["decided_by"]) == ("dismissed", "operator-3")
    assert await ward.finds(status="quarantined") == []
    (entry,) = (await ward.http.get("/v1/feed", params={"type": "event.dismissed"})).json()["items"]
    assert entry["data"]["event"] == shown["id"]
    await ward.says(coi, "typed", "applied")
    await ward.is_in_order()


async def _is_shown(ward: Ward) -> bool:
    return len(await ward.finds(status="quarantined")) == 1


async def _stage_is(ward: Ward, coi: str, stage: str) -> bool:
    return stage in (await ward.http.get(f"/v1/journeys/{coi}")).json()["stages"]


async def _status_is(ward: Ward, coi: str, status: str) -> bool:
    return bool((await ward.http.get(f"/v1/journeys/{coi}")).json()["status"] == status)
