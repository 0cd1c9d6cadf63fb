"""A hospital says through FHIR that an order is revoked: the patient has withdrawn."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.client import Client

from ledger.tables import InboxRow
from standards.fhir.ids import journey_of
from tests.api.clinic import Clinic, fact, started
from tests.api.fhir import code, places, put, request, send
from tests.api.probe import Probe
from tests.waiting import until
from workflows.names import journey_workflow_id


async def test_a_revoked_order_is_the_patients_withdrawal(house: Clinic, temporal: Client) -> None:
    created = (await send(house, request("ORD-1"))).json()
    reason = {"url": "urn:clew:extension:status-reason", "valueCode": "patient_request"}
    answer = await put(house, created["id"], created | {"status": "revoked", "extension": [reason]})
    assert (answer.status_code, answer.json()["status"]) == (202, "active")
    handle = temporal.get_workflow_handle(journey_workflow_id(str(journey_of(created["id"]))))

    async def heard() -> bool:
        return bool(await handle.query(Probe.heard))

    await until(heard, "the withdrawal")
    (event,) = await _events(house)
    assert (event.type, event.event["data"]) == ("patient.withdrawn", {"reason": "patient_request"})
    assert "ServiceRequest" not in json.dumps(event.body), "what was sent is not kept"


async def test_a_revocation_is_kept_while_temporal_is_away_and_counts_once(ward: Clinic) -> None:
    created = (await send(ward, request("ORD-1"))).json()
    revoked = created | {"status": "revoked"}
    answers = await asyncio.gather(*(put(ward, created["id"], revoked) for _ in range(3)))
    assert {each.status_code for each in answers} == {202}
    (event,) = await _events(ward)
    assert (event.journey, event.event["data"]) == (journey_of(created["id"]), {"reason": "revoked"})


async def test_what_is_revoked_already_is_said_to_be(ward: Clinic) -> None:
    created = (await send(ward, request("ORD-1"))).json()
    await ward.record(str(journey_of(created["id"])), started(), fact(2, "journey.leaving", reason="patient_choice"))
    answer = await put(ward, created["id"], created | {"status": "revoked"})
    assert (answer.status_code, answer.json()["status"], answer.headers["etag"]) == (200, "revoked", 'W/"2"')
    assert await _events(ward) == []


@pytest.mark.parametrize(
    ("changes", "headers", "status", "refusal", "place"),
    [
        ({"status": "on-hold"}, {}, 409, "update_refused", "ServiceRequest.status"),
        ({"status": "active"}, {}, 409, "update_refused", "ServiceRequest.status"),
        ({"id": "another"}, {}, 422, "malformed", "ServiceRequest.id"),
        ({}, {"if_match": 'W/"7"'}, 412, "version_outdated", None),
        (
            {"identifier": [{"system": "urn:clew:order", "value": "ORD-2"}]},
            {},
            409,
            "identifier_in_use",
            "ServiceRequest.identifier[0].value",
        ),
        (
            {"subject": {"identifier": {"system": "urn:clew:coi", "value": "CLEWYDWJ67KE69S6NHBXI"}}},
            {},
            409,
            "identifier_in_use",
            "ServiceRequest.subject.identifier",
        ),
    ],
)
async def test_nothing_but_this_order_can_be_revoked(
    desk: Clinic, changes: dict[str, Any], headers: dict[str, str], status: int, refusal: str, place: str | None
) -> None:
    created = (await send(desk, request("ORD-1"))).json()
    answer = await put(desk, created["id"], created | {"status": "revoked"} | changes, **headers)
    assert (answer.status_code, code(answer)) == (status, refusal)
    assert place is None or place in places(answer)
    assert await _events(desk) == []


async def test_a_version_that_is_still_so_can_be_revoked(desk: Clinic) -> None:
    created = (await send(desk, request("ORD-1"))).json()
    answer = await put(desk, created["id"], created | {"status": "revoked"}, if_match='W/"0"')
    assert answer.status_code == 202


async def test_a_completed_order_cannot_be_revoked(desk: Clinic) -> None:
    created = (await send(desk, request("ORD-1"))).json()
    done = fact(2, "journey.completed", outcome="completed", reason="protocol_completed")
    await desk.record(str(journey_of(created["id"])), started(), done)
    answer = await put(desk, created["id"], created | {"status": "revoked"})
    assert (answer.status_code, code(answer)) == (409, "journey_closed")


async def test_an_order_that_is_not_there_cannot_be_revoked(desk: Clinic) -> None:
    answer = await put(desk, "CLEWYDWJ67KE69S6NHBXI", request(id="CLEWYDWJ67KE69S6NHBXI", status="revoked"))
    assert (answer.status_code, code(answer)) == (404, "unknown_resource")


async def _events(clinic: Clinic) -> list[InboxRow]:
    async with clinic.database.reading() as session:
        return list((await session.execute(select(InboxRow))).scalars())
