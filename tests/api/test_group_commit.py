"""Many writers, few transactions; and each gets its own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from api.group_commit import GroupCommit
from tests.waiting import until


class Ledger:
    """Doubles what it is given, and remembers which groups came."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.open = asyncio.Event()

    async def write(self, items: Sequence[int]) -> Sequence[int]:
        self.groups.append(list(items))
        await self.open.wait()
        if 13 in items:
            raise RuntimeError("disk full")
        return [item * 2 for item in items]


async def test_what_arrives_during_a_commit_shares_the_next() -> None:
    ledger = Ledger()
    commits = GroupCommit(ledger.write, largest=3)
    waiting = [asyncio.create_task(commits.submit(number)) for number in range(3)]
    await until(lambda: ledger.groups, "the first group")
    waiting += [asyncio.create_task(commits.submit(number)) for number in range(3, 8)]
    ledger.open.set()
    assert await asyncio.gather(*waiting) == [0, 2, 4, 6, 8, 10, 12, 14]
    assert ledger.groups == [[0, 1, 2], [3, 4, 5], [6, 7]]


async def test_a_failed_commit_is_told_to_its_own_group_alone() -> None:
    ledger = Ledger()
    ledger.open.set()
    commits = GroupCommit(ledger.write, largest=2)
    results = await asyncio.gather(*(commits.submit(n) for n in (1, 13, 3, 4)), return_exceptions=True)
    assert [isinstance(each, RuntimeError) for each in results[:2]] == [True, True]
    assert results[2:] == [6, 8]


async def test_one_who_leaves_stops_no_other() -> None:
    ledger = Ledger()
    commits = GroupCommit(ledger.write, largest=9)
    leaving, staying = (asyncio.create_task(commits.submit(number)) for number in (1, 2))
    await asyncio.sleep(0)
    leaving.cancel()
    ledger.open.set()
    assert await staying == 4
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await commits.finish()
