"""Wait on a condition, never on the clock alone."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], object | Awaitable[object]], what: str, seconds: float = 20) -> None:
    """Return as soon as the condition holds; fail the test, saying `what` did not come, after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        holds = condition()
        if inspect.isawaitable(holds):
            holds = await holds
        if holds:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come within {seconds} s: {what}")
        await asyncio.sleep(0.01)
