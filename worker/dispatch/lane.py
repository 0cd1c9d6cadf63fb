"""One partner's lane in this process: turns at the database, and attempts between them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

from ledger.database import Database
from ledger.deliveries import Asker, put
from ledger.lanes import HELD_FOR, Tried, Turn, Turned, let_go, take_turn
from ledger.tables import DeliveryRow, PartnerRow
from ledger.trouble import database_trouble
from partners.door import Door
from schemas.commands import PartnerCommand
from schemas.errors import ClewError, NotFound, Unavailable
from telemetry.logs import logger
from worker.dispatch.asking import OpenDoor, attempt
from worker.dispatch.pace import Pace

log = logger("worker.dispatch")

_HOLD_AGAIN = HELD_FOR.total_seconds() / 3
_AFTER_TROUBLE = 0.5
"""Seconds until the next turn, where the database did not answer."""

DoorTo = Callable[[PartnerRow], Awaitable[Door]]
Asked = tuple[PartnerCommand, Asker, "asyncio.Future[DeliveryRow]"]


class Lane:
    """Runs as long as there is something to do for its partner, and asks it one thing a journey at a time."""

    def __init__(
        self,
        partner: str,
        database: Database,
        door_to: DoorTo,
        pace: Pace,
        tell: Callable[[DeliveryRow], None],
    ) -> None:
        self._partner = partner
        self._database = database
        self._door_to = door_to
        self._pace = pace
        self._tell = tell
        # Not the process's: a lane whose task ended in the middle must not pass for its successor.
        self.holder = uuid4().hex
        self._asked: list[Asked] = []
        self._tried: list[Tried] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._closing = False

    def ask(self, command: PartnerCommand, asker: Asker) -> "asyncio.Future[DeliveryRow]":
        """Put a command into the lane's next turn; what it stands at then."""
        stored: asyncio.Future[DeliveryRow] = asyncio.get_running_loop().create_future()
        self._asked.append((command, asker, stored))
        self._news.set()
        return stored

    def look(self) -> None:
        """There may be something to do."""
        self._news.set()

    async def run(self) -> None:
        """Turn after turn, until there is nothing to do or another process holds the lane."""
        try:
            while not self._closing:
                self._news.clear()
                turned = await self._turn()
                if turned is not None and turned.idle and not self._asked:
                    return
                await self._something_happens(_AFTER_TROUBLE if turned is None else self._patience())
        except LaneLost:
            log.warning("lane_lost", partner=self._partner, under_way=len(self._under_way))
        finally:
            self._refuse(self._asked, Unavailable("ledger_unavailable", "The lane has ended."))

    def stop(self) -> None:
        """Ask the partner nothing more."""
        self._closing = True
        self._news.set()

    async def finish(self, within: float) -> None:
        """After `run` has ended: wait so long for what is under way, and leave the lane to others.

        What is cut off is of unknown outcome; whoever holds the lane next looks it up.
        """
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=within)
        for task in self._under_way:
            task.cancel()
        with suppress(Unavailable, LaneLost):
            if self._tried:
                await self._turn()
            with database_trouble():
                async with self._database.writing() as session:
                    await let_go(session, self._partner, self.holder)

    async def _turn(self) -> Turned | None:
        """One turn; None where the database did not answer, and everything is as it was. Raises `LaneLost`."""
        asked, tried = list(self._asked), list(self._tried)
        turn = Turn(
            partner=self._partner,
            holder=self.holder,
            room=_none if self._closing else self._room,
            asked=[(command, asker) for command, asker, _ in asked],
            tried=tried,
            under_way=len(self._under_way),
        )
        held_until = time.monotonic() + HELD_FOR.total_seconds()
        try:
            with database_trouble():
                async with self._database.writing() as session:
                    turned = await take_turn(session, turn, datetime.now(UTC))
                    rows = (
                        turned.put if turned else [await put(session, *each, datetime.now(UTC)) for each in turn.asked]
                    )
        except Unavailable as away:
            self._refuse(asked, away)
            return None
        except NotFound as unknown:
            self._refuse(asked, unknown)
            raise LaneLost from None
        del self._asked[: len(asked)], self._tried[: len(tried)]
        for (_, _, stored), row in zip(asked, rows, strict=True):
            # Whoever asked may have been cut off meanwhile; what it asked stands.
            if not stored.done():
                stored.set_result(row)
        if turned is None:
            raise LaneLost
        self._go_on(turned, held_until)
        return turned

    def _go_on(self, turned: Turned, held_until: float) -> None:
        """Tell of what was tried, and try what was taken."""
        for row in turned.tried:
            self._tell(row)
        if time.monotonic() > held_until:
            # It took so long that another process may hold the lane: it finds out what these came to.
            raise LaneLost
        self._pace.spend(len(turned.taken))
        for row in turned.taken:
            task = asyncio.create_task(self._try(row, partial(self._door_to, turned.partner)))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _try(self, row: DeliveryRow, open_door: OpenDoor) -> None:
        self._tried.append(await attempt(row, open_door))
        self._news.set()

    def _room(self, partner: PartnerRow) -> int:
        return self._pace.at(partner.rate).allows(max(0, partner.at_once - len(self._under_way)))

    def _patience(self) -> float:
        """Seconds until the next turn, if nothing happens before."""
        return min(self._pace.wait or _HOLD_AGAIN, _HOLD_AGAIN)

    async def _something_happens(self, within: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._news.wait()

    def _refuse(self, asked: Sequence[Asked], why: ClewError) -> None:
        """The activities are told, and ask again."""
        for _, _, stored in asked:
            if not stored.done():
                stored.set_exception(why)
        del self._asked[: len(asked)]


class LaneLost(Exception):
    """Another process holds the lane, or may; or it leads to nobody."""


def _none(_partner: PartnerRow) -> int:
    return 0
