"""What a partner says of a journey that is over is recorded as late, once."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from ledger.append import append_after_close
from ledger.custody import custody_of
from ledger.database import Database
from ledger.verify import verify
from schemas.errors import Conflict
from schemas.events import PartnerEvent
from tests.ledger.scribe import MORNING, Scribe, bag, collected, put
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


def disposed(event_id: str, *names: str, disposition: str = "destroyed") -> PartnerEvent:
    """Somebody says what became of containers."""
    said = {"containers": list(names), "disposition": disposition, "by": "technician-3"}
    return collected(event_id, names[0]).model_copy(update={"type": "material.disposed", "data": said})


async def kept(database: Database, *, crossed: bool = False) -> Scribe:
    """Ana's journey has ended; one bag was kept where it lay, one was used. `crossed`: identity is in doubt."""
    ana = Scribe()
    bags = [bag("BAG-1", form="container"), bag("BAG-2")]
    facts = [ana.started(), ana.heard(collected("e1", ana.order), materials=bags)]
    left = [bag("BAG-1", status="retained", form="container", quarantined=crossed), bag("BAG-2", status="used")]
    facts.append(ana.fact("materials.settled", disposition="retained", materials=left))
    facts.append(ana.fact("journey.completed", outcome="completed", reason="protocol_completed"))
    await put(database, ana.batch(*facts))
    return ana


async def test_what_was_kept_is_destroyed_after_the_end_and_its_custody_ends(database: Database) -> None:
    ana = await kept(database)
    async with database.writing() as session:
        session.add(in_the_inbox("e7"))
    event = disposed("e7", "BAG-1")
    assert await say_late(database, ana.coi, event) == 5
    assert await say_late(database, ana.coi, event) == 5, "it has one effect"
    rows = await entries(database)
    assert (rows[4].type, rows[4].data["materials"][0]["status"]) == ("material.disposed", "destroyed")
    async with database.reading() as session:
        page = (await session.execute(text("SELECT status FROM material WHERE id = 'BAG-1'"))).scalar_one()
        (custody,) = [each for each in await custody_of(session, ana.coi) if each.material == "BAG-1"]
    assert (page, custody.ended, custody.until is not None) == ("destroyed", "destroyed", True)
    assert await say_late(database, ana.coi, disposed("e8", "BAG-1", disposition="returned")) == 6
    assert (await entries(database))[5].type == "event.late"
    assert (await verify(database, projections=True)).ok


async def test_two_disposals_that_come_together_are_judged_one_after_the_other(database: Database) -> None:
    ana = await kept(database)
    events = disposed("e7", "BAG-1"), disposed("e8", "BAG-1", disposition="returned")
    assert await say_late(database, ana.coi, *events) == 6
    assert [each.type for each in await entries(database)][4:] == ["material.disposed", "event.late"]


@pytest.mark.parametrize(
    ("names", "disposition"),
    [(["BAG-2"], "destroyed"), (["BENS-BAG"], "destroyed"), (["BAG-1", "BAG-1"], "destroyed"), (["BAG-1"], "used")],
    ids=["used up", "another's", "named twice", "was put apart"],
)
async def test_what_was_not_kept_or_is_not_to_be_used_is_late(
    database: Database, names: list[str], disposition: str
) -> None:
    ana = await kept(database, crossed=True)
    await say_late(database, ana.coi, disposed("e7", *names, disposition=disposition))
    assert (await entries(database))[4].type == "event.late"
    assert (await verify(database, projections=True)).ok
