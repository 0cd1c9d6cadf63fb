"""The services of the stack: what each runs, with which settings, and how it shows that it is ready."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from cli.client import configured_url, reachable
from cli.settings import environment
from cli.stack.home import TEMPORAL_DATABASE
from cli.stack.ports import LOOPBACK
from cli.stack.process import Service
from cli.stack.programs import clew_command, temporal_program
from schemas.settings import Settings

_PROBE_TIMEOUT = 2.0


@dataclass(frozen=True)
class SimulatedCity:
    """What the simulated partners are told; see `clew simulate --help`."""

    options: tuple[str, ...] = ()


def temporal_address(settings: Settings) -> str:
    return settings.temporal_address or f"{LOOPBACK}:{settings.temporal_port}"


def log_file(settings: Settings, name: str) -> Path:
    return settings.home / "logs" / f"{name}.log"


def temporal_server(settings: Settings) -> Service:
    """The embedded server, on one file. WAL is four to six times as fast as its default; FULL survives power loss."""
    pragmas = [option for value in ("journal_mode=WAL", "synchronous=FULL") for option in ("--sqlite-pragma", value)]
    command = (
        *(temporal_program(), "server", "start-dev", "--ip", LOOPBACK, "--log-level", "warn"),
        *("--port", str(settings.temporal_port), "--ui-port", str(settings.temporal_ui_port)),
        *("--namespace", settings.temporal_namespace),
        *("--db-filename", str(settings.home / TEMPORAL_DATABASE), *pragmas),
    )
    ready = _listening(LOOPBACK, settings.temporal_port)
    return Service("Temporal server", command, environment(settings), log_file(settings, "temporal"), ready)


def worker(settings: Settings) -> Service:
    ready = _answers(f"http://{reachable(settings.api_host)}:{settings.worker_metrics_port}/readyz")
    return _clew("worker", ("worker",), settings, ready)


def api(settings: Settings) -> Service:
    return _clew("API", ("api",), settings, _answers(f"{configured_url(settings)}/readyz"))


def partners(settings: Settings, city: SimulatedCity) -> Service:
    command = ("simulate", "--api", configured_url(settings), *city.options)
    return _clew("simulated partners", command, settings, _listening(LOOPBACK, settings.partners_port))


def migration(settings: Settings) -> Service:
    """Has an end, so it is never asked whether it is ready."""
    return _clew("database migration", ("migrate",), settings, _never)


def _clew(name: str, arguments: tuple[str, ...], settings: Settings, ready: Callable[[], Awaitable[bool]]) -> Service:
    log = log_file(settings, arguments[0])
    return Service(name, clew_command(*arguments), _child_environment(settings), log, ready)


def _child_environment(settings: Settings) -> Mapping[str, str]:
    return environment(settings) | {"PYTHONUNBUFFERED": "1"}


async def _never() -> bool:
    return False


def _answers(url: str) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        try:
            async with httpx.AsyncClient(timeout=_PROBE_TIMEOUT, trust_env=False) as client:
                return (await client.get(url)).is_success
        except httpx.HTTPError:
            return False

    return ready


def _listening(host: str, port: int) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            return False
        writer.close()
        return True

    return ready
