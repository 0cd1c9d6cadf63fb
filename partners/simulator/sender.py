"""Sends what a partner has to say when its time has come, until it is taken. Order within a journey is kept."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import structlog

from partners.simulator.faults import Mishaps
from partners.simulator.outside import NotNow, Outside, Rejected
from partners.simulator.store import Store, Waiting

AT_ONCE = 8
"""Journeys that a partner speaks about at the same time."""

BATCH = 200
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
LONGEST_SLEEP = 30.0
A_MOMENT = timedelta(microseconds=1)

_log = structlog.get_logger(__name__)

Sent = Callable[[Waiting, dict[str, Any]], None]
"""Told of each message that was taken, with the answer to it."""


class Sender:
    """One partner's voice. `directory`: where each organisation is, by name."""

    def __init__(
        self, store: Store, mishaps: Mishaps, outside: Outside, directory: Mapping[str, str], sent: Sent
    ) -> None:
        self._store = store
        self._mishaps = mishaps
        self._outside = outside
        self._directory = directory
        self._sent = sent
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Something was scheduled."""
        self._news.set()

    async def run(self) -> None:
        """For ever: what could not be sent is tried again after a pause that grows."""
        pause = FIRST_PAUSE
        while True:
            self._news.clear()
            due = self._store.due(datetime.now(UTC), BATCH)
            if not due:
                await self._rest()
            elif await self._send_all(due):
                pause = FIRST_PAUSE
            else:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _rest(self) -> None:
        next_one = self._store.next_send_at()
        rest = LONGEST_SLEEP if next_one is None else (next_one - datetime.now(UTC)).total_seconds()
        try:
            await asyncio.wait_for(self._news.wait(), timeout=min(max(rest, 0.001), LONGEST_SLEEP))
        except TimeoutError:
            return

    async def _send_all(self, due: list[Waiting]) -> bool:
        """Whether all were settled. Journeys go side by side, each in its own order."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one_journey(messages: list[Waiting]) -> bool:
            async with gate:
                return await self._send_in_order(messages)

        journeys = groupby(sorted(due, key=lambda each: each.coi), key=lambda each: each.coi)
        done = await asyncio.gather(*(one_journey(list(messages)) for _, messages in journeys))
        return all(done)

    async def _send_in_order(self, messages: list[Waiting]) -> bool:
        for message in messages:
            if not self._store.still_waiting(message):
                continue
            if message.target == "event" and self._postponed(message):
                # The order is another one now: read it again.
                return True
            try:
                answer = await self._send(message)
            except NotNow:
                return False
            except Rejected as rejected:
                self._store.settle(message, "rejected", rejected.status)
                _log.warning("simulator.rejected", message=message.id, status=rejected.status)
            else:
                # What follows from it first: it can be done twice, and must not be left out.
                self._sent(message, answer)
                self._store.settle(message, "sent", None)
        return True

    async def _send(self, message: Waiting) -> dict[str, Any]:
        if message.target == "journey":
            return await self._outside.place_journey(message.body)
        if message.target == "service_request":
            return await self._outside.place_service_request(message.body)
        if message.target == "dock":
            await self._outside.hand_over(self._dock(message.to), message.body)
            return {}
        if message.target == "readings":
            await self._outside.send_readings(message.body["readings"])
            return {}
        for copy in self._mishaps.copies(self._mishaps.embellished(message.body)):
            await self._outside.send_event(copy)
        return {}

    def _dock(self, organisation: str | None) -> str:
        try:
            return self._directory[organisation or ""]
        except KeyError:
            # A receiver outside the simulated city scans for itself.
            raise Rejected(404) from None

    def _postponed(self, message: Waiting) -> bool:
        """A fault holds the message back, once: until after the next of its story, or for a while."""
        until = None if message.postponed else self._held_until(message)
        if until is not None:
            self._store.postpone(message, until)
        return until is not None

    def _held_until(self, message: Waiting) -> datetime | None:
        if self._mishaps.holds_back(message.id) and not self._store.is_waited_for(message):
            after = self._store.next_of_same_story(message)
            if after is not None:
                return after + A_MOMENT
        if self._mishaps.is_late(message.id):
            return datetime.now(UTC) + self._mishaps.lateness / message.time_lapse
        return None
