"""Load: as fast as so many senders can, or at a pace that waits for nobody."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from bench.wire import Answer, Wire

Item = TypeVar("Item")


async def as_fast_as(senders: int, items: Iterable[Item], send: Callable[[Item], Awaitable[None]]) -> None:
    """Send everything, so many at a time; each sender takes the next item when its own is done."""
    ahead = iter(items)

    async def sender() -> None:
        for item in ahead:
            await send(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(senders):
            group.create_task(sender())


async def at_pace(per_second: float, items: Sequence[Item], send: Callable[[Item], Awaitable[None]]) -> list[float]:
    """Send each at its moment, whether or not the ones before are done; the seconds from each moment to its answer.

    A sender that waits for slow answers would measure only the quick ones (coordinated omission).
    """
    began = time.perf_counter()

    async def timed(number: int, item: Item) -> float:
        moment = began + number / per_second
        await asyncio.sleep(moment - time.perf_counter())
        await send(item)
        return time.perf_counter() - moment

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(timed(number, item)) for number, item in enumerate(items)]
    return [task.result() for task in tasks]


class Wires:
    """As many connections as are needed at the same time, kept open between requests."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[Wire] = []

    async def send(self, path: str, body: object, media: str = "application/json") -> Answer:
        wire = self._idle.pop() if self._idle else Wire(self._port)
        answer = await wire.send(path, body, media=media)
        self._idle.append(wire)
        return answer

    def close(self) -> None:
        for wire in self._idle:
            wire.close()


@asynccontextmanager
async def wires(port: int) -> AsyncIterator[Wires]:
    opened = Wires(port)
    try:
        yield opened
    finally:
        opened.close()


async def until(holds: Callable[[], Awaitable[bool]], within: float, what: str, poll: float = 0.02) -> None:
    """Returns as soon as the condition holds. Raises `TimeoutError` that names `what` did not come."""
    deadline = time.monotonic() + within
    while not await holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"did not come within {within:g} s: {what}")
        await asyncio.sleep(poll)
