"""Looking around again and again for what is on record and that Temporal has not been told yet."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from structlog.stdlib import BoundLogger
from temporalio.service import RPCError

from api.temporal_link import TemporalLink
from ledger.database import Database
from schemas.errors import Unavailable
from telemetry.redaction import describe

AT_ONCE = 100
"""Items that one look around takes care of."""

ANSWER_WITHIN = 5.0
"""Seconds that Temporal has to hear of one."""

Item = TypeVar("Item")


class Rounds(ABC, Generic[Item]):
    """Tells workflows what they have not been told; `interval`: seconds between looks around."""

    log: ClassVar[BoundLogger]

    def __init__(self, database: Database, temporal: TemporalLink, interval: float) -> None:
        self._database = database
        self._temporal = temporal
        self._interval = interval
        self._silent: set[str] = set()
        """Workflows that gave no answer the last time: they come last, in case it is only them."""

    async def run(self) -> None:
        """Look around until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.look_around()
            except Exception as error:
                # Temporal or the database is away: what is on record is found at the next look.
                self.log.warning("look_around_failed", error=describe(error))

    async def look_around(self) -> None:
        """Tell each what it has not been told.

        One that Temporal refuses keeps nobody waiting. One that gives no answer ends this look, because Temporal may be
        away, and comes last in the next.
        """
        async with self._database.reading() as session:
            untold = await self._untold(session, AT_ONCE)
        for item in sorted(untold, key=lambda each: self._workflow_of(each) in self._silent):
            workflow = self._workflow_of(item)
            try:
                await self._tell(item)
            except RPCError as error:
                self.log.warning("not_told", workflow=workflow, error=describe(error))
            except Unavailable:
                self._silent.add(workflow)
                raise
            self._silent.discard(workflow)

    @abstractmethod
    async def _untold(self, session: AsyncSession, limit: int) -> Sequence[Item]: ...

    @abstractmethod
    def _workflow_of(self, item: Item) -> str:
        """The id of the workflow that is to hear of it."""

    @abstractmethod
    async def _tell(self, item: Item) -> None:
        """Tell it, and note that it was told. Raises `Unavailable` (`temporal_unavailable`), `RPCError`."""
