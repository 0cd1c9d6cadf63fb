"""One serving of a subscription: entry after entry, each once the one before it was taken, and then what comes."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic

from temporalio import activity

from ledger import subscriptions
from ledger.announced import as_cloud_event
from ledger.database import Database
from ledger.feed import FeedPage, read_feed
from ledger.subscriptions import Noted
from ledger.tables import SubscriptionRow
from ledger.tail import Tail
from partners.webhooks import Hook, Sent, WebhookSender
from schemas.subscriptions import Served, Serving, Standing
from telemetry import metrics

SERVE_FOR = 300.0
"""Seconds: then the workflow takes the cursor over, and asks again."""

AT_ONCE = 100
"""Entries that are read at a time; between two readings the owner's word is heard."""

LOOK_AFTER = 1.0
"""Seconds without news until the owner's word is heard all the same; and between two notes of how far it came."""

HEARTBEAT_EVERY = 1.0
"""Seconds."""


def as_last_heard(serving: Serving) -> Serving:
    """Where a serving that was cut off had come to, as far as its heartbeats told."""
    told = activity.info().heartbeat_details
    if not told:
        return serving
    replays, position = told
    return serving.model_copy(update={"replays": replays, "position": position})


class Round:
    """Sends until something is in the way, or the time is over."""

    def __init__(self, database: Database, tail: Tail, sender: WebhookSender, serving: Serving) -> None:
        self._database = database
        self._tail = tail
        self._sender = sender
        self._serving = serving
        self._moved = False
        self._noted = (-1, 0.0)

    async def run(self) -> Served:
        """How far it came, and why not further."""
        beating = asyncio.create_task(self._beat())
        try:
            return await self._serve(monotonic() + SERVE_FOR)
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    async def _serve(self, until: float) -> Served:
        while True:
            row, page = await self._look()
            if row is None or row.standing != Standing.ACTIVE:
                return self._served(row)
            sent = await self._send(row, page)
            over = monotonic() >= until or activity.is_worker_shutdown()
            await self._note(row, sent, now=over or sent.problem is not None)
            if over or sent.problem is not None:
                return self._served(row, sent)
            if len(page.entries) < AT_ONCE:
                await self._tail.beyond(self._serving.position, LOOK_AFTER)

    async def _look(self) -> tuple[SubscriptionRow | None, FeedPage]:
        """What the owner wants, and the next entries that fit."""
        async with self._database.reading() as session:
            row = await session.get(SubscriptionRow, self._serving.id)
            if row is None or row.standing != Standing.ACTIVE:
                return row, FeedPage([], self._serving.position)
            if row.replays != self._serving.replays:
                self._move(row.replay_after, row.replays)
            only = subscriptions.filters_of(row)
            return row, await read_feed(session, self._serving.position, AT_ONCE, only)

    async def _send(self, row: SubscriptionRow, page: FeedPage) -> Sent:
        """Send a page; what came of the last entry that was sent."""
        hook = Hook(row.url, subscriptions.secrets_of(row, datetime.now(UTC)))
        sent = Sent()
        for entry in page.entries:
            sent = await self._sender.send(hook, f"{row.id}-{entry.position}", as_cloud_event(entry))
            metrics.WEBHOOKS_SENT.labels(sent.problem or "taken").inc()
            if sent.problem is not None:
                return sent
            self._moved = True
            self._move(entry.position, self._serving.replays)
        self._move(page.next, self._serving.replays)
        return sent

    def _move(self, position: int, replays: int) -> None:
        self._serving = self._serving.model_copy(update={"position": position, "replays": replays})

    async def _note(self, row: SubscriptionRow, sent: Sent, *, now: bool) -> None:
        """Tell the owner how far it came: at once if this is all, else not with every entry."""
        position, at = self._noted
        nothing_new = position == self._serving.position and sent.problem == row.problem
        if nothing_new or not (now or monotonic() - at >= LOOK_AFTER):
            return
        noted = Noted(self._serving.position, self._serving.replays, sent.problem, sent.status, self._moved)
        async with self._database.writing() as session:
            await subscriptions.note(session, row.id, noted, datetime.now(UTC))
        self._noted = (self._serving.position, monotonic())

    def _served(self, row: SubscriptionRow | None, sent: Sent | None = None) -> Served:
        sent = sent or Sent()
        return Served(
            standing=Standing(row.standing) if row is not None else Standing.REMOVED,
            revision=row.revision if row is not None else 0,
            position=self._serving.position,
            replays=self._serving.replays,
            moved=self._moved,
            problem=sent.problem,
            gone=sent.is_gone,
            pause=sent.pause,
        )

    async def _beat(self) -> None:
        while True:
            activity.heartbeat(self._serving.replays, self._serving.position)
            await asyncio.sleep(HEARTBEAT_EVERY)
