"""Whatever was acknowledged reaches its journey: in order, and whatever was away in the meantime."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update
from temporalio.client import Client
from temporalio.service import RPCError

from api import relay
from api.handover import in_signals
from ledger.database import Database
from ledger.inbox import Waiting
from ledger.migrate import migrate
from ledger.tables import InboxRow
from schemas.events import PartnerEvent
from schemas.facts import Fact
from schemas.settings import Settings
from tests.api.clinic import NOON, Clinic, booked, clinic, collected, fact, started, withdrawn
from tests.api.conftest import probing, temporal_server
from tests.api.probe import Heard, Probe
from tests.api.processes import api_process, free_port
from tests.databases import sqlite_url
from tests.waiting import until
from workflows.names import journey_workflow_id


async def heard(temporal: Client, coi: str) -> list[Heard]:
    """What the journey has been told, in order."""
    return await temporal.get_workflow_handle(journey_workflow_id(coi)).query(Probe.heard)


async def events_heard(temporal: Client, coi: str) -> list[str]:
    return [each.event for each in await heard(temporal, coi)]


async def test_events_reach_their_journey_in_the_order_of_reception(house: Clinic, temporal: Client) -> None:
    coi = await house.patient()
    expected = [f"evt-{number}" for number in range(30)]
    for event_id in expected:
        assert (await house.say(booked(coi, event_id))).status_code == 202

    async def all_there() -> bool:
        return len(await heard(temporal, coi)) >= len(expected)

    await until(all_there, "all events heard")
    assert [(each.signal, each.event) for each in await heard(temporal, coi)] == [
        ("shipment.booked", each) for each in expected
    ]


def test_neighbours_of_one_type_go_in_one_signal_and_nothing_is_overtaken() -> None:
    types = ["test.reported"] * 25 + ["batch.released"] + ["test.reported"] * 2
    waiting = [arrived(number, each) for number, each in enumerate(types)]
    signals = list(in_signals(waiting))
    assert [len(each) for each in signals] == [20, 5, 1, 2]
    assert all(len({event.event.type for event in each}) == 1 for each in signals)
    assert [event for each in signals for event in each] == waiting


async def test_a_journey_that_cannot_be_reached_holds_up_no_other(house: Clinic, temporal: Client) -> None:
    """One journey's workflow is gone without a trace; the other journey gets its event all the same."""
    lost, well = await house.patient("ORD-1"), await house.patient("ORD-2")
    await temporal.get_workflow_handle(journey_workflow_id(lost)).terminate()
    await house.say(booked(lost, "evt-lost")), await house.say(booked(well, "evt-well"))

    async def well_heard() -> bool:
        return await events_heard(temporal, well) == ["evt-well"]

    await until(well_heard, "the other journey's event")
    assert await house.status(booked(lost, "evt-lost")) == "received"


async def test_the_trace_of_an_event_travels_with_it(house: Clinic, temporal: Client) -> None:
    header, own = f"00-{'a' * 32}-{'b' * 16}-01", f"00-{'c' * 32}-{'d' * 16}-01"
    coi = await house.patient()
    await house.say(booked(coi, "evt-1"), traceparent=header)
    await house.say(booked(coi, "evt-2", traceparent=own), traceparent=header)

    async def both() -> bool:
        return len(await heard(temporal, coi)) == 2

    await until(both, "both events")
    traces = [each.traceparent for each in await heard(temporal, coi)]
    assert traces[0] is not None and traces[0].split("-")[1] == "a" * 32
    assert traces[1] == own


async def test_an_early_event_is_delivered_as_soon_as_its_subject_is_known(house: Clinic, temporal: Client) -> None:
    """The courier speaks of a shipment before we have its booking's answer."""
    coi = await house.patient()
    early = await house.say(booked("SHIP-7"))
    assert early.json()["status"] == "unmatched"
    await house.record(coi, started(), _told("SHIP-7"))

    async def delivered() -> bool:
        return await events_heard(temporal, coi) == ["evt-2"]

    await until(delivered, "the early event")
    assert await house.status(booked("SHIP-7")) == "received"


async def test_a_given_up_event_is_not_delivered_when_its_subject_becomes_known(
    house: Clinic, temporal: Client
) -> None:
    coi = await house.patient()
    await house.say(booked("SHIP-7"))
    dismissal = {"source": "//courier.example", "id": "evt-2", "by": "coordinator-4", "reason": "wrong_recipient"}
    await house.http.post("/v1/events/dismiss", json=dismissal)
    await house.record(coi, started(), _told("SHIP-7"))
    await house.say(booked(coi, "evt-after"))

    async def sweeps_passed() -> bool:
        return await events_heard(temporal, coi) == ["evt-after"]

    await until(sweeps_passed, "the event after it")
    assert await house.status(booked("SHIP-7")) == "dismissed"


