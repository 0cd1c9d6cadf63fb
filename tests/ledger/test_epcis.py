"""The index of EPCIS events follows the ledger, whoever asks and however many do."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ledger import epcis
from ledger.database import Database
from ledger.epcis import CURSOR, EVENT, NAME, catch_up
from ledger.rebuild import differences
from schemas.identity import new_coi
from tests.api.clinic import NOON
from tests.api.custody import a_therapy, put, told
from tests.ledger.scribe import MORNING
from tests.ledger.scribe import put as put_batch
from tests.ledger.walk import Walk


async def counted(database: Database) -> tuple[int, int, int]:
    """How many events and names there are, and how far the index has come."""
    async with database.reading() as session:
        events = (await session.execute(select(func.count()).select_from(EVENT))).scalar_one()
        names = (await session.execute(select(func.count()).select_from(NAME))).scalar_one()
        return events, names, (await session.execute(select(CURSOR.c.position))).scalar_one()


async def test_many_who_ask_at_once_index_every_entry_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epcis, "WINDOW", 17)
    monkeypatch.setattr(epcis, "MOST_EVENTS", 3)
    coi, facts = new_coi(), told()
    await a_therapy(database, 2)

    async def appends() -> None:
        for first in range(0, len(facts), 5):
            await put(database, coi, facts[first : first + 5], NOON + timedelta(seconds=first))

    # Each of the others as a process of its own: only the database stands between them.
    others = [Database(database.url) for _ in range(4)]
    await asyncio.gather(appends(), *(catch_up(each) for each in [database, database, *others]))
    await asyncio.gather(*(catch_up(each) for each in [database, *others]))
    for each in others:
        await each.close()
    async with database.reading() as session:
        assert await differences(session, coi) == []
    events, names, position = await counted(database)
    assert position == 2 * len(facts) and events == 2 * 21 and names > events


async def test_nothing_is_written_while_facts_are_appended(database: Database) -> None:
    await a_therapy(database)
    assert await counted(database) == (0, 0, 0)


async def test_nothing_is_written_where_nothing_is_new(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await a_therapy(database)
    await catch_up(database)
    monkeypatch.setattr(database, "writing", None)
    await catch_up(database)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_is_on_record_can_be_indexed(database: Database, seed: int) -> None:
    """Facts that say less than partners' events do: none may stand in the way of the others."""
    walk = Walk(seed)
    await put_batch(database, walk.scribe.batch(*walk.facts(40)), MORNING)
    await catch_up(database)
    async with database.reading() as session:
        assert await differences(session, walk.scribe.coi) == []
