"""Many small writes as few transactions: what arrives while one commits goes into the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupCommit(Generic[Item, Result]):
    """Hands items to `write` in groups of at most `largest`; `write` returns one result an item, in order.

    Whoever submitted an item goes on only when its group is written. If `write` raises, all of the group get that.
    `gather`: seconds that the first item waits for company, where nobody is in a hurry.
    """

    def __init__(
        self, write: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], largest: int, gather: float = 0
    ) -> None:
        self._write = write
        self._largest = largest
        self._gather = gather
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """The result for this item, once it is written."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._writer is None:
            # A group belongs to no single request, so to no request's trace either.
            self._writer = asyncio.create_task(self._drain(), context=Context())
        return await future

    async def finish(self) -> None:
        """Wait until nothing is waiting."""
        if self._writer is not None:
            await self._writer

    async def _drain(self) -> None:
        try:
            await asyncio.sleep(self._gather)
            while self._waiting:
                group = [self._waiting.popleft() for _ in range(min(self._largest, len(self._waiting)))]
                await self._settle(group)
        finally:
            self._writer = None

    async def _settle(self, group: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._write([item for item, _ in group])
        except Exception as error:
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(group, results, strict=True):
            if not future.done():
                future.set_result(result)
