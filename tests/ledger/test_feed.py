"""The ledger as a feed: every entry once, in order, as it is on record."""

import asyncio
import json
from dataclasses import replace

import pytest

from ledger.chain import entry_hash
from ledger.database import Database
from ledger.feed import FeedPage, Only, read_feed
from ledger.operations import put_operation
from schemas.base import iso
from schemas.identity import new_coi
from schemas.operations import OnEvent
from tests.ledger.processes import run_together
from tests.ledger.scribe import MORNING, PARTIES, Scribe, collected, put
from tests.ledger.test_append import entries

EVERYTHING = Only()
PROCESSES, BATCHES = 3, 15


async def page(database: Database, after: int = 0, limit: int = 100, only: Only = EVERYTHING) -> FeedPage:
    async with database.reading() as session:
        return await read_feed(session, after, limit, only)


async def positions(database: Database, only: Only) -> list[int]:
    return [entry.position for entry in (await page(database, only=only)).entries]


async def test_an_entry_in_the_feed_says_what_is_on_record(database: Database) -> None:
    ana = Scribe()
    quoting = collected("evt-1", ana.coi, source='//hospital.example/"4"\\west')
    await put(database, ana.batch(ana.started(), ana.heard(quoting)))
    shown = [json.loads(entry.json) for entry in (await page(database)).entries]
    rows = await entries(database)
    assert len(shown) == len(rows) == 2
    for each, row in zip(shown, rows, strict=True):
        moments = {"occurred_at": iso(row.occurred_at), "recorded_at": iso(row.recorded_at)}
        assert each == row.model_dump() | moments
        assert each["hash"] == entry_hash(row)


async def test_a_reader_goes_on_where_it_stopped_and_then_there_is_nothing(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started(), ana.began("enrolment"), ana.completed("enrolment")))
    first = await page(database, limit=2)
    rest = await page(database, after=first.next, limit=2)
    assert [entry.position for entry in (*first.entries, *rest.entries)] == [1, 2, 3]
    assert (await page(database, after=rest.next)) == FeedPage([], 3)
    assert (await page(database, after=99)) == FeedPage([], 99)


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (Only(types=("stage.began", "stage.completed")), [2, 4]),
        (Only(protocol="autologous-car-t"), [1, 2, 3, 4]),
        (Only(protocol="til"), []),
        (Only(party="swift"), [1, 2, 3, 4]),
        (Only(party="swif"), []),
        (Only(party="courier"), []),
        (Only(journey="operations/inbox"), [5]),
        (Only(types=("stage.began",), party="swift", protocol="autologous-car-t"), [2]),
    ],
)
async def test_a_reader_gets_what_it_asked_for_and_moves_past_the_rest(
    database: Database, only: Only, expected: list[int]
) -> None:
    ana, ben = Scribe(), Scribe()
    await put(database, ana.batch(ana.started(), ana.began("enrolment")))
    await put(database, ben.batch(ben.started(), ben.completed("enrolment")))
    async with database.writing() as session:
        said = OnEvent(source="//nobody.example", event="evt-1", reason="wrong_number")
        await put_operation(session, "inbox", "event.dismissed", said, "operator-3", MORNING)
    assert PARTIES["courier"] == "swift"
    assert await positions(database, only) == expected
    assert (await page(database, only=only)).next == 5
    if only.journey is None:
        bens = [each for each in expected if each in (3, 4)]
        assert await positions(database, replace(only, journey=ben.coi)) == bens


async def test_a_reader_beside_three_writers_sees_every_position_once_and_in_order(database: Database) -> None:
    cois = [new_coi() for _ in range(PROCESSES)]
    goal = PROCESSES * (1 + 2 * BATCHES)
    writing = asyncio.create_task(
        run_together([["-m", "tests.ledger.appender", database.url, str(BATCHES), coi] for coi in cois])
    )
    seen: list[int] = []
    pages, after = 0, 0
    while len(seen) < goal:
        found = await page(database, after=after, limit=7)
        seen += [entry.position for entry in found.entries]
        pages += bool(found.entries)
        after = found.next
        assert not (writing.done() and not found.entries and len(seen) < goal), "entries are missing"
    await writing
    assert seen == list(range(1, goal + 1))
    assert pages > 5, "the reader came when all was written"
