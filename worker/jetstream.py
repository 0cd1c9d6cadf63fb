"""The feed on NATS JetStream: every entry once, in the order of positions, whatever process dies in between.

Where it goes on is read from the stream itself: the id of its last message is the position of the newest entry there.
Each message also names the one that it must follow, so two publishers cannot mix, and nothing can be there twice.
"""

import asyncio
from contextlib import suppress

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from ledger.announced import as_cloud_event
from ledger.database import Database
from ledger.feed import FeedEntry, Only, read_feed
from ledger.tail import Tail
from ledger.trouble import database_trouble
from schemas.errors import Conflict, Unavailable
from telemetry.logs import logger

log = logger("jetstream")

MESSAGE_ID = "Nats-Msg-Id"
_FOLLOWS, _FIRST = "Nats-Expected-Last-Msg-Id", "Nats-Expected-Last-Sequence"

PAGE = 500
"""Entries that are read at a time."""

NEWS_WITHIN = 10.0
"""Seconds of waiting for news, after which it is asked again whether the stream is still there."""

REST = 1
"""Seconds until the next try where the database or NATS does not answer."""


class Publisher:
    """Puts the ledger's entries on a stream. `subjects`: what stands before an entry's type, such as `clew`."""

    def __init__(self, database: Database, tail: Tail, nats: Client, *, stream: str, subjects: str) -> None:
        self._database = database
        self._tail = tail
        self._jetstream = nats.jetstream()
        self._stream = stream
        self._subjects = subjects

    async def run(self) -> None:
        """For ever: what is missing on the stream, then what comes. Raises `Conflict` (`stream_without_end`)."""
        while True:
            try:
                await self._publish()
            except (NatsError, Unavailable, TimeoutError, OSError) as error:
                # The client can turn a cancellation into an error of its own.
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise asyncio.CancelledError from None
                log.warning("publishing_interrupted", reason=type(error).__name__)
            await asyncio.sleep(REST)

    async def _publish(self) -> None:
        position = await self._where_it_ends()
        log.info("publishing", stream=self._stream, after=position)
        while True:
            with database_trouble():
                async with self._database.reading() as session:
                    page = await read_feed(session, position, PAGE, Only())
            for entry in page.entries:
                await self._put(entry, after=position)
                position = entry.position
            if not page.entries:
                await self._tail.beyond(position, NEWS_WITHIN)

    async def _put(self, entry: FeedEntry, after: int) -> None:
        # The server's own look for duplicates only goes back so far; this holds however long ago the one before was.
        follows = {_FOLLOWS: str(after)} if after else {_FIRST: "0"}
        headers = {MESSAGE_ID: str(entry.position), "Content-Type": "application/cloudevents+json", **follows}
        await self._jetstream.publish(
            f"{self._subjects}.{entry.type}", as_cloud_event(entry).encode(), headers=headers, stream=self._stream
        )

    async def _where_it_ends(self) -> int:
        """The position of the newest entry on the stream, which is made if it is not there."""
        last = await _last_of(self._jetstream, self._stream)
        if last is None:
            await self._jetstream.add_stream(
                StreamConfig(
                    name=self._stream,
                    subjects=[f"{self._subjects}.>"],
                    retention=RetentionPolicy.LIMITS,
                    storage=StorageType.FILE,
                )
            )
            return 0
        if last == 0:
            return 0
        try:
            newest = await self._jetstream.get_msg(self._stream, seq=last)
            return int((newest.headers or {})[MESSAGE_ID])
        except (NotFoundError, KeyError, ValueError):
            detail = f"The newest message of the stream {self._stream} is gone or not ours: it cannot be gone on from."
            raise Conflict("stream_without_end", detail) from None


async def publish(database: Database, url: str, *, stream: str, subjects: str) -> None:
    """Publish until cancelled. NATS may come later, and go. Raises `Conflict` (`stream_without_end`)."""
    nats, tail = Client(), Tail(database)
    try:
        await _connected(nats, url)
        await Publisher(database, tail, nats, stream=stream, subjects=subjects).run()
    finally:
        await tail.close()
        with suppress(NatsError, OSError):
            await nats.close()


async def _connected(nats: Client, url: str) -> None:
    """Returns when NATS answers, however long that takes; from then on the client connects again by itself."""

    async def tell(error: Exception) -> None:
        log.warning("nats_away", reason=type(error).__name__)

    while True:
        try:
            await nats.connect(url, name="clew", max_reconnect_attempts=-1, reconnect_time_wait=REST, error_cb=tell)
            return
        except (NatsError, OSError, TimeoutError) as error:
            await tell(error)
        await asyncio.sleep(REST)


async def _last_of(jetstream: JetStreamContext, stream: str) -> int | None:
    """The sequence number of a stream's last message, 0 where it never had one; None where there is no stream."""
    try:
        return (await jetstream.stream_info(stream)).state.last_seq
    except NotFoundError:
        return None
