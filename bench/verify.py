"""How fast a ledger is checked, and in how much memory, however long it is; beside a bare hash over the same rows."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.feed import fill
from bench.figures import Figure, Target
from bench.report import say
from bench.stack import Stack
from ledger.migrate import migrate

FAST, FLAT = Target("at least", 150_000), Target("at most", 1.1, ratio=True)


@dataclass(frozen=True)
class Size:
    """Entries of the short ledger, and of the long one."""

    short: int = 100_000
    long: int = 1_000_000


@dataclass(frozen=True)
class Cost:
    """`seconds`, and `peak`: MiB."""

    seconds: float
    peak: float


async def measure(stack: Stack, rounds: int, size: Size = Size()) -> list[Figure]:
    """Entries a second over the long ledger; and its memory beside that of the short one."""
    short = await _filled(stack.settings.home / "short.db", size.short)
    long = await _filled(stack.settings.home / "long.db", size.long)
    speed: list[float] = []
    floor: list[float] = []
    peaks: list[float] = []
    short_peaks: list[float] = []
    for number in range(rounds):
        floor.append(size.long / (await _cost("bare", long)).seconds)
        ours = await _cost("verify", long)
        speed.append(size.long / ours.seconds)
        peaks.append(ours.peak)
        short_peaks.append((await _cost("verify", short)).peak)
        say(f"verify, round {number + 1}: {speed[-1]:,.0f} entries a second, bare {floor[-1]:,.0f}")
        say(f"verify, round {number + 1}: {peaks[-1]:.0f} MiB, over the short ledger {short_peaks[-1]:.0f} MiB")
    return [
        Figure(f"verify, {size.long:,} entries", "entries/s", tuple(speed), tuple(floor), FAST),
        Figure(f"verify, memory beside that of {size.short:,}", "MiB", tuple(peaks), tuple(short_peaks), FLAT),
    ]


async def _filled(file: Path, count: int) -> Path:
    await migrate(f"sqlite+aiosqlite:///{file}")
    await asyncio.to_thread(fill, file, count)
    return file


async def _cost(which: str, file: Path) -> Cost:
    command = (sys.executable, "-m", "bench.checked", which, str(file))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"bench.checked {which} ended with {process.returncode}")
    return Cost(**json.loads(said))
