"""The genealogy of many thousand containers, asked both ways; and one journey's custody beside a large ledger."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bench.feed import fill
from bench.figures import Figure, Target, percentile
from bench.report import say
from bench.stack import Stack
from bench.wire import Wire
from ledger.append import append_alone
from ledger.database import Database
from schemas.facts import Batch, Fact
from schemas.identity import new_coi

BOTH_WAYS, CUSTODY = Target("at most", 50), Target("at most", 10)
FAMILY = 250
"""Containers that come from one collection, directly or not."""

STRANGERS = 0.005
"""The share of containers that also hold something of another family: pools of donors' material."""

HOPS = 3
"""How often a container changes hands in its journey."""

BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
PARTIES = {"treatment_centre": "a", "collection_centre": "b", "courier": "c", "manufacturer": "d", "laboratory": "e"}
HOLDERS = ("collection_centre", "courier", "manufacturer")

Edge = tuple[int, int]
"""Child and parent, each a number of a container."""


@dataclass(frozen=True)
class Graph:
    """So many containers, of which so many are asked for in a round."""

    nodes: int = 100_000
    asked: int = 400


@dataclass(frozen=True)
class Crowd:
    """So many entries on the ledger and custodians on record; of `journeys`, each is asked for once a round."""

    entries: int = 1_000_000
    custodians: int = 160_000
    journeys: int = 400


async def genealogy(stack: Stack, rounds: int, size: Graph = Graph()) -> list[Figure]:
    """The floor: the same edges, found by a loop of indexed look-ups, one container at a time."""
    await asyncio.to_thread(_plant, stack.database_file, size)
    chance, ours, floor = Random(7), list[float](), list[float]()
    for number in range(rounds):
        asked = [f"M-{chance.randrange(size.nodes)}" for _ in range(size.asked)]
        floor.append(await asyncio.to_thread(_looked_up, stack.database_file, asked))
        paths = [f"/v1/materials/{name}/{way}" for name in asked for way in ("ancestors", "descendants")]
        ours.append(await _asked(stack.settings.api_port, paths))
        say(f"genealogy, round {number + 1}: {ours[-1]:.1f} ms (p99), bare {floor[-1]:.1f} ms")
    name = f"genealogy both ways over {size.nodes:,} containers, p99"
    return [Figure(name, "ms", tuple(ours), tuple(floor), BOTH_WAYS)]


async def custody(stack: Stack, rounds: int, size: Crowd = Crowd()) -> list[Figure]:
    """The floor: the same rows by a bare select, through JSON."""
    await asyncio.to_thread(fill, stack.database_file, size.entries)
    await asyncio.to_thread(_others, stack.database_file, size.custodians)
    journeys = await _recorded(stack, size.journeys)
    ours, floor = list[float](), list[float]()
    for number in range(rounds):
        floor.append(await asyncio.to_thread(_selected, stack.database_file, journeys))
        ours.append(await _asked(stack.settings.api_port, [f"/v1/journeys/{coi}/custody" for coi in journeys]))
        say(f"custody, round {number + 1}: {ours[-1]:.2f} ms (p99), bare {floor[-1]:.2f} ms")
    name = f"one journey's custody beside {size.entries:,} entries, p99"
    return [Figure(name, "ms", tuple(ours), tuple(floor), CUSTODY)]


async def _asked(port: int, paths: Sequence[str]) -> float:
    """Milliseconds, p99, from a question over HTTP to its decoded answer."""
    async with Wire(port) as wire:

        async def ask(path: str) -> Any:
            answer = await wire.get(path)
            if answer.status != 200:
                raise RuntimeError(f"{path} answered {answer.status}")
            return answer.json()

        return 1000 * percentile([await _seconds(ask, path) for path in paths], 0.99)


async def _seconds(ask: Callable[[str], Awaitable[Any]], path: str) -> float:
    began = time.perf_counter()
    await ask(path)
    return time.perf_counter() - began


