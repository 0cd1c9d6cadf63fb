"""Each benchmark at its smallest, on one real stack: that it measures, not what."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from bench import append, deliveries, events, feed, history, identifiers, inbox, intake, materials, memory, replay
from bench import verify as verifying
from bench.figures import Figure
from bench.main import INTERRUPTED
from bench.stack import Stack, fresh_stack
from ledger.database import Database
from ledger.verify import verify
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[Stack]:
    async with fresh_stack() as started:
        home = started.settings.home
        children = psutil.Process().children(recursive=True)
        yield started
    assert not home.exists()
    assert not [each for each in children if each.is_running() and _names(each, home)]


def _in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def _names(process: psutil.Process, home: Path) -> bool:
    try:
        return any(str(home) in word for word in process.cmdline())
    except psutil.NoSuchProcess:
        return False


async def test_a_benchmark_that_is_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    command = (sys.executable, "-P", "-m", "cli.main", "bench", "events")
    benchmark = await asyncio.create_subprocess_exec(*command, env={**os.environ, "TMPDIR": str(tmp_path)})
    try:
        await until(lambda: list(tmp_path.glob("clew-bench-*/temporal.db")), "a benchmark that has begun", seconds=90)
        children = psutil.Process(benchmark.pid).children(recursive=True)
        assert children
        benchmark.terminate()
        assert await asyncio.wait_for(benchmark.wait(), 60) == INTERRUPTED
    finally:
        if benchmark.returncode is None:
            benchmark.kill()
    assert not _in(tmp_path)
    assert not [each for each in children if each.is_running()]


async def test_events(stack: Stack) -> None:
    whole, whole_time, signal, signal_time = await events.measure(
        stack, 1, events.Size(journeys=2, stages=2, milestones=2)
    )
    assert _measured(whole, whole_time, signal, signal_time)
    assert whole.ratio is not None


async def test_history_and_replay(stack: Stack) -> None:
    length, size = await history.measure(stack, 1, demonstration=False)
    assert 100 < length.ours < 1_000
    assert 20 < size.ours < 500
    assert _measured(*await replay.measure(stack, 1, times=2))


async def test_memory(stack: Stack) -> None:
    (idle,) = await memory.measure(stack, 1, memory.Size(journeys=4, warm_up=1))
    assert idle.floor is not None


async def test_feed(stack: Stack) -> None:
    read, pushed = await feed.measure(stack, 1, feed.Size(entries=450, pace=20, seconds=0.5))
    assert _measured(read)
    assert (len(pushed.spread), len(pushed.floor_spread)) == (1, 1)
    found = await verify(Database(stack.settings.database))
    assert (found.first_bad, found.entries >= 460) == (None, True)


async def test_identifiers(stack: Stack) -> None:
    opaque, opaque_twice, isbt, isbt_twice = await identifiers.measure(
        stack, 1, identifiers.Size(ids=3_000, processes=2, killed=2)
    )
    assert _measured(opaque, isbt)
    assert (opaque_twice.ours, isbt_twice.ours) == (0, 0)
    assert int(isbt_twice.unit.removeprefix("of ").replace(",", "")) >= 3_000


async def test_verify(stack: Stack) -> None:
    speed, memory_used = await verifying.measure(stack, 1, verifying.Size(short=300, long=900))
    assert _measured(speed, memory_used)


async def test_append(stack: Stack) -> None:
    for each in await append.measure(stack, 1, append.Size(appends=40, turn=20, journeys=4)):
        assert _measured(each)
    found = await verify(Database(f"sqlite+aiosqlite:///{stack.settings.home / 'appends.db'}"))
    assert (found.first_bad, found.entries) == (None, 84)


async def test_genealogy_and_custody(stack: Stack) -> None:
    (both_ways,) = await materials.genealogy(stack, 1, materials.Graph(nodes=600, asked=20))
    (custody,) = await materials.custody(stack, 1, materials.Crowd(entries=400, custodians=50, journeys=5))
    assert _measured(both_ways, custody)


async def test_intake(stack: Stack) -> None:
    on_sqlite, on_postgres = await intake.measure(stack, 1, intake.Size(events=40))
    assert _measured(on_sqlite, on_postgres)


async def test_deliveries(stack: Stack) -> None:
    (drained,) = await deliveries.drain(stack, 1, deliveries.Queue(journeys=2, rates=(20,)))
    (beside,) = await deliveries.bulkhead(stack, 1, deliveries.Neighbours(pace=5, seconds=0.6, hanging=2))
    assert _measured(drained, beside)


async def test_the_inbox_last_because_it_stops_temporal(stack: Stack) -> None:
    ours, median, alone, share = await inbox.measure(stack, 1, inbox.Size(pace=20, seconds=0.5))
    assert _measured(ours, median, alone)
    assert share.ours == 1


def _measured(*figures: Figure) -> bool:
    return all(each.ours > 0 and (each.floor is None or each.floor > 0) for each in figures)
