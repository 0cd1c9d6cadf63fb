"""The journey's way to the record: what it is told when that fails, and whether it should try again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.ledger import LedgerActivities
from ledger.database import Database
from ledger.verify import verify
from schemas.facts import Appended, Batch
from tests.databases import sqlite_url
from tests.ledger.scribe import Scribe


async def append_facts(database: Database, batch: Batch) -> Appended:
    return await ActivityEnvironment().run(LedgerActivities(database).append_facts, batch)


async def test_a_batch_is_on_record_once_when_the_answer_was_lost(database: Database) -> None:
    ana = Scribe()
    batch = ana.batch(ana.started(), ana.began("enrolment"))
    assert await append_facts(database, batch) == await append_facts(database, batch)
    found = await verify(database, projections=True)
    assert (found.ok, found.entries) == (True, 2)


async def test_a_contradiction_is_not_tried_again(database: Database) -> None:
    ana = Scribe()
    await append_facts(database, ana.batch(ana.started()))
    impostor = Scribe(ana.coi)
    impostor.order = "ANOTHER"
    with pytest.raises(ApplicationError) as failure:
        await append_facts(database, impostor.batch(impostor.started()))
    assert (failure.value.type, failure.value.non_retryable) == ("ledger_conflict", True)


async def test_a_fact_that_cannot_be_read_is_not_tried_again_nor_repeated(database: Database) -> None:
    ana = Scribe()
    with pytest.raises(ApplicationError) as failure:
        await append_facts(database, ana.batch(ana.started(), ana.fact("stage.began", stage="Maria Muster")))
    assert (failure.value.type, failure.value.non_retryable) == ("malformed", True)
    assert "Maria" not in str(failure.value)


@pytest.fixture
async def unmigrated(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(sqlite_url(tmp_path / "clew.db"))
    yield database
    await database.close()


async def test_database_trouble_is_tried_again_and_says_nothing_of_the_facts(unmigrated: Database) -> None:
    ana = Scribe()
    with pytest.raises(ApplicationError) as failure:
        await append_facts(unmigrated, ana.batch(ana.started()))
    assert (failure.value.type, failure.value.non_retryable) == ("ledger_unavailable", False)
    assert ana.coi not in str(failure.value)
    assert failure.value.__cause__ is None


async def test_a_damaged_file_is_trouble_that_is_tried_again_too(tmp_path: Path) -> None:
    (tmp_path / "clew.db").write_bytes(b"not a database at all" * 500)
    database = Database(sqlite_url(tmp_path / "clew.db"))
    ana = Scribe()
    with pytest.raises(ApplicationError) as failure:
        await append_facts(database, ana.batch(ana.started()))
    assert (failure.value.type, failure.value.non_retryable) == ("ledger_unavailable", False)
    await database.close()
