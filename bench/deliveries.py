"""Commands to partners: how fast a queue drains when a partner is back, and what one that hangs costs another."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bench.doors import Partner
from bench.figures import Figure, Target, percentile
from bench.load import Wires, as_fast_as, at_pace, until, wires
from bench.patients import CENTRE, EVENTS_MEDIA, Patient, as_message, enrol
from bench.report import say
from bench.stack import Stack, free_ports
from bench.wire import Wire
from schemas.events import PartnerEvent

DRAINED, KEPT_APART = Target("at least", 0.8, ratio=True), Target("at most", 1.2, ratio=True)
AT_ONCE = 8
WITHIN = 300.0
HANGING = "bench-hanging"
NEIGHBOUR = "bench-neighbour"

_THREE_THINGS: dict[str, Any] = {
    "protocol": "bench-three-things",
    "version": 1,
    "title": "Three things asked at once",
    "stages": [
        {"id": "known", "kind": "milestone", "milestones": ["known"], "due": "30d"},
        *(
            {"id": name, "kind": "milestone", "after": ["known"], "at": "treatment_centre", "milestones": [name]}
            | {"due": "30d"}
            for name in ("first", "second", "third")
        ),
    ],
}
_ONE_THING: dict[str, Any] = {
    "protocol": "bench-one-thing",
    "version": 1,
    "title": "One thing asked",
    "stages": [{"id": "asked", "kind": "milestone", "at": "treatment_centre", "milestones": ["done"], "due": "30d"}],
}

_OPEN = "SELECT count(*) FROM delivery WHERE partner = ? AND status IN ('waiting', 'failing', 'unknown')"
_KEYS = "SELECT key FROM delivery WHERE partner = ? ORDER BY number"
_TOOK = (
    "SELECT (julianday(settled_at) - julianday(created_at)) * 86400 FROM delivery "
    "WHERE partner = ? AND created_at >= ? AND settled_at IS NOT NULL"
)


@dataclass(frozen=True)
class Queue:
    """`journeys` ask for three things each; partners take so many a second, one of the `rates` after the other."""

    journeys: int = 334
    rates: tuple[float, ...] = (50, 100)


@dataclass(frozen=True)
class Neighbours:
    """`pace` commands a second for one partner, for so many `seconds`, while `hanging` wait for another."""

    pace: float = 10
    seconds: float = 30
    hanging: int = 60


async def drain(stack: Stack, rounds: int, size: Queue = Queue()) -> list[Figure]:
    """What queued behind a dead partner goes out once it is back; beside a bare client at the partner's own rate."""
    await _publish(stack, _THREE_THINGS)
    async with wires(stack.settings.api_port) as api:
        return [await _drained(stack, api, rounds, size.journeys, rate) for rate in size.rates]


async def _drained(stack: Stack, api: Wires, rounds: int, journeys: int, rate: float) -> Figure:
    ours: list[float] = []
    floor: list[float] = []
    for number in range(rounds):
        partner = Partner(free_ports(1)[0], rate)
        await _register(stack, CENTRE, partner, rate=rate)
        await _queued(stack, api, journeys)
        await partner.open()
        try:
            await until(_taken(partner, 3 * journeys), WITHIN, "the last of what was queued")
            _in_order(partner, stack.database_file)
            ours.append(partner.rate)
            floor.append(await _bare(partner, rate))
        finally:
            await partner.close()
        told = f"{ours[-1]:.1f} a second ({partner.refused} times 429), bare {floor[-1]:.1f}"
        say(f"drain, {rate:g}/s accepted, round {number + 1}: {told}")
    name = f"{3 * journeys:,} deliveries drained, {rate:g}/s accepted"
    return Figure(name, "deliveries/s", tuple(ours), tuple(floor), DRAINED)


async def bulkhead(stack: Stack, rounds: int, size: Neighbours = Neighbours()) -> list[Figure]:
    """One partner's deliveries while another hangs, beside the same while none hangs."""
    ours: list[float] = []
    floor: list[float] = []
    quick, stuck = Partner(free_ports(1)[0]), Partner(free_ports(1)[0], hangs=True)
    await quick.open()
    await stuck.open()
    try:
        await _publish(stack, _ONE_THING)
        await _register(stack, NEIGHBOUR, quick)
        await _register(stack, HANGING, stuck)
        async with wires(stack.settings.api_port) as api:
            for number in range(rounds):
                floor.append(await _latency(stack, api, size))
                await _act(api, "resume")
                await enrol(api, _ONE_THING["protocol"], {"treatment_centre": HANGING}, size.hanging)
                ours.append(await _latency(stack, api, size))
                await _act(api, "pause")
                say(f"bulkhead, round {number + 1}: p99 {ours[-1]:.1f} ms beside one that hangs, {floor[-1]:.1f} alone")
    finally:
        await quick.close()
        await stuck.close()
    return [Figure("delivered beside a partner that hangs, p99", "ms", tuple(ours), tuple(floor), KEPT_APART)]


