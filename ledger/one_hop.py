"""SQLite connections that cross to their thread once a statement, and are quick to get the writers' lock.

aiosqlite crosses four times (make the cursor, execute, fetch, close), and the crossing costs more than the
statement: this halves what an append costs. It is handed to SQLAlchemy through `async_creator`.
"""

import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import aiosqlite
from sqlalchemy import make_url

_ITERATION_CHUNK = 64

BUSY_TIMEOUT = 10.0
"""Seconds that a writer waits for the lock of another process before it gives up."""

BEGIN_WRITING = "BEGIN IMMEDIATE"
WRITE_AHEAD = "PRAGMA journal_mode=WAL"
_LOCKING = frozenset({BEGIN_WRITING, WRITE_AHEAD})
"""Statements that need a lock which another process can have. For the second SQLite itself does not wait at all."""

_LOOK_AGAIN = 0.001
_PRIMARY_CODE = 0xFF


class Cursor:
    """Executes and fetches in one go; what is fetched waits here."""

    arraysize = 1

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> "Cursor":
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> "Cursor":
        await self._connection.run(self._executed, "execute", sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> "Cursor":
        await self._connection.run(self._executed, "executemany", sql, parameters)
        return self

    async def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        size = size or self.arraysize
        fetched, self._rows = self._rows[:size], self._rows[size:]
        return fetched

    async def fetchall(self) -> list[Any]:
        fetched, self._rows = self._rows, []
        return fetched

    async def close(self) -> None:
        self._rows = []

    def _executed(self, connection: sqlite3.Connection, how: str, sql: str, parameters: Any) -> None:
        cursor = _patiently(connection, sql) if sql in _LOCKING else getattr(connection, how)(sql, parameters)
        self._rows = cursor.fetchall() if cursor.description else []
        self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        cursor.close()


class Connection(aiosqlite.Connection):
    """aiosqlite's connection with the cursor above."""

    def cursor(self) -> Cursor:  # type: ignore[override]  # SQLAlchemy awaits `__aenter__`, no more
        return Cursor(self)

    async def run(self, work: Any, *args: Any) -> None:
        cross: Callable[..., Awaitable[None]] = self._execute
        await cross(work, self._conn, *args)


def _patiently(connection: sqlite3.Connection, sql: str) -> sqlite3.Cursor:
    """Execute a statement as soon as the lock that it needs is free.

    SQLite's own waiting sleeps up to 100 ms between two looks, so whoever asks more often always comes first.
    """
    give_up = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            return connection.execute(sql)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY_CODE != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
        time.sleep(_LOOK_AGAIN)


async def connect(url: str) -> Connection:
    """Open the SQLite database that a SQLAlchemy URL names."""
    parsed = make_url(url)
    args, options = parsed.get_dialect()().create_connect_args(parsed)
    connection = Connection(partial(sqlite3.connect, *args, **options), _ITERATION_CHUNK)
    # As SQLAlchemy does with those that it opens itself: one that nobody closed must not keep the process alive.
    connection._thread.daemon = True
    await connection
    return connection
