"""The dispatcher: takes commands from activities, and runs a lane for each partner that has something to do."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from ledger.database import Database
from ledger.deliveries import Asker, with_work
from ledger.tables import DeliveryRow
from ledger.trouble import database_trouble
from schemas.commands import PartnerCommand
from schemas.errors import Unavailable
from telemetry.logs import logger
from worker.dispatch.lane import DoorTo, Lane
from worker.dispatch.pace import Pace
from worker.dispatch.telling import Teller

log = logger("worker.dispatch")

LOOK_EVERY = 0.5
"""Seconds between two looks for what became due, or was put there by another process."""


class Dispatcher:
    """One a process. Several processes share the work: each lane is held by one of them at a time."""

    def __init__(self, database: Database, door_to: DoorTo, teller: Teller) -> None:
        self._database = database
        self._door_to = door_to
        self._teller = teller
        self._lanes: dict[str, Lane] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._paces: defaultdict[str, Pace] = defaultdict(Pace)
        self._closing = False

    async def put(self, command: PartnerCommand, asker: Asker) -> DeliveryRow:
        """Have a command delivered; the delivery once it is stored. Raises `Unavailable`, and nothing is stored."""
        if self._closing:
            raise Unavailable("ledger_unavailable", "The worker is stopping.")
        return await self._lane(command.partner).ask(command, asker)

    @asynccontextmanager
    async def running(self, grace: float) -> AsyncIterator[None]:
        """Deliver for as long as the block lasts. `grace`: seconds for what is under way at its end."""
        tasks = [asyncio.create_task(self._look()), asyncio.create_task(self._teller.run())]
        try:
            yield
        finally:
            self._closing = True
            for task in tasks:
                task.cancel()
            for lane in self._lanes.values():
                lane.stop()
            await asyncio.gather(*tasks, *self._running.values(), return_exceptions=True)
            await asyncio.gather(*(lane.finish(grace) for lane in self._lanes.values()))
            await self._teller.finish(grace)

    async def _look(self) -> None:
        while True:
            try:
                with database_trouble():
                    await self._look_once()
            except Unavailable:
                pass
            except Exception:
                log.exception("look_failed")
            await asyncio.sleep(LOOK_EVERY)

    async def _look_once(self) -> None:
        holders = [lane.holder for lane in self._lanes.values()]
        async with self._database.reading() as session:
            partners = await with_work(session, holders, datetime.now(UTC))
        for partner in partners:
            self._lane(partner).look()

    def _lane(self, partner: str) -> Lane:
        if partner not in self._lanes:
            lane = Lane(partner, self._database, self._door_to, self._paces[partner], self._teller.tell)
            self._lanes[partner] = lane
            self._running[partner] = asyncio.create_task(self._run(partner, lane))
        return self._lanes[partner]

    async def _run(self, partner: str, lane: Lane) -> None:
        try:
            await lane.run()
        except Exception:
            log.exception("lane_failed", partner=partner)
        finally:
            if not self._closing:
                del self._lanes[partner], self._running[partner]
