"""What operators do is on record, on chains of its own, and is checked like everything else."""

from datetime import UTC, datetime

import pytest

from ledger.database import Database
from ledger.invariants import broken_invariants
from ledger.operations import put_operation
from ledger.verify import verify
from schemas.operations import OnEvent
from tests.ledger.scribe import Scribe, put
from tests.ledger.tampering import run, unlock
from tests.ledger.test_append import entries

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def dismiss(database: Database, reason: str = "wrong_number") -> int:
    async with database.writing() as session:
        said = OnEvent(source="//nobody.example", event="evt-1", reason=reason)
        return await put_operation(session, "inbox", "event.dismissed", said, "operator-3", NOW)


async def test_an_operators_actions_follow_each_other_beside_the_journeys(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started()))
    assert [await dismiss(database), await dismiss(database)] == [1, 2]
    found = await verify(database, projections=True)
    assert (found.first_bad, found.entries, found.journeys) == (None, 3, 1)
    dismissed = [row for row in await entries(database) if row.type == "event.dismissed"]
    assert [(row.journey, row.seq, row.actor) for row in dismissed] == [
        ("operations/inbox", 1, "operator-3"),
        ("operations/inbox", 2, "operator-3"),
    ]
    assert await broken_invariants(database) == []


async def test_an_operators_action_that_was_changed_is_found(database: Database) -> None:
    await dismiss(database)
    await unlock(database)
    await run(database, "UPDATE entry SET actor = 'somebody-else'")
    bad = (await verify(database)).first_bad
    assert bad is not None
    assert "not what was written" in bad.problem


async def test_an_action_that_failed_with_its_transaction_left_no_trace(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.writing() as session:
            said = OnEvent(source="//nobody.example", event="evt-1", reason="wrong_number")
            await put_operation(session, "inbox", "event.dismissed", said, "operator-3", NOW)
            raise RuntimeError
    assert await dismiss(database) == 1
    assert (await verify(database)).entries == 1
