"""What a partner says of a journey that is over is recorded as late, once."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from ledger.append import append_after_close
from ledger.database import Database
from ledger.verify import verify
from schemas.errors import Conflict
from schemas.events import PartnerEvent
from tests.ledger.scribe import MORNING, Scribe, collected, put
from tests.ledger.test_append import entries, in_the_inbox, inbox_of

LATER = MORNING + timedelta(days=40)


async def say_late(database: Database, coi: str, *events: PartnerEvent) -> int:
    async with database.writing() as session:
        return (await append_after_close(session, coi, events, LATER)).last_seq


async def closed(database: Database) -> Scribe:
    ana = Scribe()
    over = {"outcome": "cancelled", "reason": "patient_withdrew"}
    await put(
        database,
        ana.batch(ana.started(), ana.heard(collected("e1", ana.order)), ana.fact("journey.cancelled", **over)),
    )
    return ana


async def test_a_late_event_is_the_next_entry_however_often_it_comes(database: Database) -> None:
    ana = await closed(database)
    async with database.writing() as session:
        session.add(in_the_inbox("e7"))
    late = collected("e7", ana.order)
    assert await say_late(database, ana.coi, late, late) == 4
    assert await say_late(database, ana.coi, late, collected("e8", ana.order)) == 5
    rows = await entries(database)
    assert [row.type for row in rows[3:]] == ["event.late", "event.late"]
    assert rows[3].data["reason"] == "journey_closed"
    assert (rows[3].source, rows[3].event_id, rows[3].recorded_at) == ("north-apheresis", "e7", LATER)
    answer = await inbox_of(database, "e7")
    assert (answer.status, answer.reason, answer.journey) == ("late", "journey_closed", ana.coi)
    assert (await verify(database, projections=True)).ok


async def test_an_event_that_had_its_effect_before_the_end_is_a_duplicate(database: Database) -> None:
    ana = await closed(database)
    async with database.writing() as session:
        session.add(in_the_inbox("e1"))
    assert await say_late(database, ana.coi, collected("e1", ana.order)) == 3
    assert (await inbox_of(database, "e1")).status == "duplicate"


async def test_while_the_journey_runs_only_its_workflow_numbers_facts(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started()))
    for coi in (ana.coi, Scribe().coi):
        with pytest.raises(Conflict):
            await say_late(database, coi, collected("e7", ana.order))
    assert len(await entries(database)) == 1


async def test_the_page_of_a_closed_journey_stays_closed(database: Database) -> None:
    ana = await closed(database)
    await say_late(database, ana.coi, collected("e7", ana.order))
    async with database.reading() as session:
        page = (await session.execute(text("SELECT status, last_seq FROM journey"))).one()
    assert tuple(page) == ("cancelled", 4)
