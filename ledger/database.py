"""Connections. Writers take the lock when they begin, so a read inside a write is never stale."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import event, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import AsyncAdaptedQueuePool

from ledger import one_hop
from schemas.canonical import canonical_json
from schemas.errors import Invalid

POOL_SIZE = 8

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Database:
    """One database, with an engine for writing and one for reading."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._writer = _engine(url, immediate=True)
        self._reader = _engine(url, immediate=False) if self.is_sqlite else self._writer

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A transaction: committed at the end, rolled back on any exception."""
        async with AsyncSession(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    async def in_step(
        self,
        work: Callable[Concatenate[Session, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """The same for work that waits for nothing but the database: on SQLite it costs one crossing in all, not one
        for each statement. Whoever is cancelled meanwhile does not know whether it was committed."""

        def whole(session: Session) -> Result:
            return work(session, *args, **kwargs)

        if not self.is_sqlite:
            async with self.writing() as session:
                return await session.run_sync(whole)
        async with self._writer.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            result: Result = await driver.transact(whole)
            return result

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session for queries; what it wrote would be lost."""
        async with AsyncSession(self._reader, expire_on_commit=False) as session:
            yield session

    async def ping(self) -> None:
        """Raises whatever the database raises when it cannot be written to."""
        async with self.writing() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self._writer.dispose()
        await self._reader.dispose()


def _engine(url: str, *, immediate: bool) -> AsyncEngine:
    """Raises `Invalid` (`bad_setting`) for a URL that leads to no database that we can speak to."""
    try:
        return _make_engine(url, immediate=immediate)
    except ModuleNotFoundError:
        detail = "CLEW_DATABASE_URL: the driver is not installed. PostgreSQL needs pip install 'clew[postgres]'."
        raise Invalid("bad_setting", detail) from None
    except ArgumentError:
        detail = "CLEW_DATABASE_URL is no database URL; one is postgresql+asyncpg://user:password@host/clew."
        raise Invalid("bad_setting", detail) from None


def _make_engine(url: str, *, immediate: bool) -> AsyncEngine:
    if not url.startswith("sqlite"):
        return create_async_engine(
            url, hide_parameters=True, json_serializer=_json, pool_size=POOL_SIZE, pool_pre_ping=True
        )
    # One writer a process: SQLite has one anyway, and waiting in our queue is fairer than in its busy loop.
    engine = create_async_engine(
        url,
        hide_parameters=True,
        json_serializer=_json,
        async_creator=partial(one_hop.connect, url, _json),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1 if immediate else POOL_SIZE,
        max_overflow=0,
    )
    _prepare_sqlite(engine, immediate=immediate)
    return engine


def _json(value: Any) -> str:
    """Documents are stored in their canonical spelling: the ledger's hashes are taken from it."""
    return canonical_json(value).decode()


def _prepare_sqlite(engine: AsyncEngine, *, immediate: bool) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        # The driver's own transactions would begin late and deferred; ours begin where we say.
        connection.isolation_level = None
        cursor = connection.cursor()
        # Writers wait for the lock in `one_hop`; once they have it, nothing is busy.
        waits = 0 if immediate else round(one_hop.BUSY_TIMEOUT * 1000)
        cursor.execute(one_hop.WRITE_AHEAD)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={waits}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Any) -> None:
        connection.exec_driver_sql(one_hop.BEGIN_WRITING if immediate else "BEGIN DEFERRED")