async def _queued(stack: Stack, api: Wires, journeys: int) -> None:
    """Every journey has asked for its three things."""
    patients = await enrol(api, _THREE_THINGS["protocol"], {"treatment_centre": CENTRE}, journeys)

    async def known(patient: Patient) -> None:
        answer = await api.send("/v1/events", as_message(_known(patient)), EVENTS_MEDIA)
        if answer.status != 202:
            raise RuntimeError(f"an event was answered with {answer.status}")

    await as_fast_as(AT_ONCE, patients, known)

    async def asked() -> bool:
        return bool(_ask(stack.database_file, _OPEN, CENTRE)[0] >= 3 * journeys)

    await until(asked, WITHIN, "three deliveries of every journey", poll=0.5)


async def _latency(stack: Stack, api: Wires, size: Neighbours) -> float:
    """Milliseconds from a command until its outcome is on record, p99."""
    began = datetime.now(UTC) - timedelta(milliseconds=1)
    count = int(size.pace * size.seconds)

    async def order(_number: int) -> None:
        await enrol(api, _ONE_THING["protocol"], {"treatment_centre": NEIGHBOUR}, 1)

    await at_pace(size.pace, range(count), order)

    def took() -> list[float]:
        return _ask(stack.database_file, _TOOK, NEIGHBOUR, began.strftime("%Y-%m-%d %H:%M:%S.%f"))

    async def all_there() -> bool:
        return len(took()) >= count

    await until(all_there, WITHIN, "the last delivery", poll=0.2)
    return 1000 * percentile(took(), 0.99)


async def _bare(partner: Partner, rate: float) -> float:
    """The same commands at the partner's rate from a client that does nothing else."""
    bodies = list(partner.bodies)
    partner.taken.clear()
    async with httpx.AsyncClient(base_url=partner.url) as http:

        async def post(each: tuple[str, bytes]) -> None:
            await http.post("/commands", content=each[1], headers={"Idempotency-Key": each[0]})

        await at_pace(rate, bodies, post)
    return partner.rate


def _in_order(partner: Partner, file: Path) -> None:
    """Raises `RuntimeError` unless each journey's commands came in the order in which they were put down."""
    taken, put = (_by_journey(keys) for keys in ([key for key, _ in partner.bodies], _ask(file, _KEYS, CENTRE)))
    if any(keys != put[journey] for journey, keys in taken.items()):
        raise RuntimeError("a journey's commands came out of order")


def _by_journey(keys: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        found[key.partition("/")[0]].append(key)
    return found


def _taken(partner: Partner, count: int) -> Any:
    async def all_taken() -> bool:
        return len(partner.taken) >= count

    return all_taken


def _known(patient: Patient) -> PartnerEvent:
    return PartnerEvent(
        source="/bench/centre",
        id=f"{patient.order}/known",
        type="milestone.reached",
        subject=patient.coi,
        occurred_at=datetime.now(UTC),
        data={"milestone": "known"},
    )


def _ask(file: Path, query: str, *given: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute(query, given)]


async def _publish(stack: Stack, protocol: dict[str, Any]) -> None:
    async with Wire(stack.settings.api_port) as wire:
        await wire.send("/v1/protocols", protocol)


async def _register(stack: Stack, name: str, partner: Partner, rate: float | None = None) -> None:
    async with Wire(stack.settings.api_port) as wire:
        address = {"url": partner.url, "at_once": AT_ONCE, "rate": rate}
        answer = await wire.send(f"/v1/partners/{name}", address, method="PUT")
        if answer.status != 200:
            raise RuntimeError(f"a partner was answered with {answer.status}")


async def _act(api: Wires, action: str) -> None:
    await api.send(f"/v1/partners/{HANGING}/{action}", {"by": "bench", "reason": "measuring"})
