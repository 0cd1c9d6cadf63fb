"""The feed on a real NATS server: every entry once, in order, whoever dies in between."""

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError

from ledger.database import Database
from ledger.feed import FeedEntry, Only, read_feed
from ledger.operations import put_operation
from ledger.tail import Tail
from schemas.errors import Conflict
from schemas.operations import OnEvent
from tests.waiting import until
from worker.jetstream import Publisher, publish

SERVER = shutil.which("nats-server")
pytestmark = pytest.mark.skipif(SERVER is None, reason="nats-server is not installed: apt-get install nats-server")

STREAM = "CLEW"
SHORT_MEMORY = 0.1
"""Seconds for which the server looks for duplicates by itself."""

FORGOTTEN_AFTER = 3 * SHORT_MEMORY


class Broker:
    """A NATS server with JetStream, which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"nats://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [str(SERVER), "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self._folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    opened = Broker(tmp_path / "jetstream")
    opened.start()
    yield opened
    opened.kill()


@asynccontextmanager
async def publishing(database: Database, broker: Broker) -> AsyncIterator["asyncio.Task[None]"]:
    """A publisher, for as long as the block lasts; it is cut off, not told to stop."""
    task = asyncio.create_task(publish(database, broker.url, stream=STREAM, subjects="clew"))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def entries(database: Database, count: int) -> None:
    """So many new ones on the ledger."""
    for number in range(count):
        async with database.writing() as session:
            said = OnEvent(source="/ward", event=f"e-{number}", reason="wrong_recipient")
            await put_operation(session, "inbox", "event.dismissed", said, "operator-3", datetime.now(UTC))


async def on_stream(broker: Broker) -> list[tuple[str, str, dict[str, object]]]:
    """Subject, message id and content of everything on the stream, in its order."""
    nats = Client()
    try:
        await nats.connect(broker.url, allow_reconnect=False)
        jetstream = nats.jetstream()
        last = (await jetstream.stream_info(STREAM)).state.last_seq
        found = [await jetstream.get_msg(STREAM, seq=number) for number in range(1, last + 1)]
    except (NatsError, OSError, TimeoutError):
        return []
    finally:
        await nats.close()
    return [(each.subject or "", (each.headers or {})["Nats-Msg-Id"], json.loads(each.data or b"")) for each in found]


async def all_there(database: Database, broker: Broker) -> None:
    """Wait until the stream has the whole ledger, and each entry once."""
    async with database.reading() as session:
        page = await read_feed(session, 0, 1_000, Only())
    wanted = [str(entry.position) for entry in page.entries]

    async def there() -> bool:
        return len(await on_stream(broker)) >= len(wanted)

    await until(there, f"{len(wanted)} entries on the stream", 30)
    found = await on_stream(broker)
    assert [identity for _, identity, _ in found] == wanted
    assert [said["data"] for _, _, said in found] == [json.loads(entry.json) for entry in page.entries]


async def test_what_was_there_and_what_comes_is_published_in_order(database: Database, broker: Broker) -> None:
    await entries(database, 3)
    async with publishing(database, broker):
        await all_there(database, broker)
        await entries(database, 3)
        await all_there(database, broker)
    subject, _, said = (await on_stream(broker))[0]
    assert subject == "clew.event.dismissed"
    assert said["type"] == "clew.entry.event.dismissed.v1"


async def test_a_publisher_goes_on_where_the_one_before_it_was_cut_off(database: Database, broker: Broker) -> None:
    for _ in range(3):
        async with publishing(database, broker):
            await entries(database, 20)
    async with publishing(database, broker):
        await all_there(database, broker)


async def test_two_publishers_put_nothing_there_twice(database: Database, broker: Broker) -> None:
    await entries(database, 30)
    async with publishing(database, broker), publishing(database, broker):
        await entries(database, 30)
        await all_there(database, broker)


async def test_nothing_is_there_twice_however_long_ago_it_was_published(database: Database, broker: Broker) -> None:
    await stream_with_a_short_memory(broker)
    await entries(database, 10)
    async with publishing(database, broker):
        await all_there(database, broker)
    await asyncio.sleep(FORGOTTEN_AFTER)
    async with publishing(database, broker):
        await entries(database, 10)
        await all_there(database, broker)


class Stopped(Publisher):
    """Is stopped before its first entry, and does not know for how long."""

    goes_on: asyncio.Event

    async def _put(self, entry: FeedEntry, after: int) -> None:
        await self.goes_on.wait()
        await super()._put(entry, after)


async def test_a_publisher_that_was_stopped_for_long_puts_nothing_behind_another(
    database: Database, broker: Broker
) -> None:
    await stream_with_a_short_memory(broker)
    await entries(database, 10)
    nats, tail = Client(), Tail(database)
    await nats.connect(broker.url)
    stopped = Stopped(database, tail, nats, stream=STREAM, subjects="clew")
    stopped.goes_on = asyncio.Event()
    running = asyncio.create_task(stopped.run())
    async with publishing(database, broker):
        await all_there(database, broker)
    await asyncio.sleep(FORGOTTEN_AFTER)
    stopped.goes_on.set()
    await entries(database, 10)
    await all_there(database, broker)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await tail.close()
    await nats.close()


async def stream_with_a_short_memory(broker: Broker) -> None:
    nats = Client()
    await nats.connect(broker.url)
    await nats.jetstream().add_stream(name=STREAM, subjects=["clew.>"], duplicate_window=SHORT_MEMORY)
    await nats.close()


async def test_a_broker_that_was_away_gets_what_it_missed(database: Database, broker: Broker) -> None:
    async with publishing(database, broker):
        await entries(database, 5)
        await all_there(database, broker)
        broker.kill()
        await entries(database, 5)
        broker.start()
        await all_there(database, broker)


async def test_a_stream_whose_end_is_gone_is_not_guessed_at(database: Database, broker: Broker) -> None:
    await entries(database, 2)
    async with publishing(database, broker):
        await all_there(database, broker)
    nats = Client()
    await nats.connect(broker.url)
    await nats.jetstream().purge_stream(STREAM)
    await nats.close()
    async with publishing(database, broker) as publisher:
        with pytest.raises(Conflict) as refused:
            await asyncio.wait_for(publisher, 10)
    assert refused.value.code == "stream_without_end"
