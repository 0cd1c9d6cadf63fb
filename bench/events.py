"""Events handled per second: the whole path, from the signal on, and a bare workflow that only takes the signals."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from temporalio.client import Client

from activities.temporal import connect
from bench.bare import BARE_QUEUE, BARE_WORKFLOW
from bench.figures import Figure, Target
from bench.load import Wires, as_fast_as, until, wires
from bench.patients import (
    CENTRE,
    EVENTS_MEDIA,
    Patient,
    as_message,
    enrol,
    milestone_events,
    milestones_protocol,
    prepare,
)
from bench.record import Record, record_of
from bench.report import say
from bench.stack import Stack
from bench.wire import Wire
from schemas.events import PartnerEvent
from workflows.names import journey_workflow_id

Item = TypeVar("Item")

SENDERS = 32
"""Events under way at a time, on either side: as many as the relay has lanes."""

WITHIN = 300.0
TARGET = Target("at least", 0.8, ratio=True)


@dataclass(frozen=True)
class Size:
    journeys: int = 100
    stages: int = 4
    milestones: int = 5

    @property
    def events(self) -> int:
        return self.journeys * self.stages * self.milestones


@dataclass(frozen=True)
class Bench:
    """One stack with both sides on it."""

    size: Size
    api: Wires
    client: Client
    record: Record
    heard: int

    async def bare(self, round_number: int) -> float:
        """The floor."""
        size = self.size
        patients = [
            Patient(f"{round_number}-{number}", f"BARE-{round_number}-{number}") for number in range(size.journeys)
        ]
        handles = {
            each.coi: await self.client.start_workflow(BARE_WORKFLOW, id=f"bare/{each.coi}", task_queue=BARE_QUEUE)
            for each in patients
        }

        async def signal(event: PartnerEvent) -> None:
            await handles[event.subject].signal(event.type, event)

        before = await _heard(self.heard)
        events = milestone_events(patients, size.stages, size.milestones)
        return await self._rate(events, signal, lambda: _reached(self.heard, before + size.events))

    async def from_the_signal(self) -> float:
        """Judged, recorded, with all that follows; the signal comes straight from the sender."""
        patients = await self._enrolled()

        async def signal(event: PartnerEvent) -> None:
            await self.client.get_workflow_handle(journey_workflow_id(event.subject)).signal(event.type, event)

        return await self._rate(self._events(patients), signal, self._recorded())

    async def whole_path(self) -> float:
        """From the POST to the outcome on the ledger."""
        patients = await self._enrolled()
        messages = [as_message(each) for each in self._events(patients)]

        async def post(message: bytes) -> None:
            answer = await self.api.send("/v1/events", message, EVENTS_MEDIA)
            if answer.status != 202:
                raise RuntimeError(f"an event was answered with {answer.status}")

        goal = self.record.events_judged() + len(messages)
        recorded = self._recorded()

        async def done() -> bool:
            return self.record.events_judged() >= goal and await recorded()

        return await self._rate(messages, post, done)

    def _events(self, patients: Sequence[Patient]) -> list[PartnerEvent]:
        return milestone_events(patients, self.size.stages, self.size.milestones)

    def _recorded(self) -> Callable[[], Awaitable[bool]]:
        goal = self.record.events_recorded() + self.size.events

        async def recorded() -> bool:
            return self.record.events_recorded() >= goal

        return recorded

    async def _enrolled(self) -> list[Patient]:
        goal = self.record.stages_begun() + self.size.journeys
        protocol = milestones_protocol(self.size.stages, self.size.milestones)["protocol"]
        patients = await enrol(self.api, protocol, {"treatment_centre": CENTRE}, self.size.journeys)

        async def begun() -> bool:
            return self.record.stages_begun() >= goal

        await until(begun, WITHIN, "the first stage of every journey")
        return patients

    async def _rate(
        self, items: Sequence[Item], send: Callable[[Item], Awaitable[None]], done: Callable[[], Awaitable[bool]]
    ) -> float:
        began = time.perf_counter()
        await as_fast_as(SENDERS, items, send)
        await until(done, WITHIN, "the last event")
        return len(items) / (time.perf_counter() - began)


async def measure(stack: Stack, rounds: int, size: Size = Size()) -> list[Figure]:
    """The two ratios; the floor and ours take turns at being first."""
    port = stack.settings.api_port
    await prepare(port, milestones_protocol(size.stages, size.milestones), {CENTRE: "http://127.0.0.1:9"})
    client = await connect(stack.settings)
    floor: list[float] = []
    signal: list[float] = []
    whole: list[float] = []
    async with wires(port) as api:
        with record_of(stack.database_file) as record:
            bench = Bench(size, api, client, record, stack.bare_worker_port)
            for number in range(rounds):
                steps: list[tuple[list[float], Callable[[], Awaitable[float]]]] = [
                    (floor, partial(bench.bare, number)),
                    (signal, bench.from_the_signal),
                    (whole, bench.whole_path),
                ]
                for results, run in steps if number % 2 == 0 else reversed(steps):
                    results.append(await run())
                rates = f"bare {floor[-1]:.0f}, from the signal {signal[-1]:.0f}, whole path {whole[-1]:.0f}"
                say(f"events, round {number + 1}: {rates} a second")
    return [
        Figure("events, whole path", "events/s", tuple(whole), tuple(floor), TARGET),
        Figure("events, from the signal", "events/s", tuple(signal), tuple(floor), TARGET),
    ]


async def _heard(port: int) -> float:
    async with Wire(port) as wire:
        page = (await wire.get("/metrics")).body.decode()
    return next(float(line.split(" ")[1]) for line in page.splitlines() if line.startswith("bare_heard_total "))


async def _reached(port: int, goal: float) -> bool:
    return await _heard(port) >= goal
