"""Whatever is done to the record behind our back is found, and named."""

import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from ledger.chain import entry_hash
from ledger.database import Database
from ledger.tables import EntryRow
from ledger.verify import CHUNK, verify
from schemas.facts import Batch
from tests.databases import sqlite_url
from tests.ledger.scribe import Scribe, bag, collected, put
from tests.ledger.tampering import run, unlock


@pytest.fixture
async def record(database: Database) -> Database:
    """Ana's entries are 1, 2, 5, 6; Ben's 3, 4, 7, 8."""
    ana, ben = Scribe(), Scribe()
    for scribe in (ana, ben):
        await put(database, scribe.batch(scribe.started(), scribe.began("enrolment")))
    for scribe in (ana, ben):
        event = collected(f"e-{scribe.order}", scribe.order)
        await put(
            database, scribe.batch(scribe.heard(event, materials=[bag(f"BAG-{scribe.order}")]), scribe.asked("T1"))
        )
    assert (await verify(database, projections=True)).ok
    return database


async def test_an_honest_record_is_in_order(record: Database) -> None:
    told: list[tuple[int, int]] = []
    found = await verify(record, progress=lambda done, of: told.append((done, of)))
    assert (found.ok, found.entries, found.journeys, found.first_bad) == (True, 8, 2, None)
    assert told == [(8, 8)]


async def test_an_empty_record_is_in_order(database: Database) -> None:
    found = await verify(database, projections=True)
    assert (found.ok, found.entries) == (True, 0)


async def test_a_record_of_many_chunks_is_read_to_its_end(database: Database) -> None:
    ana = Scribe()
    started = ana.started()
    facts = [ana.fact("hold.placed", reason="audit") for _ in range(CHUNK + 10)]
    await put(database, Batch(coi=ana.coi, facts=(started, *facts)))
    told: list[tuple[int, int]] = []
    found = await verify(database, progress=lambda done, of: told.append((done, of)))
    assert (found.ok, found.entries) == (True, CHUNK + 11)
    assert told == [(CHUNK, CHUNK + 11), (CHUNK + 11, CHUNK + 11)]


CHANGES = {
    "position": "position + 100",
    "journey": "'CLEW-OTHER'",
    "seq": "seq + 100",
    "type": "'collection.failed'",
    "actor": "'someone'",
    "source": "'someone'",
    "event_id": "'another'",
    "previous_hash": "hash",
    "hash": "previous_hash",
}


@pytest.mark.parametrize("column", [*CHANGES, "data", "occurred_at", "recorded_at"])
async def test_a_change_to_any_column_of_an_entry_is_found(record: Database, column: str) -> None:
    await unlock(record)
    if column in CHANGES:
        await run(record, f"UPDATE entry SET {column} = {CHANGES[column]} WHERE position = 5")
    else:
        async with record.writing() as session:
            row = (await session.execute(select(EntryRow).where(col(EntryRow.position) == 5))).scalar_one()
            value = getattr(row, column)
            setattr(row, column, {**value, "visit": 2} if column == "data" else value + timedelta(microseconds=1))
    found = await verify(record)
    assert not found.ok
    assert found.first_bad is not None
    assert found.first_bad.position == 5
    assert found.entries == 4, "all before it is good"


OTHERWISE = {
    "a key said twice": """data = replace(data, '"id":"BAG-1"', '"id":"BAG-EVIL","id":"BAG-1"')""",
    "white space": "data = replace(data, ':', ': ')",
    "an escape": """data = replace(data, 'BAG-1', '\\u0042AG-1')""",
    "a moment with a T": "recorded_at = replace(recorded_at, ' ', 'T')",
    "a moment as the hash has it": "occurred_at = replace(occurred_at, ' ', 'T') || 'Z'",
}


@pytest.mark.parametrize("what", OTHERWISE)
async def test_what_means_the_same_in_another_spelling_is_found(
    migrated_sqlite: Path, tmp_path: Path, what: str
) -> None:
    """Readers differ about it: SQLite's own functions take the first of two equal keys, and order moments as texts."""
    database, ana = Database(sqlite_url(Path(shutil.copy(migrated_sqlite, tmp_path / "clew.db")))), Scribe()
    start = (ana.started(), ana.began("enrolment"))
    collection = ana.heard(collected("e-1", ana.order), materials=[bag("BAG-1")])
    await put(database, ana.batch(*start, collection))
    assert (await verify(database)).ok
    await unlock(database)
    before = await whole(database)
    await run(database, f"UPDATE entry SET {OTHERWISE[what]} WHERE position = 3")
    assert await whole(database) != before
    found = (await verify(database)).first_bad
    assert found is not None
    assert (found.position, "not what was written" in found.problem) == (3, True)
    await database.close()


async def whole(database: Database) -> str:
    async with database.reading() as session:
        return str((await session.execute(text("SELECT * FROM entry WHERE position = 3"))).one())


def test_no_column_was_forgotten() -> None:
    assert {*CHANGES, "data", "occurred_at", "recorded_at"} == EntryRow.model_fields.keys()


@pytest.mark.parametrize("position", [1, 5, 8])
async def test_a_removed_entry_is_found(record: Database, position: int) -> None:
    await unlock(record)
    await run(record, "DELETE FROM entry WHERE position = :position", position=position)
    found = await verify(record)
    assert found.first_bad is not None
    assert found.first_bad.position == position
    assert "missing" in found.first_bad.problem


