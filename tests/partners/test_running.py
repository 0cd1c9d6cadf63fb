"""The city as a process: it starts, waits for Clew, and goes when it is told to."""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from partners.simulator.city import SimulatedPartners
from partners.simulator.config import PARTIES, SimulatorConfig
from partners.simulator.run import run
from schemas.errors import Unavailable
from tests.partners.fake_clew import PATIENCE, FakeClew, eventually


async def test_it_serves_until_it_is_cancelled_and_frees_its_ports(clew: FakeClew, tmp_path: Path) -> None:
    config = SimulatorConfig(api_url=clew.url, home=tmp_path, journeys=2)
    running = asyncio.create_task(run(config))
    await eventually(lambda: len(clew.journeys) == 2)
    urls = list(clew.partners.values())
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    async with httpx.AsyncClient() as http:
        for url in urls:
            with pytest.raises(httpx.ConnectError):
                await http.get(f"{url}/healthz")


async def test_it_waits_for_clew(tmp_path: Path) -> None:
    port = _five_free_ports()
    partners = SimulatedPartners(SimulatorConfig(api_url=f"http://127.0.0.1:{port}", home=tmp_path))
    async with partners as city:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(city.ready(), timeout=0.3)
        clew = FakeClew(port)
        await clew.server.start()
        await asyncio.wait_for(city.ready(), timeout=PATIENCE)
        assert set(clew.partners) == set(PARTIES.values())
    await clew.server.stop()


async def test_a_port_in_use_is_said_in_one_sentence(clew: FakeClew, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config = SimulatorConfig(api_url=clew.url, home=tmp_path, first_port=port)
        with pytest.raises(Unavailable) as refused:
            await run(config)
    assert refused.value.code == "port_in_use"
    assert str(port) in refused.value.detail


async def test_it_listens_where_it_is_told_to(clew: FakeClew, tmp_path: Path) -> None:
    first = _five_free_ports()
    running = asyncio.create_task(run(SimulatorConfig(api_url=clew.url, home=tmp_path, first_port=first)))
    await eventually(lambda: len(clew.partners) == len(PARTIES))
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert sorted(clew.partners.values()) == [f"http://127.0.0.1:{first + index}" for index in range(5)]


def _five_free_ports() -> int:
    """The first of five ports in a row that nobody listens on."""
    for first in range(20_000, 60_000, 5):
        with suppress(OSError):
            for port in range(first, first + 5):
                with socket.socket() as tried:
                    tried.bind(("127.0.0.1", port))
            return first
    raise AssertionError("no five free ports in a row")
