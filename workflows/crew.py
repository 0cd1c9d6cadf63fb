"""The crew: everything that is done for a journey side by side, by name, so that it can be let go."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from temporalio import workflow


class JourneyDefect(Exception):
    """A defect in this code, or a ledger that contradicts the journey: nothing may move on until someone has looked."""


class Crew:
    """Runs coroutines beside each other. A defect in one fails the workflow task, which Temporal tries again: it
    never fails the therapy."""

    def __init__(self) -> None:
        self._at_work: dict[str, list[asyncio.Task[None]]] = {}
        self._defect: BaseException | None = None

    def set_to_work(self, name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Have something done, under a name; several can be done under one."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        self._at_work.setdefault(name, []).append(task)
        return task

    def is_at_work(self, name: str) -> bool:
        return name in self._at_work

    def dismiss(self, name: str) -> None:
        """Stop all that is done under a name."""
        for task in self._at_work.pop(name, []):
            task.cancel()

    def dismiss_all(self) -> None:
        for name in list(self._at_work):
            self.dismiss(name)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition. Raises `JourneyDefect` as soon as anyone at work has failed."""
        await workflow.wait_condition(lambda: self._defect is not None or bool(condition()))
        if self._defect is not None:
            raise JourneyDefect from self._defect

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            self._defect = self._defect or task.exception()
