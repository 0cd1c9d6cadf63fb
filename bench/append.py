"""What an append costs with the Merkle tree, beside the same append without it, on both databases."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from unittest.mock import patch

from sqlalchemy import Connection

from bench.figures import Figure, Target
from bench.intake import POSTGRES_URL, postgres
from bench.report import say
from bench.stack import Stack
from ledger import record
from ledger.append import append_alone
from ledger.database import Database
from ledger.migrate import migrate
from ledger.tree import grow
from schemas.facts import Batch, Fact
from schemas.identity import Role, new_coi

TARGET = Target("at most", 1.3, ratio=True)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Size:
    """Appends of one fact each in a round, with the tree and without, by turns of `turn`; all on `journeys`."""

    appends: int = 2_560
    turn: int = 256
    journeys: int = 16


async def measure(stack: Stack, rounds: int, size: Size = Size()) -> list[Figure]:
    """Milliseconds an append, with its commit. By turns: a disk that is slow for a while is so for both."""
    file = stack.settings.home / "appends.db"
    figures = [await _on(f"sqlite+aiosqlite:///{file}", "SQLite", rounds, size)]
    async with postgres() as url:
        if url is None:
            say(f"append on PostgreSQL left out: set {POSTGRES_URL}, or install the development extra")
        else:
            figures.append(await _on(url, "PostgreSQL", rounds, size))
    return figures


async def _on(url: str, name: str, rounds: int, size: Size) -> Figure:
    await migrate(url)
    ours: list[float] = []
    floor: list[float] = []
    async with _writer(url, size.journeys) as writer:
        for number in range(rounds):
            spent = {True: 0.0, False: 0.0}
            for _ in range(size.appends // size.turn):
                spent[True] += await writer.write(size.turn)
                with writer.without_the_tree():
                    spent[False] += await writer.write(size.turn)
                await writer.make_up()
            ours.append(1000 * spent[True] / size.appends)
            floor.append(1000 * spent[False] / size.appends)
            say(f"append, {name}, round {number + 1}: {ours[-1]:.3f} ms, without the tree {floor[-1]:.3f} ms")
    return Figure(f"append with the tree, {name}", "ms", tuple(ours), tuple(floor), TARGET)


class Writer:
    """Appends facts to its journeys by turns."""

    def __init__(self, database: Database, journeys: int) -> None:
        self._database = database
        self._cois = [new_coi() for _ in range(journeys)]
        self._written = 0
        self._missed: list[tuple[int, int]] = []

    async def begin(self) -> None:
        """Start its journeys."""
        for coi in self._cois:
            await self._append(coi, _started(coi))

    async def write(self, count: int) -> float:
        """Append so many facts, one a transaction; the seconds that it took."""
        began = time.perf_counter()
        for _ in range(count):
            turn, at = divmod(self._written, len(self._cois))
            fact = Fact(seq=turn + 2, type="hold.lifted", occurred_at=NOON, actor="bench", data={"reason": "measured"})
            await self._append(self._cois[at], fact)
            self._written += 1
        return time.perf_counter() - began

    @contextmanager
    def without_the_tree(self) -> Iterator[None]:
        """The ledger as it would be if it had none: what the tree misses is noted."""

        def note(_connection: Connection, before: int, after: int) -> None:
            self._missed.append((before, after))

        with patch.object(record, "grow", note):
            yield

    async def make_up(self) -> None:
        """Store what the tree missed, so that it is whole."""
        before, after = self._missed[0][0], self._missed[-1][1]
        self._missed.clear()
        await self._database.in_step(lambda session: grow(session.connection(), before, after))

    async def _append(self, coi: str, fact: Fact) -> None:
        await append_alone(self._database, Batch(coi=coi, facts=(fact,)), NOON)


@asynccontextmanager
async def _writer(url: str, journeys: int) -> AsyncIterator[Writer]:
    database = Database(url)
    try:
        writer = Writer(database, journeys)
        await writer.begin()
        yield writer
    finally:
        await database.close()


def _started(coi: str) -> Fact:
    said = {
        "order": f"ORDER-{coi}",
        "protocol": "measured",
        "version": 1,
        "protocol_hash": "0" * 64,
        "parties": {role.value: role.value.replace("_", "-") for role in Role},
        "stages": ["waiting"],
        "engine_version": 1,
    }
    return Fact(seq=1, type="journey.started", occurred_at=NOON, actor="bench", data=said)
