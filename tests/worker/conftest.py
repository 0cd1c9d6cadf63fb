from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from ledger import lanes
from ledger.database import Database
from partners.client import open_http
from tests.worker.neighbours import Office, Partner, office

PATIENCE = 0.4
"""Seconds that a partner has to answer."""


@pytest.fixture(autouse=True)
def short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A partner that is away is tried again soon: how rests grow is for `tests/ledger/test_lanes.py`."""
    monkeypatch.setattr(lanes, "FIRST_REST", timedelta(seconds=0.1))


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with open_http(timeout=PATIENCE) as opened:
        yield opened


@pytest.fixture
async def courier() -> AsyncIterator[Partner]:
    partner = Partner("swift-courier")
    await partner.server.start()
    yield partner
    await partner.server.stop()


@pytest.fixture
async def laboratory() -> AsyncIterator[Partner]:
    partner = Partner("clear-laboratory")
    await partner.server.start()
    yield partner
    await partner.server.stop()


@pytest.fixture
async def clew(database: Database, http: httpx.AsyncClient, courier: Partner) -> AsyncIterator[Office]:
    """A worker that knows the courier."""
    opened = office(database, http)
    await opened.knows(courier)
    async with opened.dispatcher.running(grace=2):
        yield opened
