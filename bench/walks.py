"""Whole journeys through a real stack, one event at a time: the most history that a journey can have."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any
from urllib.parse import quote

import yaml
from temporalio.client import WorkflowHistory

from activities.temporal import connect
from bench.load import until, wires
from bench.neighbours import Neighbours, neighbours
from bench.patients import EVENTS_MEDIA, Patient, enrol, prepare
from bench.stack import Stack
from bench.wire import Wire
from partners.simulator.config import PARTIES
from workflows.names import journey_workflow_id

WITHIN = 60.0
_JUDGED = frozenset({"applied", "late", "duplicate", "refused"})
_CLOSED = frozenset({"completed", "cancelled"})


@dataclass(frozen=True)
class Walked:
    """A journey that has ended. `bytes`: the size of its history as Temporal counts it."""

    patient: Patient
    history: WorkflowHistory
    bytes: int
    events_sent: int


@asynccontextmanager
async def walkable(stack: Stack, name: str) -> AsyncIterator[Neighbours]:
    """Partners for journeys of a shipped protocol, introduced to the stack."""
    async with neighbours(name) as (them, urls):
        await prepare(stack.settings.api_port, shipped_protocol(name), urls)
        yield them


def shipped_protocol(name: str) -> dict[str, Any]:
    """The document of a protocol that comes with Clew."""
    document: dict[str, Any] = yaml.safe_load((resources.files("protocols") / f"{name}.yaml").read_text("utf-8"))
    return document


async def walk(stack: Stack, them: Neighbours, protocol: str) -> Walked:
    """One journey from its order to its end; the next event is sent when the one before is on the ledger."""
    port = stack.settings.api_port
    parties = {role.value: name for role, name in PARTIES.items()}
    async with wires(port) as api, Wire(port) as wire:
        (patient,) = await enrol(api, protocol, parties, 1)
        sent = 0
        while await _goes_on(wire, them, patient):
            word = them.next_word(patient.coi)
            if word is not None:
                await api.send("/v1/events", word, EVENTS_MEDIA)
                await _judged(wire, word)
                sent += 1
    return await _walked(stack, patient, sent)


async def _goes_on(wire: Wire, them: Neighbours, patient: Patient) -> bool:
    """Wait until there is something to say, or the journey has ended."""
    ended = False

    async def either() -> bool:
        nonlocal ended
        if them.has_words(patient.coi):
            return True
        ended = (await wire.get(f"/v1/journeys/{patient.coi}")).json()["status"] in _CLOSED
        return ended

    await until(either, WITHIN, "a command, or the journey's end")
    return not ended


async def _judged(wire: Wire, word: dict[str, Any]) -> None:
    path = f"/v1/events/{quote(word['source'], safe='')}/{quote(word['id'], safe='')}"

    async def judged() -> bool:
        return (await wire.get(path)).json()["status"] in _JUDGED

    await until(judged, WITHIN, "an event's outcome")


async def _walked(stack: Stack, patient: Patient, sent: int) -> Walked:
    client = await connect(stack.settings)
    handle = client.get_workflow_handle(journey_workflow_id(patient.coi))
    history = await handle.fetch_history()
    size = (await handle.describe()).raw_description.workflow_execution_info.history_size_bytes
    return Walked(patient, history, size, sent)
