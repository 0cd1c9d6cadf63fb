"""The load: never more at a time than said, and never slowed down by who answers."""

import asyncio

import pytest

from bench.load import as_fast_as, at_pace, until


async def test_as_fast_as_possible_is_never_more_at_a_time_than_said() -> None:
    under_way = most = 0
    sent: list[int] = []

    async def send(item: int) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        sent.append(item)
        under_way -= 1

    await as_fast_as(3, range(10), send)
    assert sorted(sent) == list(range(10))
    assert most == 3


async def test_a_slow_answer_holds_up_nobody_and_its_own_wait_is_counted() -> None:
    answered = asyncio.Event()

    async def send(item: int) -> None:
        if item == 0:
            await answered.wait()
        if item == 4:
            answered.set()

    seconds = await at_pace(200, range(5), send)
    assert seconds[0] >= 4 / 200
    assert len(seconds) == 5


async def test_what_does_not_come_is_named() -> None:
    async def never() -> bool:
        return False

    with pytest.raises(TimeoutError, match="the last event"):
        await until(never, 0.01, "the last event")
