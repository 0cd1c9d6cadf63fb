"""An append crosses to SQLite's thread and back once, with few statements, and loses no promise by it."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from temporalio.exceptions import ApplicationError

from api.reception import Reception
from api.relay import Relay
from api.temporal_link import TemporalLink
from ledger import one_hop
from ledger.append import append_in_step
from ledger.chain import data_text
from ledger.database import Database
from ledger.inbox import Incoming
from ledger.verify import verify
from schemas.facts import Appended, Batch
from schemas.settings import Settings
from tests.api.clinic import away
from tests.databases import sqlite_url
from tests.ledger.crossings import crossings
from tests.ledger.scribe import MORNING, Scribe, collected, put
from tests.ledger.test_activity import append_facts
from tests.waiting import until


@pytest.fixture
def file(tmp_path: Path, migrated_sqlite: Path) -> Path:
    return Path(shutil.copy(migrated_sqlite, tmp_path / "clew.db"))


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    opened = Database(sqlite_url(file))
    yield opened
    await opened.close()


@pytest.fixture
def somebody_else(file: Path) -> Iterator[sqlite3.Connection]:
    """Another process that has the writers' lock."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


class Slow:
    """An append that is under way for as long as somebody wants."""

    def __init__(self, batch: Batch) -> None:
        self.began, self.may_end = Event(), Event()
        self._batch = batch

    def append(self, session: Session) -> Appended:
        appended = append_in_step(session, self._batch, MORNING)
        self.began.set()
        assert self.may_end.wait(20)
        return appended


async def test_an_append_crosses_once_and_the_pool_looks_once_that_nothing_is_left_open(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started()))
    seen = crossings(monkeypatch)
    await append_facts(database, ana.batch(ana.began("enrolment"), ana.completed("enrolment")))
    assert len(seen) == 2


async def test_what_partners_send_at_once_is_taken_in_one_crossing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database.ping()
    reception = Reception(database, Relay(database, TemporalLink(partial(away, Settings())), interval=60))
    events = [collected(f"e-{number}", "D-1") for number in range(3)]
    seen = crossings(monkeypatch)
    stored = await asyncio.gather(*(reception.receive([Incoming(each, {})]) for each in events))
    assert [each.id for (each,) in stored] == ["e-0", "e-1", "e-2"]
    assert len(seen) == 2


async def test_an_append_takes_six_statements(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started()))
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await put(database, ana.batch(ana.fact("hold.lifted", reason="audit")))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert len(statements) == 6


async def test_an_append_that_is_given_up_in_the_middle_and_asked_again_is_on_record_once(database: Database) -> None:
    ana, ben = Scribe(), Scribe()
    batch = ana.batch(ana.started(), ana.began("enrolment"))
    slow = Slow(batch)
    given_up = asyncio.create_task(database.in_step(slow.append))
    await until(slow.began.is_set, "the append")
    given_up.cancel()
    again = asyncio.create_task(append_facts(database, batch))
    others = asyncio.create_task(append_facts(database, ben.batch(ben.started())))
    slow.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert (await again).last_seq == 2
    assert (await others).last_seq == 1
    found = await verify(database, projections=True)
    assert (found.ok, found.entries) == (True, 3)


async def test_what_fails_in_the_middle_leaves_nothing_behind_and_the_next_append_goes_through(
    database: Database,
) -> None:
    ana = Scribe()
    batch = ana.batch(ana.started())

    def fails(session: Session) -> None:
        append_in_step(session, batch, MORNING)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await database.in_step(fails)
    assert (await verify(database)).entries == 0
    assert (await append_facts(database, batch)).last_seq == 1


async def test_an_append_waits_for_the_lock_of_another_process(
    database: Database, somebody_else: sqlite3.Connection
) -> None:
    ana = Scribe()
    waiting = asyncio.create_task(append_facts(database, ana.batch(ana.started())))
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done
    somebody_else.execute("ROLLBACK")
    assert (await waiting).last_seq == 1


async def test_a_statement_by_itself_waits_for_the_lock_too(
    database: Database, somebody_else: sqlite3.Connection
) -> None:
    waiting = asyncio.create_task(database.ping())
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done
    somebody_else.execute("ROLLBACK")
    await waiting


async def test_an_append_that_never_gets_the_lock_is_to_be_tried_again(
    database: Database, somebody_else: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_hop, "BUSY_TIMEOUT", 0.05)
    ana = Scribe()
    batch = ana.batch(ana.started())
    with pytest.raises(ApplicationError) as failure:
        await append_facts(database, batch)
    assert (failure.value.type, failure.value.non_retryable) == ("ledger_unavailable", False)
    somebody_else.execute("ROLLBACK")
    assert (await append_facts(database, batch)).last_seq == 1


async def test_a_database_that_is_closed_in_the_middle_of_an_append_keeps_it_whole(
    database: Database, file: Path
) -> None:
    ana = Scribe()
    slow = Slow(ana.batch(ana.started(), ana.began("enrolment")))
    under_way = asyncio.create_task(database.in_step(slow.append))
    await until(slow.began.is_set, "the append")
    closing_down = asyncio.create_task(database.close())
    slow.may_end.set()
    await closing_down
    assert (await under_way).last_seq == 2
    after = Database(sqlite_url(file))
    found = await verify(after, projections=True)
    assert (found.ok, found.entries) == (True, 2)
    await after.close()


async def test_what_is_stored_has_the_spelling_that_is_hashed(database: Database, file: Path) -> None:
    ana = Scribe()
    started = ana.started()
    said = collected("e-1", "D-1").model_copy(update={"data": {"note": "Gerät gewärmt", "bags": 2}})
    told = ana.heard(said)
    await append_facts(database, ana.batch(started, told))
    with closing(sqlite3.connect(file)) as connection:
        (stored,) = connection.execute("SELECT data FROM entry WHERE seq = 2").fetchone()
    assert stored == data_text(told.data)


async def test_an_error_in_step_names_no_value(database: Database) -> None:
    def wrong(session: Session) -> None:
        session.connection().exec_driver_sql("INSERT INTO no_such_table VALUES (?)", ("Ana Brezovnik",))

    with pytest.raises(DBAPIError) as failure:
        await database.in_step(wrong)
    assert "Brezovnik" not in str(failure.value)
