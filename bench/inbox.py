"""From `POST /v1/events` to the durable acknowledgement, beside a bare POST with one commit; and without Temporal."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.figures import Figure, Target, percentile
from bench.load import Wires, at_pace, until, wires
from bench.patients import CENTRE, EVENTS_MEDIA, as_message, enrol, milestone_events, milestones_protocol, prepare
from bench.record import record_of
from bench.report import say
from bench.stack import Stack

TARGET = Target("at most", 50)
STAGES, MILESTONES = 4, 5
WITHIN = 120.0


@dataclass(frozen=True)
class Size:
    """`pace`: events a second, for so many `seconds` a round."""

    pace: float = 50
    seconds: float = 20

    @property
    def events(self) -> int:
        return int(self.pace * self.seconds)

    @property
    def journeys(self) -> int:
        return -(-self.events // (STAGES * MILESTONES))


@dataclass
class Latencies:
    """Percentiles in milliseconds, one a round."""

    median: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    def add(self, seconds: Sequence[float]) -> None:
        self.median.append(1000 * percentile(seconds, 0.5))
        self.p99.append(1000 * percentile(seconds, 0.99))


async def measure(stack: Stack, rounds: int, size: Size = Size()) -> list[Figure]:
    """Everything runs; at the end Temporal is stopped, for good, and the API is asked once more."""
    await prepare(stack.settings.api_port, milestones_protocol(STAGES, MILESTONES), {CENTRE: "http://127.0.0.1:9"})
    async with wires(stack.settings.api_port) as api, wires(stack.bare_api_port) as bare:
        return await _measured(stack, api, bare, rounds, size)


async def _measured(stack: Stack, api: Wires, bare: Wires, rounds: int, size: Size) -> list[Figure]:
    ours, floor, alone = Latencies(), Latencies(), Latencies()
    for number in range(rounds):
        messages = await _messages(stack, api, size)
        steps = [(ours, api, "/v1/events"), (floor, bare, "/take")]
        for latencies, side, path in steps if number % 2 else reversed(steps):
            latencies.add(await _paced(side, path, messages, size.pace))
        say(f"inbox, round {number + 1}: p99 {ours.p99[-1]:.1f} ms, bare {floor.p99[-1]:.1f} ms")
    messages = await _messages(stack, api, size)
    await stack.stop("temporal")
    alone.add(await _paced(api, "/v1/events", messages, size.pace))
    say(f"inbox, Temporal stopped: {len(messages)} of {len(messages)} acknowledged, p99 {alone.p99[-1]:.1f} ms")
    at = f"{size.pace:g}/s"
    return [
        Figure(f"acknowledged, p99 at {at}", "ms", tuple(ours.p99), tuple(floor.p99), TARGET),
        Figure(f"acknowledged, median at {at}", "ms", tuple(ours.median), tuple(floor.median)),
        Figure(f"acknowledged with Temporal stopped, p99 at {at}", "ms", tuple(alone.p99), (), TARGET),
        Figure("acknowledged with Temporal stopped", "of all", (1.0,), (), Target("at least", 1)),
    ]


async def _messages(stack: Stack, api: Wires, size: Size) -> list[bytes]:
    """One round's events, of journeys that have begun."""
    with record_of(stack.database_file) as record:
        goal = record.stages_begun() + size.journeys
        protocol = milestones_protocol(STAGES, MILESTONES)["protocol"]
        patients = await enrol(api, protocol, {"treatment_centre": CENTRE}, size.journeys)

        async def begun() -> bool:
            return record.stages_begun() >= goal and record.events_waiting() == 0

        await until(begun, WITHIN, "the first stage of every journey")
    events = milestone_events(patients, STAGES, MILESTONES)[: size.events]
    return [as_message(each) for each in events]


async def _paced(side: Wires, path: str, messages: Sequence[bytes], pace: float) -> list[float]:
    async def post(message: bytes) -> None:
        answer = await side.send(path, message, EVENTS_MEDIA)
        if answer.status != 202:
            raise RuntimeError(f"{path} answered with {answer.status}")

    return await at_pace(pace, messages, post)
