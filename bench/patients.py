"""Patients for the benchmarks: journeys of milestones, and the events that take them on, ready to be sent."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bench.load import Wires, as_fast_as
from bench.wire import Wire
from schemas.events import PartnerEvent, write_event

EVENTS_MEDIA = "application/cloudevents+json"
CENTRE = "bench-centre"
AT_ONCE = 6
"""Orders under way at a time: few, so that nothing is still settling when the measuring begins."""


@dataclass(frozen=True)
class Patient:
    coi: str
    order: str


def milestones_protocol(stages: int, each: int) -> dict[str, Any]:
    """So many stages, one after the other, of so many milestones each, that nobody is asked for: only events count."""
    return {
        "protocol": f"bench-milestones-{stages}-{each}",
        "version": 1,
        "title": "Milestones, for measuring",
        "stages": [
            {
                "id": f"stage_{stage}",
                "kind": "milestone",
                "after": [f"stage_{stage - 1}"] if stage > 1 else [],
                "milestones": [f"milestone_{stage}_{number}" for number in range(1, each + 1)],
                "due": "30d",
            }
            for stage in range(1, stages + 1)
        ],
    }


async def prepare(port: int, protocol: dict[str, Any], partners: dict[str, str]) -> None:
    """Publish a protocol and register partners (name: URL)."""
    async with Wire(port) as wire:
        await _taken(wire, "/v1/protocols", protocol)
        for name, url in partners.items():
            await _taken(wire, f"/v1/partners/{name}", {"url": url}, "PUT")


async def enrol(wires: Wires, protocol: str, parties: dict[str, str], count: int) -> list[Patient]:
    """Order so many journeys."""
    patients: list[Patient] = []

    async def order(_number: int) -> None:
        number = f"ORD-{secrets.token_hex(6)}"
        answer = await wires.send("/v1/journeys", {"protocol": protocol, "order": number, "parties": parties})
        if answer.status not in (201, 202):
            raise RuntimeError(f"an order was answered with {answer.status}")
        patients.append(Patient(answer.json()["coi"], number))

    await as_fast_as(AT_ONCE, range(count), order)
    return patients


def milestone_events(patients: Sequence[Patient], stages: int, each: int) -> list[PartnerEvent]:
    """Every milestone of every patient: round by round, as events of many patients come, in order for each."""
    return [
        _milestone(patient, f"milestone_{stage}_{number}")
        for stage in range(1, stages + 1)
        for number in range(1, each + 1)
        for patient in patients
    ]


def as_message(event: PartnerEvent) -> bytes:
    """The event as a request's body."""
    return json.dumps(write_event(event)).encode()


def _milestone(patient: Patient, name: str) -> PartnerEvent:
    identity = f"{patient.order}/{name}"
    return PartnerEvent(
        source="/bench/centre",
        id=identity,
        type="milestone.reached",
        subject=patient.coi,
        occurred_at=datetime.now(UTC),
        data={"milestone": name, "reference": f"DOC-{secrets.token_hex(8)}"},
        traceparent=f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
    )


async def _taken(wire: Wire, path: str, body: Any, method: str = "POST") -> None:
    answer = await wire.send(path, body, method=method)
    if answer.status >= 300:
        raise RuntimeError(f"{path} was answered with {answer.status}")
