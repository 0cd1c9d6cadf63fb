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
        """Tell each what it has not been told; where Temporal refuses one, nobody else has to wait for that."""
        async with self._database.reading() as session:
            untold = await self._untold(session, AT_ONCE)
        for item in untold:
            try:
                await self._tell(item)
            except RPCError as error:
                self.log.warning("not_told", workflow=self._workflow_of(item), error=describe(error))

    @abstractmethod
    async def _untold(self, session: AsyncSession, limit: int) -> Sequence[Item]: ...

    @abstractmethod
    def _workflow_of(self, item: Item) -> str:
        """The id of the workflow that is to hear of it."""

    @abstractmethod
    async def _tell(self, item: Item) -> None:
        """Tell it, and note that it was told. Raises `Unavailable` (`temporal_unavailable`), `RPCError`."""
