"""Telling journeys what came of their commands: the activity that waits is completed, wherever it was started."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from temporalio.client import AsyncActivityCancelledError, AsyncActivityHandle, Client
from temporalio.service import RPCError, RPCStatusCode

from activities.partners import failure_of
from ledger.database import Database
from ledger.deliveries import mark_told, untold
from ledger.tables import DeliveryRow
from ledger.trouble import database_trouble
from schemas.commands import Acknowledgement
from schemas.deliveries import OPEN, DeliveryStatus
from schemas.errors import Unavailable
from telemetry.logs import logger

log = logger("worker.dispatch")

AT_ONCE = 20
NOTED_EVERY = 1.0
"""Seconds between two notes of who was told. A note that is lost costs one more telling, which has no effect."""

TOLD_WITHIN = timedelta(seconds=10)
"""After that, whatever is not noted as told is told again."""

_MOST = 200


class Teller:
    """Tells at once, and sweeps up what was settled elsewhere or could not be told."""

    def __init__(self, client: Client, database: Database) -> None:
        self._client = client
        self._database = database
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._telling: dict[int, asyncio.Task[None]] = {}
        self._showing: set[asyncio.Task[None]] = set()
        self._told: set[int] = set()

    def tell(self, row: DeliveryRow) -> None:
        """What came of it; or how the attempts go, for who looks at the activity in Temporal's Web UI."""
        if row.status in OPEN:
            showing = asyncio.create_task(self._show(row))
            self._showing.add(showing)
            showing.add_done_callback(self._showing.discard)
        elif row.number not in self._telling:
            self._telling[row.number] = asyncio.create_task(self._tell(row))

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(NOTED_EVERY)
            try:
                with database_trouble():
                    await self._note()
                    await self._sweep()
            except Unavailable:
                continue
            except Exception:
                log.exception("telling_failed")

    async def finish(self, within: float) -> None:
        """Tell what is being told, and note it."""
        if self._telling:
            await asyncio.wait(self._telling.values(), timeout=within)
        with suppress(Unavailable), database_trouble():
            await self._note()

    async def _note(self) -> None:
        told = set(self._told)
        if told:
            async with self._database.writing() as session:
                await mark_told(session, told, datetime.now(UTC))
            self._told -= told

    async def _sweep(self) -> None:
        async with self._database.reading() as session:
            rows = await untold(session, datetime.now(UTC) - TOLD_WITHIN, _MOST)
        for row in rows:
            self.tell(row)

    async def _tell(self, row: DeliveryRow) -> None:
        try:
            async with self._turns:
                await _settle(self._activity(row), row)
            self._told.add(row.number)
        except RPCError as error:
            # Nobody waits any more: the journey is closed, or its next attempt finds the outcome in the database.
            if error.status is RPCStatusCode.NOT_FOUND:
                self._told.add(row.number)
        finally:
            del self._telling[row.number]

    async def _show(self, row: DeliveryRow) -> None:
        with suppress(RPCError, AsyncActivityCancelledError):
            async with self._turns:
                shown = {"attempts": row.attempts, "status": row.status, "problem": row.reason}
                await self._activity(row).heartbeat(shown)

    def _activity(self, row: DeliveryRow) -> AsyncActivityHandle:
        return self._client.get_async_activity_handle(
            workflow_id=row.workflow, run_id=row.run, activity_id=row.activity
        )


async def _settle(handle: AsyncActivityHandle, row: DeliveryRow) -> None:
    if row.status == DeliveryStatus.DELIVERED:
        await handle.complete(Acknowledgement(reference=row.reference))
    else:
        await handle.fail(failure_of(row))
