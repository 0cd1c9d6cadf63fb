"""A house with journeys on record goes from version to version with all of them, on both databases."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from ledger.custody import custody_of
from ledger.database import Database
from ledger.genealogy import whole
from ledger.migrate import _config, is_current, migrate
from ledger.rebuild import differences
from ledger.verify import verify
from ledger.view import ENTRY
from tests.databases import sqlite_url
from tests.ledger.scribe import Scribe, bag, put

BEFORE_CUSTODY = "0009"


@pytest.fixture
async def today(tmp_path: Path) -> AsyncIterator[Database]:
    """A database of today's, to take a record from."""
    url = sqlite_url(tmp_path / "today.db")
    await migrate(url)
    opened = Database(url)
    yield opened
    await opened.close()


async def at_version(url: str, version: str) -> Database:
    def upgrade(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, version)

    database = Database(url)
    async with database.writing() as session:
        await (await session.connection()).run_sync(upgrade)
    return database


async def moved_in(old: Database, today: Database, spoilt: str | None = None) -> None:
    """Put all that is on record today into a database of an earlier version, as far as that has a place for it."""
    async with old.writing() as there, today.reading() as here:
        for name, columns in (await _places(there)).items():
            table = SQLModel.metadata.tables[name]
            known = [column for column in table.c if column.name in columns]
            found = [dict(row) for row in (await here.execute(select(*known))).mappings()]
            if name == ENTRY.name:
                found = [_spoilt(row) if row["journey"] == spoilt else row for row in found]
            if name == "ledger_head":
                await there.execute(table.delete())
            if found:
                await there.execute(table.insert(), found)


async def _places(session: AsyncSession) -> dict[str, set[str]]:
    def look(connection: Connection) -> dict[str, set[str]]:
        seen = inspect(connection)
        tables = [name for name in SQLModel.metadata.tables if seen.has_table(name)]
        return {name: {column["name"] for column in seen.get_columns(name)} for name in tables}

    return await (await session.connection()).run_sync(look)


def _spoilt(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"data": {**row["data"], "stray": 1}} if row["type"] == "materials.settled" else row


async def recorded(database: Database, *scribes: Scribe) -> None:
    """A bag each, as it was told of before there were forms."""
    for scribe in scribes:
        there = bag(f"BAG-{scribe.coi}", parents=[f"DIN-{scribe.coi}"])
        first = scribe.started()
        await put(
            database,
            scribe.batch(first, scribe.fact("materials.settled", disposition="retained", materials=[there])),
        )


async def test_journeys_from_before_custody_get_their_pages(empty_database_url: str, today: Database) -> None:
    ana, ben = Scribe(), Scribe()
    await recorded(today, ana, ben)
    old = await at_version(empty_database_url, BEFORE_CUSTODY)
    await moved_in(old, today)
    await migrate(empty_database_url)
    async with old.reading() as session:
        for scribe in (ana, ben):
            (held,) = await custody_of(session, scribe.coi)
            assert (held.material, held.number, held.until) == (f"BAG-{scribe.coi}", 1, None)
            assert [each.parent for each in (await whole(session, scribe.coi)).edges] == [f"DIN-{scribe.coi}"]
    found = await verify(old, projections=True)
    assert (found.ok, found.entries) == (True, 4)
    await old.close()


async def test_a_journey_that_cannot_be_read_keeps_no_other_from_the_new_version(
    empty_database_url: str, today: Database, caplog: pytest.LogCaptureFixture
) -> None:
    ana, ben = Scribe(), Scribe()
    await recorded(today, ana, ben)
    old = await at_version(empty_database_url, BEFORE_CUSTODY)
    await moved_in(old, today, spoilt=ana.coi)
    with caplog.at_level(logging.WARNING, logger="clew.migrations"):
        await migrate(empty_database_url)
    assert await is_current(old)
    assert [ana.coi in each.getMessage() for each in caplog.records if each.name == "clew.migrations"] == [True]
    async with old.reading() as session:
        assert [len(await custody_of(session, each.coi)) for each in (ana, ben)] == [0, 1]
        assert any("cannot be made" in each for each in await differences(session, ana.coi))
        assert (await session.execute(text("SELECT count(*) FROM entry"))).scalar_one() == 4
    await old.close()


async def test_readings_that_are_on_record_are_known_by_their_thing(empty_database_url: str) -> None:
    old = await at_version(empty_database_url, "0011")
    moment = datetime(2026, 3, 2, 12, tzinfo=UTC)
    table = SQLModel.metadata.tables["reading"]
    same = {"quantity": "temperature", "at": moment, "value": 5.0, "unit": "Cel", "imported_at": moment}
    things = {"L-1": {"shipment": "SHIP-1", "material": None}, "L-2": {"shipment": None, "material": "BAG-1"}}
    before = sql_table("reading", *(sql_column(each.name, each.type) for each in table.c if each.name != "thing"))
    async with old.writing() as session:
        await session.execute(
            before.insert(), [{"device": device, **same, **thing} for device, thing in things.items()]
        )
    await migrate(empty_database_url)
    async with old.reading() as session:
        found = (await session.execute(select(table).order_by(table.c.device))).mappings().all()
    assert [(each["thing"], each["at"], each["value"]) for each in found] == [
        ("shipment SHIP-1", moment, 5.0),
        ("material BAG-1", moment, 5.0),
    ]
    await old.close()
