"""The ledger as a feed: read from its beginning, and pushed as it grows; beside a bare look at the same database."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from bench.figures import Figure, Target, percentile
from bench.load import at_pace, until
from bench.report import say
from bench.stack import LOOPBACK, Stack
from bench.wire import Wire
from ledger.chain import Line, data_text, genesis, line_hash
from ledger.database import Database
from ledger.operations import put_operation
from ledger.tail import LOOK_EVERY
from ledger.tree import grow
from schemas.base import iso
from schemas.identity import new_coi
from schemas.operations import OnEvent

READING, PUSHED = Target("at least", 20_000), Target("at most", 50)
PAGE = 5_000
ENTRIES_A_JOURNEY = 200
BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
SAID = {"stage": "collection", "visit": 1, "subject": "ORD-1", "said": {"donation": "G171726000001"}}

_INSERT = f"INSERT INTO entry VALUES ({','.join('?' * 12)})"
_PAGE = "SELECT * FROM entry WHERE position > ? ORDER BY position LIMIT ?"
_HEAD = "SELECT position FROM ledger_head"


@dataclass(frozen=True)
class Size:
    """`entries`: what is read. Then `pace` new ones a second, for so many `seconds` a round, are pushed."""

    entries: int = 1_000_000
    pace: float = 50
    seconds: float = 10


@dataclass
class Seen:
    """When each position was first there, by whom it was seen."""

    at: dict[int, float] = field(default_factory=dict)

    def note(self, position: int) -> None:
        self.at.setdefault(position, time.perf_counter())


async def measure(stack: Stack, rounds: int, size: Size = Size()) -> list[Figure]:
    """Fills the ledger with chained entries, then reads them all and has new ones pushed, `rounds` times."""
    before = await asyncio.to_thread(fill, stack.database_file, size.entries)
    ours: list[float] = []
    floor: list[float] = []
    pushed: list[float] = []
    looked: list[float] = []
    for number in range(rounds):
        floor.append(size.entries / await asyncio.to_thread(_read_bare, stack.database_file, before, size.entries))
        ours.append(size.entries / await _read(stack.settings.api_port, before, size.entries))
        say(f"feed, round {number + 1}: {ours[-1]:,.0f} entries a second, bare {floor[-1]:,.0f}")
        streamed, seen = await _pushed(stack, size)
        pushed.append(1000 * percentile(streamed, 0.99))
        looked.append(1000 * percentile(seen, 0.99))
        say(f"feed, round {number + 1}: pushed after {pushed[-1]:.1f} ms (p99), bare look {looked[-1]:.1f} ms")
    return [
        Figure("feed, read from the beginning", "entries/s", tuple(ours), tuple(floor), READING),
        Figure(f"feed, pushed, p99 at {size.pace:g}/s", "ms", tuple(pushed), tuple(looked), PUSHED),
    ]


def fill(file: Path, count: int) -> int:
    """Put so many entries on the ledger, chained as an append would have; the position after which they stand."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        (head,) = connection.execute(_HEAD).fetchone()
        rows = _rows(head, count)
        while some := list(islice(rows, 50_000)):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT, some)
            connection.execute("UPDATE ledger_head SET position = ?", (some[-1][0],))
            connection.execute("COMMIT")
            say(f"{some[-1][0]:,} entries written")
    with closing(create_engine(f"sqlite:///{file}").connect()) as tree, tree.begin():
        grow(tree, head, head + count)
    return int(head)


def _rows(head: int, count: int) -> Iterator[tuple[Any, ...]]:
    said, journey, previous = data_text(SAID), "", ""
    for position in range(head + 1, head + 1 + count):
        seq = (position - head - 1) % ENTRIES_A_JOURNEY + 1
        if seq == 1:
            journey = new_coi()
            previous = genesis(journey)
        moment = BEGAN + timedelta(seconds=position)
        text = iso(moment)
        line = Line(position, journey, seq, "sample.collected", text, text, "//a", "//a", str(position), said, previous)
        previous = line_hash(line)
        stored = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
        yield (*line[:4], stored, stored, *line[6:], previous)


async def _read(port: int, after: int, count: int) -> float:
    """Seconds to read that many entries over HTTP and to decode them."""
    began, position, got = time.perf_counter(), after, 0
    async with Wire(port) as wire:
        while position < after + count:
            page = (await wire.get(f"/v1/feed?after={position}&limit={PAGE}")).json()
            position, got = page["next"], got + len(page["items"])
    if got < count:
        raise RuntimeError(f"the feed has {got} of {count} entries")
    return time.perf_counter() - began


def _read_bare(file: Path, after: int, count: int) -> float:
    """Seconds to read the same pages with a bare cursor, to write them as JSON and to decode that."""
    began, position = time.perf_counter(), after
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        while position < after + count:
            rows = connection.execute(_PAGE, (position, PAGE)).fetchall()
            json.loads(json.dumps(rows))
            position = rows[-1][0]
    return time.perf_counter() - began


async def _pushed(stack: Stack, size: Size) -> tuple[list[float], list[float]]:
    """Seconds from each commit until a reader of the stream has the entry; and until a bare look shows it."""
    database = Database(stack.settings.database)
    with closing(sqlite3.connect(f"file:{stack.database_file}?mode=ro", uri=True)) as connection:
        (head,) = connection.execute(_HEAD).fetchone()
        streamed, looked, committed = Seen(), Seen(), Seen()
        readers = [
            asyncio.create_task(_read_stream(stack.settings.api_port, head, streamed)),
            asyncio.create_task(_look(connection, looked)),
        ]

        async def append(position: int) -> None:
            said = OnEvent(source="//a", event=str(position), reason="measured")
            async with database.writing() as session:
                await put_operation(session, "inbox", "event.dismissed", said, "bench", datetime.now(UTC))
            committed.note(position)

        async def all_seen() -> bool:
            return expected[-1] in streamed.at and expected[-1] in looked.at

        expected = list(range(head + 1, head + 1 + int(size.pace * size.seconds)))
        try:
            await at_pace(size.pace, expected, append)
            await until(all_seen, 30, "the newest entry, at both readers")
        finally:
            for each in readers:
                each.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
            await database.close()
    return _delays(committed, streamed), _delays(committed, looked)


def _delays(committed: Seen, seen: Seen) -> list[float]:
    """Who looks at the right moment sees an entry before the writer hears of its commit."""
    return [max(seen.at[position] - at, 0.0) for position, at in committed.at.items()]


async def _read_stream(port: int, after: int, seen: Seen) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(f"GET /v1/feed/stream?after={after} HTTP/1.1\r\nHost: {LOOPBACK}\r\n\r\n".encode())
        async for line in reader:
            if line.startswith(b"id: "):
                seen.note(int(line[4:]))
    finally:
        writer.close()


async def _look(connection: sqlite3.Connection, seen: Seen) -> None:
    """What the API does while somebody waits, and no more."""
    (before,) = connection.execute(_HEAD).fetchone()
    while True:
        (newest,) = connection.execute(_HEAD).fetchone()
        for position in range(before + 1, newest + 1):
            seen.note(position)
        before = newest
        await asyncio.sleep(LOOK_EVERY)
