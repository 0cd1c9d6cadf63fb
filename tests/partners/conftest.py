from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from partners.client import open_http
from partners.simulator.city import SimulatedPartners
from partners.simulator.config import SimulatorConfig
from tests.partners.fake_clew import FakeClew

Cities = Callable[..., AbstractAsyncContextManager[SimulatedPartners]]


@pytest.fixture
async def clew() -> AsyncIterator[FakeClew]:
    fake = FakeClew()
    await fake.server.start()
    yield fake
    await fake.server.stop()


@pytest.fixture
def city_of(clew: FakeClew, tmp_path: Path) -> Cities:
    """A city that speaks to this Clew: `async with city_of(seed=3) as city`. One home unless another is given."""

    def make(home: str = "home", **settings: Any) -> AbstractAsyncContextManager[SimulatedPartners]:
        return SimulatedPartners(SimulatorConfig(api_url=clew.url, home=tmp_path / home, **settings))

    return make


@pytest.fixture
async def city(city_of: Cities) -> AsyncIterator[SimulatedPartners]:
    async with city_of() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with open_http(timeout=2) as opened:
        yield opened
