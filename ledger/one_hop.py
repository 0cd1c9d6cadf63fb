"""SQLite connections that cross to their thread once a statement, or once a transaction, and are quick to get the
writers' lock.

aiosqlite crosses four times a statement (make the cursor, execute, fetch, close), and the crossing costs more than
the statement. It is handed to SQLAlchemy through `async_creator`.
"""

import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import copy_context
from functools import cached_property, partial
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

Result = TypeVar("Result")
JsonSerializer = Callable[[Any], str]

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
        cursor = connection.cursor()
        getattr(cursor, how)(sql, parameters)
        self._rows = cursor.fetchall() if cursor.description else []
        self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        cursor.close()


class Connection(aiosqlite.Connection):
    """aiosqlite's connection with the cursor above, and a way to spend a whole transaction on its thread."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], json_serializer: JsonSerializer) -> None:
        super().__init__(connector, _ITERATION_CHUNK)
        self._json_serializer = json_serializer

    def cursor(self) -> Cursor:  # type: ignore[override]  # SQLAlchemy awaits `__aenter__`, no more
        return Cursor(self)

    async def run(self, work: Any, *args: Any) -> None:
        cross: Callable[..., Awaitable[None]] = self._execute
        await cross(work, self._conn, *args)

    async def transact(self, work: Callable[[Session], Result]) -> Result:
        """Begin, do the work, and commit, in one crossing; any exception rolls it back.

        Whoever is cancelled meanwhile does not know what became of it: the thread goes on to the end, and what is asked
        of the connection next waits for that.
        """
        cross: Callable[..., Awaitable[Result]] = self._execute
        return await cross(copy_context().run, self._transacted, work)

    def _transacted(self, work: Callable[[Session], Result]) -> Result:
        with Session(self._in_step, expire_on_commit=False) as session, session.begin():
            return work(session)

    @cached_property
    def _in_step(self) -> Engine:
        """SQLAlchemy in step, on this connection, which others open, prepare and close."""
        engine = create_engine(
            "sqlite://",
            creator=lambda: self._conn,
            poolclass=StaticPool,
            hide_parameters=True,
            json_serializer=self._json_serializer,
        )
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(BEGIN_WRITING))
        return engine


class _PatientCursor(sqlite3.Cursor):
    """Executes a statement as soon as the lock that it needs is free.

    SQLite's own waiting sleeps up to 100 ms between two looks, so whoever asks more often always comes first.
    """

    def execute(self, sql: str, parameters: Any = (), /) -> "_PatientCursor":
        give_up = time.monotonic() + BUSY_TIMEOUT if sql in _LOCKING else 0
        while True:
            try:
                super().execute(sql, parameters)
                return self
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & _PRIMARY_CODE != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
            time.sleep(_LOOK_AGAIN)


class _PatientConnection(sqlite3.Connection):
    def cursor(self, factory: Any = _PatientCursor) -> Any:
        return super().cursor(factory)


async def connect(url: str, json_serializer: JsonSerializer) -> Connection:
    """Open the SQLite database that a SQLAlchemy URL names."""
    parsed = make_url(url)
    args, options = parsed.get_dialect()().create_connect_args(parsed)
    connector = partial(sqlite3.connect, *args, factory=_PatientConnection, **options)
    connection = Connection(connector, json_serializer)
    # As SQLAlchemy does with those that it opens itself: one that nobody closed must not keep the process alive.
    connection._thread.daemon = True
    await connection
    return connection
