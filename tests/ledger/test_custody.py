"""At every moment of its existence a container has exactly one custodian, in whatever order hand-overs are told."""

from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete

from ledger.custody import custody_of, hand_over
from ledger.database import Database
from ledger.rebuild import rebuild
from ledger.tables import CustodyRow, EdgeRow
from ledger.verify import verify
from schemas.events import PartnerEvent
from schemas.facts import EventFact, Fact, Material, MaterialStatus
from schemas.identity import Role
from tests.ledger.scribe import HOUR, MORNING, PARTIES, Scribe, bag, put

Row = dict[str, Any]

HOLDERS = st.sampled_from(list(Role))
ENDINGS = st.sampled_from([None, "used", "infused", "destroyed", "returned", "lost", "retained"])


def told(ana: Scribe, event_type: str, at: datetime, materials: list[dict[str, Any]], **said: Any) -> Fact:
    """A hand-over, as it was said to have happened at that moment."""
    event = PartnerEvent(
        source="//courier", id=f"e-{ana.seq}", type=event_type, subject=ana.coi, occurred_at=at, data=said
    )
    fact = ana.heard(event, stage="to_manufacturer", materials=materials)
    return fact.model_copy(update={"occurred_at": at})


def journey_of_a_bag(ana: Scribe) -> list[Fact]:
    """Collected, carried, received, used."""
    at = [MORNING + number * HOUR for number in range(5)]
    scanned = {"containers": ["BAG-1"], "reference": "SHIP-1"}
    people = {"given_by": "technician-3", "taken_by": "driver-12"}
    return [
        ana.started(),
        told(ana, "sample.collected", at[1], [bag("BAG-1")]),
        told(
            ana, "shipment.picked_up", at[2], [bag("BAG-1", status="in_transit", holder="courier")], **scanned, **people
        ),
        told(ana, "material.received", at[3], [bag("BAG-1", holder="manufacturer")], **scanned, place="DOCK-2"),
        told(ana, "manufacture.started", at[4], [bag("BAG-1", holder="manufacturer", status="used", batch="LOT-1")]),
    ]


async def custodians(database: Database, coi: str, at: datetime | None = None) -> list[CustodyRow]:
    async with database.reading() as session:
        return list(await custody_of(session, coi, at))


async def test_a_bag_goes_from_hand_to_hand(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(*journey_of_a_bag(ana)))
    rows = await custodians(database, ana.coi)
    assert [(each.role, each.party) for each in rows] == [
        ("collection_centre", PARTIES["collection_centre"]),
        ("courier", PARTIES["courier"]),
        ("manufacturer", PARTIES["manufacturer"]),
    ]
    assert [each.since for each in rows] == [MORNING + number * HOUR for number in (1, 2, 3)]
    assert [each.until for each in rows] == [MORNING + number * HOUR for number in (2, 3, 4)]
    first, carried, received = rows
    assert (carried.from_party, carried.given_by, carried.taken_by) == (first.party, "technician-3", "driver-12")
    assert (carried.shipment, received.shipment, received.place) == ("SHIP-1", None, "DOCK-2")
    assert (carried.ended, received.ended) == (None, "used")
    assert (await verify(database, projections=True)).ok


async def test_what_is_divided_lies_where_it_was_taken_from(database: Database) -> None:
    """A bag that came damaged into a freezer is split; one half is sampled, and goes elsewhere."""
    ana = Scribe()
    at = [MORNING + number * HOUR for number in range(6)]
    here = {"holder": "manufacturer"}
    half = bag("HALF-1", parents=["BAG-1"], form="split", **here)
    sample = bag("ALIQUOT-1", kind="sample", parents=["HALF-1"], form="aliquot", **here)
    dose = bag("DOSE-1", kind="product", parents=["HALF-1"], form="dose", batch="LOT-1", **here)
    first = ana.started()
    arrived = told(ana, "material.received", at[1], [bag("BAG-1", **here)], place="FREEZER-3", condition="damaged")
    facts = [
        first,
        arrived,
        told(ana, "material.split", at[2], [bag("BAG-1", status="used", **here), half], container="BAG-1"),
        told(ana, "material.sampled", at[3], [half, sample], source="HALF-1"),
        told(ana, "manufacture.completed", at[4], [dose]),
        told(ana, "shipment.picked_up", at[5], [{**half, "status": "in_transit", "holder": "courier"}]),
    ]
    await put(database, ana.batch(*facts))
    shown = [(each.material, each.number, each.place, each.condition) for each in await custodians(database, ana.coi)]
    assert shown == [
        ("ALIQUOT-1", 1, "FREEZER-3", "damaged"),
        ("BAG-1", 1, "FREEZER-3", "damaged"),
        ("DOSE-1", 1, PARTIES["manufacturer"], None),
        ("HALF-1", 1, "FREEZER-3", "damaged"),
        ("HALF-1", 2, PARTIES["courier"], None),
    ]
    assert (await verify(database, projections=True)).ok