async def test_an_event_for_a_closed_journey_is_recorded_as_late(house: Clinic, temporal: Client) -> None:
    coi = await house.patient()
    await house.say(withdrawn(coi))
    await temporal.get_workflow_handle(journey_workflow_id(coi)).result()
    await house.record(coi, started(), fact(2, "journey.cancelled", outcome="cancelled", reason="patient_withdrew"))
    answer = await house.say(collected(coi))
    assert answer.status_code == 202

    async def late() -> bool:
        return await house.status(collected(coi)) == "late"

    await until(late, "the word on the late event")
    ledger = (await house.http.get(f"/v1/journeys/{coi}/ledger")).json()["items"]
    assert [each["type"] for each in ledger] == ["journey.started", "journey.cancelled", "event.late"]


async def test_what_was_delivered_and_never_answered_is_delivered_again(house: Clinic, temporal: Client) -> None:
    """The probe never writes an outcome, so the event stays `received`: as if the journey had forgotten it."""
    coi = await house.patient()
    await house.say(booked(coi))

    async def delivered() -> bool:
        row = (await house.http.get("/v1/events", params={"journey": coi})).json()["items"][0]
        return row["delivered_at"] is not None

    await until(delivered, "the first delivery")
    async with house.database.writing() as session:
        await session.execute(update(InboxRow).values(delivered_at=NOON, received_at=NOON))

    async def twice() -> bool:
        return await events_heard(temporal, coi) == ["evt-2", "evt-2"]

    await until(twice, "the second delivery")


async def test_orders_and_events_wait_for_temporal(
    database: Database, settings_for: Callable[[Client], Settings], tmp_path: Path
) -> None:
    """Acknowledged while nothing listens; delivered when it does."""
    port = free_port()
    settings = Settings(home=tmp_path, temporal_address=f"127.0.0.1:{port}", relay_interval=0.05)
    async with clinic(database, settings) as opened:
        await opened.ready()
        ordered = await opened.order()
        assert (ordered.status_code, ordered.json()["started"]) == (202, False)
        coi = ordered.json()["coi"]
        assert (await opened.say(booked(coi))).status_code == 202
        assert (await opened.http.get("/readyz")).json()["temporal"] == "away"

        server = await temporal_server(port)
        try:
            async with probing(server.client):
                await until(lambda: _told_once(server.client, coi), "the event", seconds=60)
                assert (await opened.http.get(f"/v1/journeys/{coi}")).json()["started_at"] is not None
        finally:
            await server.shutdown()


async def test_what_a_killed_process_acknowledged_the_next_one_delivers(tmp_path: Path, temporal: Client) -> None:
    """`kill -9` right after the answer; nothing but the database is left."""
    settings = Settings(home=tmp_path, temporal_address=f"127.0.0.1:{free_port()}", relay_interval=0.05)
    await migrate(sqlite_url(tmp_path / "clew.db"))
    with api_process(tmp_path, str(settings.temporal_address)) as first:
        async with httpx.AsyncClient(base_url=first.url, trust_env=False) as http:
            victim = Clinic(http, Database(settings.database))
            await until(first.is_ready, "the first process", seconds=60)
            await victim.ready()
            coi = (await victim.order()).json()["coi"]
            assert (await victim.say(booked(coi))).status_code == 202
            first.kill()
            await victim.database.close()
    address = temporal.service_client.config.target_host
    with api_process(tmp_path, address):
        await until(lambda: _told_once(temporal, coi), "the event", seconds=60)


async def test_two_processes_side_by_side_deliver_everything(
    house: Clinic, temporal: Client, settings_for: Callable[[Client], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both relays sweep the same inbox at the same moment, which no grace keeps apart."""
    monkeypatch.setattr(relay, "GRACE", timedelta(0))
    async with clinic(house.database, settings_for(temporal)) as other:
        coi = await house.patient()
        expected = [f"evt-{number}" for number in range(20)]
        for number, event_id in enumerate(expected):
            await (house, other)[number % 2].say(booked(coi, event_id))

        async def all_there() -> bool:
            return set(await events_heard(temporal, coi)) == set(expected)

        await until(all_there, "every event")


def arrived(number: int, event_type: str) -> Waiting:
    """An event on its way to its journey."""
    event = PartnerEvent(
        source="//lab.example", id=f"evt-{number}", type=event_type, subject="B-1", occurred_at=NOON, data={}
    )
    return Waiting("CLEWYDWJ67KE69S6NHBXI", True, NOON, event)


def _told(reference: str) -> Fact:
    return fact(
        2,
        "partner.told",
        command="book_pickup",
        key="k",
        role="courier",
        partner="coldline",
        reference=reference,
        identifiers=[{"kind": "shipment", "value": reference}],
    )


async def _told_once(temporal: Client, coi: str) -> bool:
    try:
        return "evt-2" in await events_heard(temporal, coi)
    except RPCError:
        return False
