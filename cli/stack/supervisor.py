"""Starts the services in order, restarts one that dies, and stops all of them in the opposite order."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from cli.stack.process import Process, Service

RESTARTS = 3
WITHIN = 60.0
"""A service may die `RESTARTS` times in `WITHIN` seconds; once more, and everything stops."""

_PAUSE = 0.5

Say = Callable[[str], None]


class Supervisor:
    """Holds every process that it started; `stop()` ends those and nothing else."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._processes: dict[str, Process] = {}
        self._deaths: dict[str, deque[float]] = {}
        self.restarted: Counter[str] = Counter()

    async def start(self, *services: Service) -> None:
        """Start these together, and wait until each is ready. Raises `Unavailable` (`process_ended`)."""
        for service in services:
            self._say(f"starting the {service.name}")
            self._processes[service.name] = await Process.start(service)
        await together(self._processes[service.name].wait_until_ready() for service in services)

    async def run_once(self, service: Service) -> None:
        """Run something that has an end (a migration) to its end. Raises `Unavailable` if it fails."""
        self._say(service.name)
        process = self._processes[service.name] = await Process.start(service)
        status = await process.ended()
        del self._processes[service.name]
        if status != 0:
            raise process.failure(f"failed with exit code {status}")

    async def watch_while(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work, and meanwhile restart whatever ends. Raises `Unavailable` (`process_ended`) if that fails."""
        watching = asyncio.create_task(together(self._keep_running(name) for name in list(self._processes)))
        working = asyncio.create_task(work)
        try:
            await asyncio.wait((watching, working), return_when=asyncio.FIRST_COMPLETED)
            await (watching if watching.done() else working)
        finally:
            watching.cancel()
            working.cancel()

    async def stop(self) -> None:
        """The last started first, so that nobody is left talking to nobody."""
        while self._processes:
            _, process = self._processes.popitem()
            await process.stop()

    async def _keep_running(self, name: str) -> None:
        while True:
            process = self._processes[name]
            status = await process.ended()
            await process.stop()
            if self._died_too_often(name):
                raise process.failure(f"has ended {RESTARTS + 1} times within {WITHIN:.0f} seconds, so all was stopped")
            self._say(f"the {name} has ended with exit code {status}; starting it again")
            self.restarted[name] += 1
            await asyncio.sleep(_PAUSE)
            self._processes[name] = await Process.start(process.service)

    def _died_too_often(self, name: str) -> bool:
        deaths = self._deaths.setdefault(name, deque())
        deaths.append(time.monotonic())
        while deaths[0] < time.monotonic() - WITHIN:
            deaths.popleft()
        return len(deaths) > RESTARTS


async def together(waits: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Wait for all; the first that fails ends the wait for the others, with its own exception and not a group."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
