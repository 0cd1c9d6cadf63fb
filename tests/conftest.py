"""Databases for every test that asks: `database` runs it twice, on SQLite and on PostgreSQL."""

import faulthandler
import gc
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ledger.database import Database
from ledger.migrate import migrate
from tests.databases import KINDS, Postgres, now, postgres_server, sqlite_url


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Collect what failed journeys left, before plugins import: CPython 3.11 cannot parse while it finalises them."""
    gc.collect()


ENDS_WITHIN = 60
"""Seconds from the last test to the end of the process."""


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """A run that does not end after its last test fails, and says what every thread is waiting for."""
    faulthandler.dump_traceback_later(ENDS_WITHIN, exit=True, file=2)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The run's PostgreSQL server, started when a test first needs it."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy from: nobody opens it again."""
    path = tmp_path_factory.mktemp("template") / "clew.db"
    now(migrate(sqlite_url(path)))
    return path


@pytest.fixture(params=KINDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without a table."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "clew.db")
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database(migrated=False) as url:
        yield url


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database."""
    if request.param == "sqlite":
        path = tmp_path / "clew.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield sqlite_url(path)
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database(migrated=True) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh, migrated database."""
    opened = Database(database_url)
    yield opened
    await opened.close()
