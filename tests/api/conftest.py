"""An API over each kind of database, and one real Temporal server for the run."""

import shutil
import sysconfig
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from ledger.database import Database
from schemas.settings import Settings
from tests.api.clinic import Clinic, away, clinic
from tests.api.probe import Probe
from tests.databases import sqlite_url
from workflows.names import JOURNEY_QUEUE, SEARCH_ATTRIBUTES


@pytest.fixture
async def ward(database: Database) -> AsyncIterator[Clinic]:
    """A clinic whose Temporal is away; ready for orders."""
    async with clinic(database, connect=away) as opened:
        await opened.ready()
        yield opened


@pytest.fixture
async def desk(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Clinic]:
    """The same on SQLite alone, for what no database can tell apart."""
    database = Database(sqlite_url(Path(shutil.copy(migrated_sqlite, tmp_path / "clew.db"))))
    async with clinic(database, connect=away) as opened:
        await opened.ready()
        yield opened
    await database.close()


async def temporal_server(port: int | None = None) -> WorkflowEnvironment:
    """The embedded server."""
    binary = Path(sysconfig.get_path("scripts")) / "temporal"
    return await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(binary),
        port=port,
        search_attributes=SEARCH_ATTRIBUTES,
        data_converter=pydantic_data_converter,
    )


def probing(client: Client) -> Worker:
    """A worker that runs the probe as every journey."""
    return Worker(client, task_queue=JOURNEY_QUEUE, workflows=[Probe], workflow_runner=UnsandboxedWorkflowRunner())


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[Client]:
    """A real Temporal server, with a worker whose journeys only listen."""
    server = await temporal_server()
    try:
        async with probing(server.client):
            yield server.client
    finally:
        await server.shutdown()


@pytest.fixture
def settings_for(tmp_path: Path) -> Callable[[Client], Settings]:
    """Settings for an API that uses this Temporal."""

    def make(client: Client) -> Settings:
        address = client.service_client.config.target_host
        return Settings(home=tmp_path, temporal_address=address, relay_interval=0.05)

    return make


@pytest.fixture
async def house(
    database: Database, temporal: Client, settings_for: Callable[[Client], Settings]
) -> AsyncIterator[Clinic]:
    """A clinic with a real Temporal, ready for orders."""
    async with clinic(database, settings_for(temporal)) as opened:
        await opened.ready()
        yield opened
