"""Clew as it runs in production: real processes on real sockets, each of which a drill can kill, pause and start."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
from temporalio.client import Client

from activities.temporal import connect
from cli.client import Api, configured_url
from cli.shipped import publish_shipped
from cli.stack import services
from cli.stack.demonstration import settings_for
from cli.stack.process import Process, Service
from ledger.database import Database
from ledger.migrate import migrate
from partners.simulator.server import Server
from schemas.settings import Settings
from tests.faults.spans import Spans

TEMPORAL, WORKER, API = "temporal", "worker", "api"
SERVICES: dict[str, Callable[[Settings], Service]] = {
    TEMPORAL: services.temporal_server,
    WORKER: services.worker,
    API: services.api,
}
"""In the order in which they need each other."""

PARTNER_TIMEOUT = 1.5
"""Seconds that a partner has to answer: short, because some drills wait for it to pass."""

CHECKPOINT_INTERVAL = 1
"""Seconds between two checkpoints: several are made during a drill, and some while a process is killed."""


class Site:
    """One installation of Clew. It ends the processes that it started, through their handles, and no others."""

    def __init__(self, settings: Settings, spans: Spans) -> None:
        self.settings = settings
        self.spans = spans
        self.url = configured_url(settings)
        self.database = Database(settings.database)
        self.http = httpx.AsyncClient(base_url=self.url, timeout=60, trust_env=False)
        self._running: dict[str, Process] = {}

    async def start(self, *names: str) -> None:
        """Start these together; returns when each is ready."""
        for name in names:
            self._running[name] = await Process.start(_as_tested(SERVICES[name](self.settings)))
        for name in names:
            await self._running[name].wait_until_ready()

    async def kill(self, name: str) -> None:
        """`kill -9`: it gets no chance to put anything in order. Returns when it is gone."""
        process = self._running.pop(name)
        self._program(process).kill()
        await process.ended()

    async def restart_killed(self, name: str) -> None:
        await self.kill(name)
        await self.start(name)

    def pause(self, name: str) -> None:
        """It does nothing any more, and does not know it."""
        self._program(self._running[name]).suspend()

    def resume(self, name: str) -> None:
        self._program(self._running[name]).resume()

    async def made_whole(self) -> None:
        """Whatever a drill left dead or paused runs again."""
        self._resume_all()
        missing = [name for name in SERVICES if name not in self._running or not self._running[name].running]
        for name in missing:
            await self.start(name)

    async def temporal(self) -> Client:
        """A connection to the Temporal server."""
        return await connect(self.settings)

    def log(self, name: str) -> Path:
        return services.log_file(self.settings, name)

    async def stop(self) -> None:
        # A paused program does not hear that it shall end.
        self._resume_all()
        for name in reversed(SERVICES):
            if name in self._running:
                await self._running.pop(name).stop()
        await self.http.aclose()
        await self.database.close()

    def _resume_all(self) -> None:
        for process in self._running.values():
            if process.running:
                self._program(process).resume()

    def _program(self, process: Process) -> psutil.Process:
        """What the guard runs: its only child."""
        (program,) = psutil.Process(process.pid).children()
        return program


@asynccontextmanager
async def running_site(home: Path, database_url: str | None = None) -> AsyncIterator[Site]:
    """A site with all its processes ready; its spans come to us."""
    spans = Spans()
    receiver = Server(spans.app, "127.0.0.1", 0)
    await receiver.start()
    settings = settings_for(home, Settings()).model_copy(
        update={
            "database_url": database_url,
            "otlp_endpoint": receiver.url,
            "partner_timeout": PARTNER_TIMEOUT,
            "log_level": "debug",
            "checkpoint_interval": CHECKPOINT_INTERVAL,
        }
    )
    await migrate(settings.database)
    site = Site(settings, spans)
    try:
        await site.start(TEMPORAL)
        await site.start(WORKER, API)
        await asyncio.to_thread(_publish, site.url)
        yield site
    finally:
        await site.stop()
        await receiver.stop()


def _publish(url: str) -> None:
    with Api(url) as api:
        publish_shipped(api)


def _as_tested(service: Service) -> Service:
    """Spans leave the process soon after they end, so that a killed one has told of most."""
    return replace(service, environment={**service.environment, "OTEL_BSP_SCHEDULE_DELAY": "200"})