def _edges(nodes: int) -> Iterator[Edge]:
    """Families of containers, each made of one to three before it, now and then with something of another family."""
    chance = Random(11)
    for child in range(nodes):
        first = child - child % FAMILY
        for _ in range(chance.choice((1, 1, 2, 3)) if child > first else 0):
            yield child, chance.randrange(max(first, child - 30), child)
        if first and chance.random() < STRANGERS:
            yield child, chance.randrange(first)


def _plant(file: Path, size: Graph) -> None:
    """Put the pages of a graph beside those that are there."""
    edges = sorted(set(_edges(size.nodes)))
    of_family = [new_coi() for _ in range(size.nodes // FAMILY + 1)]
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO material (journey, id, kind, status, holder, parents, form) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (of_family[each // FAMILY], f"M-{each}", "starting_material", "used", "manufacturer", "[]", "split")
                for each in range(size.nodes)
            ),
        )
        connection.executemany(
            "INSERT INTO material_edge (journey, child, parent, how) VALUES (?, ?, ?, 'split')",
            ((of_family[child // FAMILY], f"M-{child}", f"M-{parent}") for child, parent in edges),
        )
        connection.execute("COMMIT")
    say(f"genealogy: {size.nodes:,} containers, {len(edges):,} edges")


def _looked_up(file: Path, asked: Sequence[str]) -> float:
    """Milliseconds, p99, of one container's edges both ways, each way by itself."""
    took: list[float] = []
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        for name in asked:
            for near, far in (("child", "parent"), ("parent", "child")):
                query = f"SELECT {far} FROM material_edge WHERE {near} = ?"
                began = time.perf_counter()
                reached, ahead = {name}, [name]
                while ahead:
                    for (found,) in connection.execute(query, (ahead.pop(),)):
                        if found not in reached:
                            reached.add(found)
                            ahead.append(found)
                took.append(time.perf_counter() - began)
    return 1000 * percentile(took, 0.99)


def _others(file: Path, count: int) -> None:
    """The custodians of journeys that nobody asks for."""
    moment = BEGAN.strftime("%Y-%m-%d %H:%M:%S.%f")
    of_journey = [new_coi() for _ in range(count // 10 + 1)]
    rows = ((of_journey[each // 10], f"B-{each}", 1, "courier", moment, moment, 1) for each in range(count))
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO custody (journey, material, number, role, since, told_at, seq) VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        connection.execute("COMMIT")


async def _recorded(stack: Stack, count: int) -> list[str]:
    """So many journeys, appended as their workflows would have: two bags each, from hand to hand."""
    database, journeys = Database(stack.settings.database), [new_coi() for _ in range(count)]
    try:
        for coi in journeys:
            await append_alone(database, Batch(coi=coi, facts=tuple(_facts(coi))), datetime.now(UTC))
    finally:
        await database.close()
    return journeys


def _facts(coi: str) -> Iterator[Fact]:
    started = {
        "order": f"ORD-{coi}",
        "protocol": "bench",
        "version": 1,
        "protocol_hash": "0" * 64,
        "parties": PARTIES,
        "stages": [],
        "engine_version": 2,
    }
    yield Fact(seq=1, type="journey.started", occurred_at=BEGAN, actor="bench", data=started)
    for hop in range(HOPS):
        bags = [
            {"id": f"{coi}-{number}", "kind": "starting_material", "status": "available", "holder": HOLDERS[hop]}
            for number in (1, 2)
        ]
        said = {"subject": coi, "said": {}, "materials": bags}
        moment = BEGAN + timedelta(hours=hop)
        yield Fact(seq=hop + 2, type="material.received", occurred_at=moment, actor="bench", data=said)


def _selected(file: Path, journeys: Sequence[str]) -> float:
    """Milliseconds, p99, to read a journey's rows and to write them as JSON and read that."""
    took: list[float] = []
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        for coi in journeys:
            began = time.perf_counter()
            json.loads(json.dumps(connection.execute("SELECT * FROM custody WHERE journey = ?", (coi,)).fetchall()))
            took.append(time.perf_counter() - began)
    return 1000 * percentile(took, 0.99)
