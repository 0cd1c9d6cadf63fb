"""A worker is lost after its append: the next one judges again, and what nobody acted on is set aside, not changed."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from ledger.append import append_after_close
from ledger.database import Database
from ledger.invariants import broken_invariants
from ledger.rebuild import differences
from ledger.tables import CustodyRow, DeviationRow, EdgeRow, InboxRow, JourneyRow, MaterialRow, StageRow, TaskRow
from ledger.verify import verify
from schemas.errors import Conflict
from schemas.facts import Batch, EventOutcome, EventStatus, Fact
from tests.ledger.scribe import MORNING, Scribe, bag, collected, put
from tests.ledger.test_append import entries, in_the_inbox

LOST, REDONE, NEXT = (MORNING + timedelta(seconds=seconds) for seconds in (10, 25, 40))
"""When three workflow tasks began: one that was lost after its append, the same done again, the one after that."""


def judged(batch: Batch, epoch: datetime) -> Batch:
    return batch.model_copy(update={"epoch": epoch})


def another_moment(fact: Fact) -> Fact:
    """The same fact, as the worker has it that does the task again: its clock has gone on."""
    return fact.model_copy(update={"occurred_at": fact.occurred_at + timedelta(seconds=15)})


async def lost(database: Database) -> tuple[Scribe, Fact, Fact, Fact]:
    """A journey whose last append was made by a worker that was lost: enrolment done, collection begun."""
    ana = Scribe()
    await put(database, judged(ana.batch(ana.started(), ana.began("enrolment")), MORNING))
    done, began = ana.completed("enrolment"), ana.began("collection")
    event = ana.heard(collected("e1", ana.order), materials=[bag("BAG-1", parents=["D-1"])])
    async with database.writing() as session:
        session.add(in_the_inbox("e1"))
    outcome = EventOutcome(source="north-apheresis", id="e1", status=EventStatus.APPLIED)
    await put(database, judged(ana.batch(done, began, event, outcomes=[outcome]), LOST))
    return ana, done, began, event


async def test_what_the_next_worker_judges_counts_and_the_record_keeps_both(database: Database) -> None:
    ana, done, _, _ = await lost(database)
    left = Fact(seq=4, type="journey.leaving", occurred_at=REDONE, actor="clew", data={"reason": "patient_withdrew"})
    answer = await put(database, judged(ana.batch(another_moment(done), left), REDONE))

    recorded = await entries(database)
    types = [(row.seq, row.type) for row in recorded]
    assert types[2:] == [
        (3, "stage.completed"),
        (4, "stage.began"),
        (5, "sample.collected"),
        (6, "record.superseded"),
        (7, "stage.completed"),
        (8, "journey.leaving"),
    ]
    assert recorded[5].data == {"first": 3, "last": 5}
    assert (answer.last_seq, answer.offset) == (4, 4)
    assert (await verify(database, projections=True)).ok
    assert await broken_invariants(database) == []


async def test_pages_forget_what_does_not_count(database: Database) -> None:
    ana, done, _, _ = await lost(database)
    await put(database, judged(ana.batch(another_moment(done)), REDONE))
    async with database.reading() as session:
        stages = {row.stage: row.status for row in (await session.execute(select(StageRow))).scalars()}
        assert stages["enrolment"] == "done"
        assert stages["collection"] == "pending"
        for table in (TaskRow, DeviationRow, MaterialRow, EdgeRow, CustodyRow):
            assert (await session.execute(select(table))).first() is None
        event = (await session.execute(select(InboxRow).where(col(InboxRow.id) == "e1"))).scalar_one()
        assert event.status == "received", "the journey has yet to say what becomes of it"
        assert await differences(session, ana.coi) == []


async def test_the_journey_goes_on_by_its_own_numbers(database: Database) -> None:
    ana, done, _, _ = await lost(database)
    redone = judged(ana.batch(another_moment(done)), REDONE)
    first = await put(database, redone)
    assert await put(database, redone) == first, "a repeat is harmless here too"
    following = Fact.model_validate({**ana.began("collection").model_dump(), "seq": 4})
    answer = await put(database, judged(ana.batch(following), NEXT))
    assert (answer.last_seq, answer.offset) == (4, first.offset)
    assert [row.seq for row in await entries(database)] == list(range(1, 9))


async def test_a_worker_that_only_seemed_lost_cannot_undo_what_counts(database: Database) -> None:
    """It wakes up when its task has long been done again: neither its contradiction nor its sequel is taken."""
    ana, done, began, _ = await lost(database)
    await put(database, judged(ana.batch(another_moment(done)), REDONE))
    before = await entries(database)
    with pytest.raises(Conflict):
        await put(database, judged(ana.batch(done, began), LOST))
    sequel = Fact.model_validate({**began.model_dump(), "seq": 4})
    with pytest.raises(Conflict):
        await put(database, judged(ana.batch(sequel), LOST))
    assert await entries(database) == before


async def test_another_story_in_the_same_workflow_task_is_a_contradiction(database: Database) -> None:
    ana, done, _, _ = await lost(database)
    with pytest.raises(Conflict):
        await put(database, judged(ana.batch(another_moment(done)), LOST))


async def test_a_journey_can_lose_workers_twice(database: Database) -> None:
    ana, done, began, event = await lost(database)
    await put(database, judged(ana.batch(another_moment(done), another_moment(began)), REDONE))
    later = [another_moment(another_moment(fact)) for fact in (done, began, event)]
    await put(database, judged(ana.batch(*later), NEXT))
    types = [row.type for row in await entries(database)]
    assert types.count("record.superseded") == 2
    assert types[-3:] == ["stage.completed", "stage.began", "sample.collected"]
    assert (await verify(database, projections=True)).ok
    assert await broken_invariants(database) == []


async def test_a_workflow_task_can_be_lost_twice_whose_first_facts_are_the_same_each_time(database: Database) -> None:
    """A journey's first task begins with its start, which no later attempt tells otherwise."""
    ana = Scribe()
    started, began = ana.started(), ana.began("enrolment")
    done = ana.completed("enrolment")
    for epoch in (LOST, REDONE, NEXT):
        began, done = another_moment(began), another_moment(done)
        answer = await put(database, judged(ana.batch(started, began, done), epoch))
        assert answer == await put(database, judged(ana.batch(started, began, done), epoch)), "a repeat is harmless"
        assert answer.last_seq == 3
    assert [(row.seq, row.type) for row in await entries(database)] == [
        (1, "journey.started"),
        (2, "stage.began"),
        (3, "stage.completed"),
        (4, "record.superseded"),
        (5, "stage.began"),
        (6, "stage.completed"),
        (7, "record.superseded"),
        (8, "stage.began"),
        (9, "stage.completed"),
    ]
    assert (await verify(database, projections=True)).ok
    assert await broken_invariants(database) == []


async def test_an_event_after_the_end_is_numbered_on_from_there(database: Database) -> None:
    ana, done, _, _ = await lost(database)
    over = Fact.model_validate(
        {**done.model_dump(), "seq": 4, "type": "journey.cancelled", "data": {"outcome": "cancelled", "reason": "x"}}
    )
    await put(database, judged(ana.batch(another_moment(done), over), REDONE))
    async with database.writing() as session:
        await append_after_close(session, ana.coi, [collected("e9", ana.order)], NEXT)
        again = await append_after_close(session, ana.coi, [collected("e9", ana.order)], NEXT)
    assert again.last_seq == 5
    recorded = await entries(database)
    assert (recorded[-1].seq, recorded[-1].type) == (9, "event.late")
    async with database.reading() as session:
        assert (await session.execute(select(JourneyRow.status))).scalar_one() == "cancelled"
