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
    """`in_turn`: a sender brings one journey all its events, one after the other, as the relay does with what waits.

    Otherwise the next event goes to the next journey, so that each finds its journey at rest: the most that an
    event can cost.
    """

    journeys: int = 100
    stages: int = 4
    milestones: int = 5
    in_turn: bool = True

    @property
    def events(self) -> int:
        return self.journeys * self.stages * self.milestones


@dataclass(frozen=True)
class Handled:
    """One round of one side: events a second, and what each process used for an event, in milliseconds."""

    rate: float
    used: dict[str, float]

    @property
    def processor_time(self) -> float:
        return sum(self.used.values())

    def __str__(self) -> str:
        busy = ", ".join(f"{name} {used:.1f}" for name, used in self.used.items() if used >= 0.1)
        return f"{self.rate:.0f} a second ({busy} ms an event)"


@dataclass(frozen=True)
class Bench:
    """One stack with both sides on it."""

    stack: Stack
    size: Size
    api: Wires
    client: Client
    record: Record
    heard: int

    async def bare(self, round_number: int) -> Handled:
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
        return await self._handled(self._lanes(patients), signal, lambda: _reached(self.heard, before + size.events))

    async def from_the_signal(self) -> Handled:
        """Judged, recorded, with all that follows; the signal comes straight from the sender."""
        patients = await self._enrolled()

        async def signal(event: PartnerEvent) -> None:
            await self.client.get_workflow_handle(journey_workflow_id(event.subject)).signal(event.type, event)

        return await self._handled(self._lanes(patients), signal, self._recorded())

    async def whole_path(self) -> Handled:
        """From the POST to the outcome on the ledger."""
        patients = await self._enrolled()
        lanes = [[as_message(event) for event in lane] for lane in self._lanes(patients)]

        async def post(message: bytes) -> None:
            answer = await self.api.send("/v1/events", message, EVENTS_MEDIA)
            if answer.status != 202:
                raise RuntimeError(f"an event was answered with {answer.status}")

        goal = self.record.events_judged() + self.size.events
        recorded = self._recorded()

        async def done() -> bool:
            return self.record.events_judged() >= goal and await recorded()

        return await self._handled(lanes, post, done)

    def _lanes(self, patients: Sequence[Patient]) -> list[list[PartnerEvent]]:
        """What a sender brings, one after the other, before it takes the next lane."""
        size = self.size
        if size.in_turn:
            return [milestone_events([each], size.stages, size.milestones) for each in patients]
        return [[each] for each in milestone_events(patients, size.stages, size.milestones)]

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

    async def _handled(
        self,
        lanes: Sequence[Sequence[Item]],
        send: Callable[[Item], Awaitable[None]],
        done: Callable[[], Awaitable[bool]],
    ) -> Handled:
        async def bring(lane: Sequence[Item]) -> None:
            for item in lane:
                await send(item)

        began, used = time.perf_counter(), self.stack.processor_seconds()
        await as_fast_as(SENDERS, lanes, bring)
        await until(done, WITHIN, "the last event")
        rate = self.size.events / (time.perf_counter() - began)
        now = self.stack.processor_seconds()
        return Handled(rate, {name: 1000 * (now[name] - used[name]) / self.size.events for name in now})


Step = tuple[str, list[Handled], Callable[[], Awaitable[Handled]]]


async def measure(stack: Stack, rounds: int, size: Size = Size()) -> list[Figure]:
    """The two ratios; the floor and ours take turns at being first."""
    port = stack.settings.api_port
    await prepare(port, milestones_protocol(size.stages, size.milestones), {CENTRE: "http://127.0.0.1:9"})
    client = await connect(stack.settings)
    floor: list[Handled] = []
    signal: list[Handled] = []
    whole: list[Handled] = []
    async with wires(port) as api:
        with record_of(stack.database_file) as record:
            bench = Bench(stack, size, api, client, record, stack.bare_worker_port)
            for number in range(rounds):
                steps: list[Step] = [
                    ("bare", floor, partial(bench.bare, number)),
                    ("from the signal", signal, bench.from_the_signal),
                    ("whole path", whole, bench.whole_path),
                ]
                for name, results, run in steps if number % 2 == 0 else reversed(steps):
                    results.append(await run())
                    say(f"events, round {number + 1}, {name}: {results[-1]}")
    return [
        *_figures("events, whole path", whole, floor),
        *_figures("events, from the signal", signal, floor),
    ]


def _figures(name: str, ours: Sequence[Handled], floor: Sequence[Handled]) -> list[Figure]:
    rates = [tuple(each.rate for each in side) for side in (ours, floor)]
    used = [tuple(each.processor_time for each in side) for side in (ours, floor)]
    return [
        Figure(name, "events/s", rates[0], rates[1], TARGET),
        Figure(f"{name}: processor time", "ms/event", used[0], used[1]),
    ]


async def _heard(port: int) -> float:
    async with Wire(port) as wire:
        page = (await wire.get("/metrics")).body.decode()
    return next(float(line.split(" ")[1]) for line in page.splitlines() if line.startswith("bare_heard_total "))


async def _reached(port: int, goal: float) -> bool:
    return await _heard(port) >= goal