async def test_a_removed_entry_is_found_even_when_the_positions_are_closed_up(record: Database) -> None:
    await unlock(record)
    await run(record, "DELETE FROM entry WHERE position = 2")
    for position in range(3, 9):
        await run(record, "UPDATE entry SET position = :to WHERE position = :at", at=position, to=position - 1)
    await run(record, "UPDATE ledger_head SET position = 7")
    found = await verify(record)
    assert found.first_bad is not None
    assert found.first_bad.position == 2


async def test_an_entry_put_at_the_end_without_the_head_is_found(record: Database) -> None:
    async with record.writing() as session:
        last = (await session.execute(select(EntryRow).where(col(EntryRow.position) == 8))).scalar_one()
        forged = EntryRow(**{**last.model_dump(), "position": 9, "seq": 5, "previous_hash": last.hash})
        forged.hash = entry_hash(forged)
        session.add(forged)
    found = await verify(record)
    assert found.first_bad is not None
    assert found.first_bad.position == 9
    assert "never appended" in found.first_bad.problem


async def test_an_entry_that_fits_in_all_but_its_number_is_found(record: Database) -> None:
    async with record.writing() as session:
        last = (await session.execute(select(EntryRow).where(col(EntryRow.position) == 8))).scalar_one()
        forged = EntryRow(**{**last.model_dump(), "position": 9, "seq": 6, "previous_hash": last.hash})
        forged.hash = entry_hash(forged)
        session.add(forged)
    await run(record, "UPDATE ledger_head SET position = 9")
    found = await verify(record)
    assert found.first_bad is not None
    assert (found.first_bad.position, found.first_bad.seq) == (9, 6)
    assert "number does not follow" in found.first_bad.problem


async def test_an_entry_put_in_between_is_found(record: Database) -> None:
    await unlock(record)
    for position in range(8, 5, -1):
        await run(record, "UPDATE entry SET position = :to WHERE position = :at", at=position, to=position + 1)
    copy = "position + 1, journey, seq + 100, type, occurred_at, recorded_at, actor, source, event_id, data"
    await run(record, f"INSERT INTO entry SELECT {copy}, hash, hash FROM entry WHERE position = 5")
    await run(record, "UPDATE ledger_head SET position = 9")
    found = await verify(record)
    assert found.first_bad is not None
    assert found.first_bad.position == 6


async def test_two_entries_that_changed_places_are_found(record: Database) -> None:
    await unlock(record)
    for at, to in ((5, 100), (7, 5), (100, 7)):
        await run(record, "UPDATE entry SET position = :to WHERE position = :at", at=at, to=to)
    found = await verify(record)
    assert found.first_bad is not None
    assert found.first_bad.position == 5


async def test_an_entry_rewritten_with_a_fitting_hash_breaks_the_chain_after_it(record: Database) -> None:
    await unlock(record)
    async with record.writing() as session:
        row = (await session.execute(select(EntryRow).where(col(EntryRow.position) == 5))).scalar_one()
        row.actor = "someone"
        row.hash = entry_hash(row)
    found = await verify(record)
    assert found.first_bad is not None
    assert found.first_bad.position == 6
    assert "chained" in found.first_bad.problem


async def test_a_head_that_was_set_back_or_lost_is_found(record: Database) -> None:
    await run(record, "UPDATE ledger_head SET position = 7")
    found = await verify(record)
    assert found.first_bad is not None
    assert found.first_bad.position == 8
    await run(record, "DELETE FROM ledger_head")
    assert not (await verify(record)).ok


async def test_the_finding_names_the_journey_and_the_number_in_a_sentence(record: Database) -> None:
    await unlock(record)
    await run(record, "UPDATE entry SET actor = 'Maria Muster' WHERE position = 5")
    found = (await verify(record)).first_bad
    assert found is not None
    assert found.seq == 3
    assert re.fullmatch(r"CLEW\w+\*?", found.journey or "")
    assert "hash" in found.problem
    assert "Maria" not in found.problem


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE journey SET status = 'completed'", "status"),
        ("UPDATE journey SET at_risk = NOT at_risk", "at_risk"),
        ("UPDATE journey_stage SET visit = 9 WHERE stage = 'enrolment'", "enrolment"),
        ("DELETE FROM task", "T1"),
        ("UPDATE material SET holder = 'courier'", "BAG-ORDER"),
        ("DELETE FROM identifier WHERE kind = 'order'", "ORDER-"),
        ("DELETE FROM journey", "no page"),
    ],
)
async def test_a_page_that_differs_from_the_record_is_found_when_asked_for(
    record: Database, change: str, named: str
) -> None:
    await run(record, change)
    assert (await verify(record)).ok
    found = await verify(record, projections=True)
    assert not found.ok
    assert found.first_bad is not None
    assert found.first_bad.journey is not None
    assert named in found.first_bad.problem


async def test_a_page_without_a_record_is_found(record: Database) -> None:
    ghost = Scribe()
    await put(record, ghost.batch(ghost.started()))
    await unlock(record)
    await run(record, "DELETE FROM entry WHERE journey = :coi", coi=ghost.coi)
    await run(record, "UPDATE ledger_head SET position = 8")
    assert (await verify(record)).ok, "cut off together with the head: only a checkpoint kept elsewhere shows it"
    found = await verify(record, projections=True)
    assert found.first_bad is not None
    assert found.first_bad.journey == ghost.coi