@pytest.mark.parametrize(
    ("hours", "holder"),
    [(0.5, None), (1, "collection_centre"), (2, "courier"), (2.99, "courier"), (3, "manufacturer"), (4, None)],
)
async def test_at_a_moment_it_is_with_one_of_them(database: Database, hours: float, holder: str | None) -> None:
    ana = Scribe()
    await put(database, ana.batch(*journey_of_a_bag(ana)))
    there = await custodians(database, ana.coi, MORNING + timedelta(hours=hours))
    assert [each.role for each in there] == ([holder] if holder else [])


@pytest.mark.parametrize("size", [1, 2, 5])
async def test_the_page_is_the_same_however_the_facts_come(database: Database, size: int) -> None:
    ana = Scribe()
    facts = journey_of_a_bag(ana)
    for first in range(0, len(facts), size):
        await put(database, ana.batch(*facts[first : first + size]))
    async with database.reading() as session:
        made = await rebuild(session, ana.coi)
    shown = {f"{each.material} {each.number}": each.model_dump() for each in await custodians(database, ana.coi)}
    assert shown == made.custody and len(shown) == 3


async def test_a_page_that_was_changed_by_hand_is_found(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(*journey_of_a_bag(ana)))
    async with database.writing() as session:
        row = await session.get(CustodyRow, (ana.coi, "BAG-1", 2))
        assert row is not None
        row.party = "another-courier"
        session.add(row)
    found = await verify(database, projections=True)
    assert found.first_bad is not None and "custody BAG-1 2" in found.first_bad.problem


async def test_journeys_from_before_there_were_such_pages_get_theirs(database: Database) -> None:
    """What the migration does with a record that is there already."""
    ana = Scribe()
    await put(database, ana.batch(*journey_of_a_bag(ana)))
    migration = import_module("ledger.migrations.versions.0010_custody")

    def fill(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            migration._of_those_on_record()

    async with database.writing() as session:
        for table in (CustodyRow, EdgeRow):
            await session.execute(delete(table))
        await (await session.connection()).run_sync(fill)
    assert len(await custodians(database, ana.coi)) == 3
    assert (await verify(database, projections=True)).ok


@st.composite
def tellings(draw: st.DrawFn) -> list[tuple[Role, int, str | None]]:
    """Hand-overs of one bag in the order of the record: to whom, when by the teller's clock, and how it ended."""
    moments = st.integers(0, 50)
    some = draw(st.lists(st.tuples(HOLDERS, moments, st.none()), min_size=1, max_size=12))
    last = draw(st.tuples(HOLDERS, moments, ENDINGS))
    late = draw(st.lists(st.tuples(HOLDERS, moments, ENDINGS), max_size=3))
    return [*some, last, *late]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tellings=tellings())
def test_one_custodian_at_every_moment_whatever_is_told(tellings: list[tuple[Role, int, str | None]]) -> None:
    rows: dict[str, Row] = {}
    for seq, (holder, hour, ending) in enumerate(tellings, start=1):
        status = MaterialStatus(ending) if ending else MaterialStatus.AVAILABLE
        material = Material(id="BAG-1", kind="starting_material", status=status, holder=holder)
        at = MORNING + hour * HOUR
        fact = Fact(seq=seq, type="material.received", occurred_at=at, actor="//teller", data={})
        hand_over(rows, "COI", fact, EventFact(subject="BAG-1", said={}), material, holder.value)
        assert_one_custodian(list(rows.values()))
        current = max(rows.values(), key=lambda row: row["number"])
        ended = current["until"] is not None
        assert ended or current["role"] == holder.value, "whoever was told last has it, or it is gone"


def assert_one_custodian(rows: list[Row]) -> None:
    """By looking at every half hour: one while it exists, none before and after."""
    ordered = sorted(rows, key=lambda row: row["number"])
    begins, ends = ordered[0]["since"], ordered[-1]["until"]
    moments = [MORNING + number * HOUR / 2 for number in range(-2, 104)]
    for moment in moments:
        exists = begins <= moment and (ends is None or moment < ends)
        holding = [row for row in rows if row["since"] <= moment and (row["until"] is None or moment < row["until"])]
        assert len(holding) == (1 if exists else 0), (moment, rows)
