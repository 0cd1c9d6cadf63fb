"""Chain-of-identity ids: issued by several processes, of which some are killed; each once, and how fast."""

import asyncio
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Target
from bench.issuers import BARE
from bench.report import say
from bench.stack import Stack

NONE_TWICE = Target("at most", 0)
_POLL = 0.02


@dataclass(frozen=True)
class Size:
    """`ids`: how many are wanted of each issuer, from so many `processes`, of which `killed` die on the way."""

    ids: int = 1_000_000
    processes: int = 4
    killed: int = 8


async def measure(stack: Stack, rounds: int, size: Size = Size()) -> list[Figure]:
    """Both issuers on the stack's database; all ids of all rounds are compared."""
    figures: list[Figure] = []
    for issuer in BARE:
        ours: list[float] = []
        floor: list[float] = []
        with tempfile.TemporaryDirectory(prefix="clew-bench-ids-") as folder:
            for number in range(rounds):
                begin = Path(folder) / f"{number}"
                ours.append(await _rate("ours", issuer, stack.settings.database, size, begin))
                floor.append(await _rate("bare", issuer, stack.settings.database, size, begin))
                say(f"identifiers, {issuer}, round {number + 1}: {ours[-1]:,.0f} a second, bare {floor[-1]:,.0f}")
            issued, twice = await asyncio.to_thread(_compare, Path(folder))
        say(f"identifiers, {issuer}: {issued:,} issued, {twice} of them twice")
        figures += [
            Figure(f"identifiers, {issuer}", "ids/s", tuple(ours), tuple(floor)),
            Figure(f"identifiers, {issuer}, issued twice", f"of {issued:,}", (float(twice),), (), NONE_TWICE),
        ]
    return figures


async def _rate(kind: str, issuer: str, url: str, size: Size, begin: Path) -> float:
    """Ids a second until so many are issued; of ours, some processes are killed and replaced meanwhile."""
    kills = size.killed if kind == "ours" else 0
    lives = Lives(kind, issuer, url, size.ids, begin)
    began = time.perf_counter()
    try:
        for _ in range(size.processes):
            await lives.start()
        for number in range(kills):
            await lives.until(size.ids * (number + 1) // (kills + 1))
            await lives.kill_one()
            await lives.start()
        await lives.until(size.ids)
        return lives.issued() / (time.perf_counter() - began)
    finally:
        await lives.end()


class Lives:
    """Processes that issue, each into a file of its own; only these are killed, each through its handle."""

    def __init__(self, kind: str, issuer: str, url: str, most: int, begin: Path) -> None:
        self._command = (sys.executable, "-P", "-m", "bench.issuers", kind, issuer, url, str(most))
        self._begin = begin.with_name(f"{begin.name}-{kind}")
        self._files: list[Path] = []
        self._running: list[Process] = []
        self._length = 0

    async def start(self) -> None:
        file = self._begin.with_name(f"{self._begin.name}-{len(self._files)}")
        file.touch()
        self._files.append(file)
        self._running.append(await asyncio.create_subprocess_exec(*self._command, str(file)))

    async def kill_one(self) -> None:
        """The oldest: no chance to give anything back."""
        process = self._running.pop(0)
        process.kill()
        await process.wait()

    async def until(self, count: int) -> None:
        """Raises `RuntimeError` where a process ended by itself with a failure."""
        while self.issued() < count:
            if any(each.returncode for each in self._running):
                raise RuntimeError("a process that issues ids has failed")
            await asyncio.sleep(_POLL)

    def issued(self) -> int:
        """By the size of the files: all ids of an issuer are equally long."""
        if not self._length:
            self._length = next((len(each) + 1 for file in self._files for each in _whole_lines(file)), 0)
        size = sum(file.stat().st_size for file in self._files)
        return size // self._length if self._length else 0

    async def end(self) -> None:
        for each in self._running:
            if each.returncode is None:
                each.kill()
            await each.wait()


def _whole_lines(file: Path) -> Iterator[str]:
    """What was written to the end: a killed process can leave half a line."""
    with file.open() as lines:
        yield from (line.rstrip("\n") for line in lines if line.endswith("\n"))


def _compare(folder: Path) -> tuple[int, int]:
    """How many of ours were issued in all, and how many of those more than once."""
    count, seen = 0, set[str]()
    for file in folder.glob("*-ours-*"):
        for each in _whole_lines(file):
            count += 1
            seen.add(each)
    return count, count - len(seen)
