import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from temporalio.client import Client

from ledger.database import Database
from schemas.settings import Settings
from tests.databases import sqlite_url
from tests.holds.hospital import Hospital, hospital
from tests.holds.ward import Ward
from tests.workflows.conftest import real_server


@pytest.fixture
def ward(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Ward]:
    """One ledger for all patients."""
    opened = Ward(Path(shutil.copy(migrated_sqlite, tmp_path / "clew.db")))
    yield opened
    opened.closes()


@pytest.fixture(scope="session")
async def holds_temporal() -> AsyncIterator[Client]:
    """One real server for the run."""
    async with real_server() as environment:
        yield environment.client


@pytest.fixture
async def clew(holds_temporal: Client, migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Hospital]:
    """Clew at work on a ledger of its own."""
    database = Database(sqlite_url(Path(shutil.copy(migrated_sqlite, tmp_path / "clew.db"))))
    address = holds_temporal.service_client.config.target_host
    settings = Settings(home=tmp_path, temporal_address=address, relay_interval=0.05)
    async with hospital(holds_temporal, database, settings) as opened:
        yield opened
    await database.close()
