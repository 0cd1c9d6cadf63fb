"""One service: a program under guard, with its log and a way to see that it is ready."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cli.stack import guard
from schemas.errors import Unavailable

READY_WITHIN = 120.0
STOPPED_WITHIN = guard.GRACE + 2
_POLL = 0.1
_LOG_LIMIT = 20_000_000
_TOLD_BY_CLEW = "clew: "
_REASON_LENGTH = 300


@dataclass(frozen=True)
class Service:
    """What to run. `ready` is asked again and again until it says yes; it does not raise."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    ready: Callable[[], Awaitable[bool]]


class Process:
    """A service that was started. It is stopped through its handle only, never by name."""

    def __init__(self, service: Service, guarded: asyncio.subprocess.Process) -> None:
        self.service = service
        self._guarded = guarded

    @classmethod
    async def start(cls, service: Service) -> "Process":
        with _opened_log(service.log) as log:
            guarded = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", guard.__file__, *service.command),
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=dict(service.environment),
                # A group of its own: the terminal's Ctrl-C reaches the supervisor alone, which stops all in order.
                start_new_session=True,
            )
        return cls(service, guarded)

    @property
    def pid(self) -> int:
        """The guard's process id; the program is the guard's only child."""
        return self._guarded.pid

    @property
    def running(self) -> bool:
        return self._guarded.returncode is None

    async def ended(self) -> int:
        """Wait for its end; the exit status."""
        return await self._guarded.wait()

    async def wait_until_ready(self) -> None:
        """Raises `Unavailable` (`process_ended`) if it ends first, or is not ready in time."""
        try:
            async with asyncio.timeout(READY_WITHIN):
                while not await self.service.ready():
                    if not self.running:
                        raise self.failure("ended while starting")
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise self.failure(f"was not ready within {READY_WITHIN:.0f} seconds") from None

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL to its group if that does not help. Harmless if it has ended."""
        if self.running:
            self._guarded.terminate()
        try:
            async with asyncio.timeout(STOPPED_WITHIN):
                await self._guarded.wait()
        except TimeoutError:
            pass
        if self._guarded.returncode is None or self._guarded.returncode < 0:
            self._kill_group()
            await self._guarded.wait()

    def _kill_group(self) -> None:
        """For a guard that does not answer or was killed itself: its program is in the guard's group."""
        try:
            os.killpg(self._guarded.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def failure(self, what: str) -> Unavailable:
        """The sentence for a person: which process, what happened, its last word, where to read more."""
        reason = _last_word(self.service.log)
        told = f": {reason}" if reason else ""
        return Unavailable("process_ended", f"The {self.service.name} {what}{told} (log: {self.service.log})")


def _opened_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def _last_word(log: Path) -> str:
    """Why it ended: the sentence that a `clew` command left, or else the last line that there is."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 20_000))
        lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    told = [line.removeprefix(_TOLD_BY_CLEW) for line in lines if line.startswith(_TOLD_BY_CLEW)]
    return (told or lines or [""])[-1].strip()[:_REASON_LENGTH]
