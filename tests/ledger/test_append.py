"""A fact is put on record once, under its number, chained to the one before."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from ledger.append import append
from ledger.chain import entry_hash, genesis
from ledger.database import Database
from ledger.tables import EntryRow, HeadRow, IdentifierRow, InboxRow
from ledger.verify import verify
from schemas.errors import Conflict, Invalid
from schemas.facts import EventOutcome, EventStatus
from schemas.identity import IdentifierKind
from tests.ledger.scribe import MORNING, Scribe, bag, collected, known, put


async def entries(database: Database) -> list[EntryRow]:
    async with database.reading() as session:
        return list((await session.execute(select(EntryRow).order_by(col(EntryRow.position)))).scalars())


async def head(database: Database) -> int:
    async with database.reading() as session:
        return (await session.execute(select(HeadRow.position))).scalar_one()


async def test_two_journeys_share_the_positions_and_each_has_its_own_numbers_and_chain(database: Database) -> None:
    ana, ben = Scribe(), Scribe()
    for scribe in (ana, ben, ana):
        begun = scribe.started() if scribe.seq == 0 else scribe.completed("enrolment")
        await put(database, scribe.batch(begun, scribe.began("enrolment")))

    rows = await entries(database)
    assert [row.position for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [(row.journey, row.seq) for row in rows] == [
        (ana.coi, 1),
        (ana.coi, 2),
        (ben.coi, 1),
        (ben.coi, 2),
        (ana.coi, 3),
        (ana.coi, 4),
    ]
    assert rows[2].previous_hash == genesis(ben.coi)
    assert rows[4].previous_hash == rows[1].hash
    assert all(row.hash == entry_hash(row) for row in rows)
    assert all(row.recorded_at == MORNING for row in rows)


async def test_a_batch_that_is_half_on_record_takes_no_position_that_it_does_not_need(database: Database) -> None:
    ana, ben = Scribe(), Scribe()
    facts = [ana.started(), ana.began("enrolment"), ana.completed("enrolment"), ana.began("collection")]
    await put(database, ana.batch(*facts[:2]))
    assert (await put(database, ana.batch(*facts))).last_seq == 4
    assert (await put(database, ana.batch(*facts[1:3]))).last_seq == 4
    await put(database, ben.batch(ben.started()))

    assert [row.position for row in await entries(database)] == [1, 2, 3, 4, 5]
    assert await head(database) == 5
    assert (await verify(database, projections=True)).ok


async def test_a_repeated_batch_changes_nothing(database: Database) -> None:
    ana = Scribe()
    batch = ana.batch(ana.started(), ana.began("enrolment"))
    first = await put(database, batch)
    before = await entries(database)
    again = await put(database, batch, recorded_at=MORNING.replace(year=2027))
    assert first == again
    assert await entries(database) == before
    assert await head(database) == 2


async def test_what_is_new_in_a_partly_repeated_batch_is_appended(database: Database) -> None:
    ana = Scribe()
    started = ana.started()
    await put(database, ana.batch(started))
    appended = await put(database, ana.batch(started, ana.began("enrolment"), ana.completed("enrolment")))
    assert appended.last_seq == 3
    assert [row.position for row in await entries(database)] == [1, 2, 3]
    assert await head(database) == 3
    assert (await verify(database, projections=True)).ok


async def test_an_old_batch_repeated_after_newer_ones_is_still_known(database: Database) -> None:
    ana = Scribe()
    old = ana.batch(ana.started())
    await put(database, old)
    await put(database, ana.batch(ana.began("enrolment"), ana.completed("enrolment")))
    assert (await put(database, old)).last_seq == 3
    assert len(await entries(database)) == 3


@pytest.mark.parametrize("field", ["type", "occurred_at", "actor", "source", "event_id", "data"])
async def test_other_content_under_a_number_on_record_is_refused(database: Database, field: str) -> None:
    ana = Scribe()
    started, began = ana.started(), ana.began("enrolment")
    await put(database, ana.batch(started, began))
    other = {
        "type": "stage.completed",
        "occurred_at": MORNING,
        "actor": "someone",
        "source": "someone",
        "event_id": "e1",
        "data": {**began.data, "visit": 2},
    }
    contradiction = began.model_copy(update={field: other[field]})
    with pytest.raises(Conflict) as refusal:
        await put(database, ana.batch(started, contradiction))
    assert refusal.value.code == "ledger_conflict"
    assert await head(database) == 2


async def test_a_gap_is_refused(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started()))
    _lost = ana.began("enrolment")
    with pytest.raises(Conflict):
        await put(database, ana.batch(ana.completed("enrolment")))
    assert [row.seq for row in await entries(database)] == [1]


async def test_a_gap_within_a_batch_is_refused(database: Database) -> None:
    ana = Scribe()
    started, _lost, late = ana.started(), ana.began("enrolment"), ana.completed("enrolment")
    with pytest.raises(Conflict):
        await put(database, ana.batch(started, late))
    assert await entries(database) == []


async def test_a_journey_that_never_started_has_no_other_facts(database: Database) -> None:
    with pytest.raises(Conflict):
        await put(database, (ana := Scribe()).batch(ana.began("enrolment")))


async def test_a_fact_that_says_something_else_than_its_type_is_refused_without_repeating_it(
    database: Database,
) -> None:
    ana = Scribe()
    with pytest.raises(Invalid) as refusal:
        await put(database, ana.batch(ana.started(), ana.fact("stage.began", stage="Maria Muster")))
    assert "Maria" not in str(refusal.value)
    assert all("Maria" not in flaw.detail for flaw in refusal.value.errors)
    assert await head(database) == 0


@pytest.mark.parametrize("unkeepable", ["a\0b", float("nan"), float("inf"), 10**400])
async def test_what_a_database_cannot_keep_is_refused_by_both_alike(database: Database, unkeepable: object) -> None:
    ana = Scribe()
    event = collected("e1", ana.order).model_copy(update={"data": {"device": unkeepable}})
    with pytest.raises(Invalid):
        await put(database, ana.batch(ana.started(), ana.heard(event)))
    assert await head(database) == 0


async def test_what_is_rolled_back_leaves_no_gap(database: Database) -> None:
    ana, ben = Scribe(), Scribe()
    with pytest.raises(RuntimeError):
        async with database.writing() as session:
            await append(session, ana.batch(ana.started()), MORNING)
            raise RuntimeError("the process loses its footing before the commit")
    await put(database, ben.batch(ben.started()))
    assert [(row.position, row.journey) for row in await entries(database)] == [(1, ben.coi)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET actor = 'someone else' WHERE position = 1",
        "DELETE FROM entry WHERE position = 1",
        "DELETE FROM entry",
    ],
)
async def test_the_database_itself_refuses_to_change_or_remove_an_entry(database: Database, statement: str) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started()))
    before = await entries(database)
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.writing() as session:
            await session.execute(text(statement))
    assert await entries(database) == before


async def test_the_ways_around_that_are_closed_too(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started()))
    around = (
        "INSERT OR REPLACE INTO entry SELECT position, journey, seq, type, occurred_at, recorded_at,"
        " 'someone else', source, event_id, data, previous_hash, hash FROM entry"
        if database.is_sqlite
        else "TRUNCATE entry"
    )
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.writing() as session:
            await session.execute(text(around))
    assert [row.actor for row in await entries(database)] == ["clew"]


async def test_numbers_of_any_size_hash_the_same_when_they_come_back(database: Database) -> None:
    """PostgreSQL keeps numbers as decimals: 1e+16 comes back as an integer, -0.0 without its sign."""
    ana = Scribe()
    counts = [2.5e10, 1e16, 1e300, -0.0, 1.0, 0.1, 5e-324, 2**53 + 1, -1e22]
    event = collected("e1", ana.order).model_copy(update={"data": {"tnc": counts, "name": "ümläut \U0001f9ec"}})
    await put(database, ana.batch(ana.started(), ana.heard(event)))
    again = ana.seq
    assert (await verify(database)).ok
    ana.seq, ana.time = 0, MORNING
    assert (await put(database, ana.batch(ana.started(), ana.heard(event)))).last_seq == again


async def test_an_identifier_of_another_journey_is_not_taken_over_but_told(database: Database) -> None:
    ana, ben = Scribe(), Scribe()
    donation = known(IdentifierKind.DONATION, "D-1")
    await put(database, ana.batch(ana.started(), ana.heard(collected("e1", ana.order), identifiers=[donation])))
    batch = ben.batch(ben.started(), ben.heard(collected("e2", ben.order), identifiers=[donation]))
    appended = await put(database, batch)
    assert [each.value for each in appended.taken] == ["D-1"]
    assert (await put(database, batch)).taken == appended.taken, "who repeats has not heard the first answer"
    async with database.reading() as session:
        owner = (await session.execute(select(IdentifierRow.journey).where(IdentifierRow.value == "D-1"))).scalar_one()
    assert owner == ana.coi


def in_the_inbox(event_id: str, status: str = "received") -> InboxRow:
    return InboxRow(
        source="north-apheresis",
        id=event_id,
        type="sample.collected",
        subject="S",
        occurred_at=MORNING,
        received_at=MORNING,
        fingerprint="0" * 64,
        event={},
        body={},
        status=status,
    )


async def inbox_of(database: Database, event_id: str) -> InboxRow:
    async with database.reading() as session:
        return (await session.execute(select(InboxRow).where(InboxRow.id == event_id))).scalar_one()


async def test_the_sender_learns_what_became_of_the_event(database: Database) -> None:
    ana = Scribe()
    async with database.writing() as session:
        session.add(in_the_inbox("e1"))
    held = EventOutcome(source="north-apheresis", id="e1", status=EventStatus.HELD, reason="too_early")
    await put(database, ana.batch(outcomes=[held]))
    row = await inbox_of(database, "e1")
    assert (row.status, row.reason, row.journey) == ("held", "too_early", ana.coi)

    applied = held.model_copy(update={"status": EventStatus.APPLIED, "reason": None})
    await put(database, ana.batch(ana.started(), ana.heard(collected("e1", ana.order)), outcomes=[applied]))
    duplicate = held.model_copy(update={"status": EventStatus.DUPLICATE})
    await put(database, ana.batch(outcomes=[held, duplicate]))
    row = await inbox_of(database, "e1")
    assert (row.status, row.reason) == ("applied", None), "the last word on an event stays"


async def test_material_is_shown_with_the_organisation_that_holds_it(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started(), ana.heard(collected("e1", ana.order), materials=[bag("BAG-1")])))
    on_its_way = bag("BAG-1", status="in_transit", holder="courier")
    await put(database, ana.batch(ana.heard(collected("e2", ana.order), materials=[on_its_way])))
    async with database.reading() as session:
        rows = (await session.execute(text("SELECT id, status, holder, party FROM material"))).all()
    assert [tuple(row) for row in rows] == [("BAG-1", "in_transit", "courier", "swift")]
