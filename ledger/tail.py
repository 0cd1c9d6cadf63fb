"""The end of the ledger, watched for all who wait for news: one cheap look for all, none while nobody waits."""

import asyncio

from ledger.database import Database
from ledger.feed import newest_position
from telemetry.logs import logger
from telemetry.redaction import describe

log = logger("tail")

LOOK_EVERY = 0.01
"""Seconds between two looks: half of what a reader waits beyond the append itself."""

REST = 1.0
"""Seconds without a look after the database did not answer."""


class Tail:
    """Knows the newest position for as long as somebody waits for one."""

    def __init__(self, database: Database, look_every: float = LOOK_EVERY) -> None:
        self._database = database
        self._look_every = look_every
        self._newest = 0
        self._waiting = 0
        self._news = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self.is_over = False

    @property
    def is_watching(self) -> bool:
        return self._watch is not None

    async def beyond(self, position: int, within: float) -> bool:
        """Whether the ledger goes on after a position by the end of so many seconds, or by the end of the process."""
        self._waiting += 1
        if self._watch is None:
            self._watch = asyncio.create_task(self._look(), name="tail")
        try:
            async with asyncio.timeout(within):
                while self._newest <= position and not self.is_over:
                    await self._news.wait()
            return self._newest > position
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1

    def end(self) -> None:
        """The process is told to stop: nobody waits any longer, so that every answer comes to its proper end."""
        self.is_over = True
        self._wake()

    async def close(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    async def _look(self) -> None:
        try:
            while self._waiting:
                await self._look_once()
        finally:
            self._watch = None

    async def _look_once(self) -> None:
        """Look, and let some time pass."""
        try:
            async with self._database.reading() as session:
                newest = await newest_position(session)
        except Exception as error:
            # The database is away: whoever waits does so until it is back, or has waited long enough.
            log.warning("look_failed", error=describe(error))
            await asyncio.sleep(REST)
            return
        if newest != self._newest:
            self._newest = newest
            self._wake()
        await asyncio.sleep(self._look_every)

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
