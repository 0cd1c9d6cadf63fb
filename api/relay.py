"""From the inbox to the journeys: whatever was acknowledged is delivered, in each journey in the order of reception.

Each journey has a lane of its own, so one that cannot be reached holds up no other. What has to be delivered is read
from the database every time: nothing is lost with the process, and two processes can do this side by side (a second
delivery is harmless: the journey and the ledger know the event).
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from api.group_commit import GroupCommit
from api.handover import deliver, in_signals
from api.starts import start_journey
from api.temporal_link import TemporalLink
from ledger import inbox
from ledger.database import Database
from ledger.inbox import Key, Waiting
from ledger.registry import not_started
from schemas.errors import Unavailable
from telemetry import metrics
from telemetry.logs import logger
from telemetry.redaction import describe

log = logger("relay")

GRACE = timedelta(seconds=2)
"""How long an event is left to the process that acknowledged it before any other delivers it."""

GATHER = 0.02
"""Seconds to wait for company: to look for ten events, or to note ten deliveries, costs as much as one."""

LANES = 32
"""Journeys that are delivered to at the same moment."""

JOURNEYS_AT_ONCE = 500
EVENTS_AT_ONCE = 2_000
"""The most that is read from the inbox in one go."""

ANSWER_WITHIN = 5.0
"""Seconds that Temporal has for one signal or start."""

REST = 2.0
"""Seconds that a journey is left alone after a delivery failed."""


class Relay:
    """Wake it after a commit; it also looks around by itself every `interval` seconds."""

    def __init__(self, database: Database, temporal: TemporalLink, interval: float) -> None:
        self._database = database
        self._temporal = temporal
        self._interval = interval
        self._woken: dict[str, None] = {}
        self._unstarted: set[str] = set()
        self._resting: dict[str, float] = {}
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._room = asyncio.Semaphore(LANES)
        self._marks: GroupCommit[Sequence[Key], None] = GroupCommit(self._mark, JOURNEYS_AT_ONCE, GATHER)
        self._away = False

    def wake(self, journeys: Iterable[str]) -> None:
        """These journeys have events to take."""
        self._woken.update(dict.fromkeys(journeys))
        if self._woken:
            self._news.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        next_sweep = 0.0
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(next_sweep):
                        await self._news.wait()
                        await asyncio.sleep(GATHER)
                self._news.clear()
                sweeping = _now() >= next_sweep
                if sweeping:
                    next_sweep = _now() + self._interval
                await self._turn(sweeping)
        finally:
            await self._stop()

    async def _turn(self, sweeping: bool) -> None:
        try:
            if sweeping:
                await self._sweep()
            # While Temporal is away one journey at a time finds out whether it is back.
            if not self._away or (sweeping and not self._lanes):
                await self._dispatch(1 if self._away else JOURNEYS_AT_ONCE)
        except Exception as error:
            # The database is away or busy: everything is still there at the next turn.
            log.warning("relay_turn_failed", error=describe(error))

    async def _sweep(self) -> None:
        """Find what nobody was woken for."""
        self._resting = {coi: until for coi, until in self._resting.items() if until > _now()}
        now = datetime.now(UTC)
        async with self._database.reading() as session:
            matchable = await inbox.matchable(session)
        if matchable:
            async with self._database.writing() as session:
                matched = await inbox.match_unmatched(session)
            self._woken.update(dict.fromkeys(sorted(matched)))
        async with self._database.reading() as session:
            behind = await inbox.journeys_behind(session, now, GRACE, JOURNEYS_AT_ONCE)
            self._unstarted = set(await not_started(session, now - GRACE, JOURNEYS_AT_ONCE))
        self._woken.update(dict.fromkeys([*behind, *self._unstarted]))

    async def _dispatch(self, most: int) -> None:
        """Open a lane for each woken journey that has none."""
        ready = [coi for coi in self._woken if coi not in self._lanes and coi not in self._resting][:most]
        if not ready:
            return
        for coi in ready:
            del self._woken[coi]
        async with self._database.reading() as session:
            waiting = await inbox.undelivered(session, ready, datetime.now(UTC), EVENTS_AT_ONCE)
        events: dict[str, list[Waiting]] = {coi: [] for coi in ready if coi in self._unstarted}
        for each in waiting:
            events.setdefault(each.journey, []).append(each)
        for coi, theirs in events.items():
            self._lanes[coi] = asyncio.create_task(self._lane(coi, theirs))
        if len(waiting) == EVENTS_AT_ONCE:
            self.wake(ready)

    async def _lane(self, coi: str, events: Sequence[Waiting]) -> None:
        """Bring one journey what it waits for; what could not be brought is found again by a sweep."""
        delivered: list[Waiting] = []
        try:
            async with self._room:
                if coi in self._unstarted or not all(each.started for each in events):
                    await start_journey(self._database, self._temporal, coi, ANSWER_WITHIN)
                    self._unstarted.discard(coi)
                for together in in_signals(events):
                    await deliver(self._database, self._temporal, together, ANSWER_WITHIN)
                    delivered.extend(together)
            self._away = False
        except Exception as error:
            self._failed(coi, error)
        finally:
            await self._note(delivered)
            del self._lanes[coi]
            if self._woken:
                self._news.set()

    def _failed(self, coi: str, error: Exception) -> None:
        metrics.RELAY_FAILED.inc()
        self._resting[coi] = _now() + REST
        if isinstance(error, Unavailable):
            self._away = True
        log.warning("delivery_failed", journey=coi, error=describe(error))

    async def _note(self, delivered: Sequence[Waiting]) -> None:
        if not delivered:
            return
        try:
            await self._marks.submit([each.key for each in delivered])
        except Exception as error:
            # They will be delivered once more, which changes nothing.
            log.warning("delivery_not_noted", error=describe(error))
            return
        now = datetime.now(UTC)
        metrics.RELAY_DELIVERED.inc(len(delivered))
        for each in delivered:
            metrics.RELAY_SECONDS.observe((now - each.received_at).total_seconds())

    async def _mark(self, groups: Sequence[Sequence[Key]]) -> list[None]:
        keys = [key for group in groups for key in group]
        async with self._database.writing() as session:
            await inbox.mark_delivered(session, keys, datetime.now(UTC))
        return [None] * len(groups)

    async def _stop(self) -> None:
        """Leave in order: what Temporal has taken is noted."""
        for lane in self._lanes.values():
            lane.cancel()
        await asyncio.gather(*self._lanes.values(), return_exceptions=True)
        # A note that a lane no longer waits for is still being written, on a connection that must be given back.
        await self._marks.finish()


def _now() -> float:
    return asyncio.get_running_loop().time()
