"""An API, a worker and a subscriber, around a real Temporal server and each kind of database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from ledger.database import Database
from schemas.settings import Settings
from tests.api.clinic import clinic
from tests.subscriptions.house import House, serving
from tests.subscriptions.receiver import Receiver
from tests.workflows.conftest import real_server


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[WorkflowEnvironment]:
    async with real_server() as environment:
        yield environment


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    listening = Receiver()
    await listening.server.start()
    yield listening
    listening.open.set()
    listening.ended.set()
    await listening.server.stop()


@pytest.fixture
def settings(server: WorkflowEnvironment, database: Database, tmp_path: Path) -> Settings:
    address = server.client.service_client.config.target_host
    return Settings(
        home=tmp_path,
        database_url=database.url,
        temporal_address=address,
        relay_interval=0.05,
        webhook_timeout=2,
        allow_private_subscribers=True,
    )


@pytest.fixture
async def house(
    database: Database, settings: Settings, server: WorkflowEnvironment, receiver: Receiver
) -> AsyncIterator[House]:
    """Everything at work; nobody subscribed yet."""
    async with clinic(database, settings) as opened, serving(server.client, database, settings):
        built = House(opened.http, database, receiver, server.client)
        yield built
        await built.empty()
