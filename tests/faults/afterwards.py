"""What must hold after every drill, whatever was done to whom."""

from collections import Counter
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from ledger.checkpoint_log import CheckpointLog
from ledger.database import Database
from ledger.epcis import catch_up
from ledger.invariants import broken_invariants
from ledger.tables import EntryRow, InboxRow
from ledger.verify import verify
from ledger.witnesses import witnesses_of
from partners.simulator.city import SimulatedPartners
from tests.faults.site import Site
from tests.waiting import until

WITH_AN_ENTRY = frozenset({"applied", "late", "refused"})
"""Outcomes of which the ledger has an entry; of a duplicate it has the first one's."""

SETTLED_WITHIN = 60


async def nothing_was_lost_or_done_twice(site: Site, *cities: SimulatedPartners) -> None:
    """Every acknowledged event has its outcome and its one entry, every command its one effect, the record verifies."""
    for city in cities:
        await _everything_is_said(city)
    await _everything_is_judged(site.database)
    await _one_entry_an_event(site.database)
    await catch_up(site.database)
    kept = CheckpointLog(site.settings.checkpoints_folder)
    await until(kept.newest, "a checkpoint", SETTLED_WITHIN)
    witnesses = witnesses_of(site.settings)
    verification = await verify(site.database, projections=True, witnesses=witnesses)
    assert verification.ok, verification.first_bad
    assert verification.checkpoints > 0
    assert await broken_invariants(site.database) == []
    for city in cities:
        _each_command_took_effect_once(city)
        await _all_that_was_sent_is_here(site.database, city)


async def _everything_is_said(city: SimulatedPartners) -> None:
    def silent() -> bool:
        return all(city.state(role)["waiting"] == 0 for role in city.partners)

    await until(silent, "the partners' last word", SETTLED_WITHIN)


async def _everything_is_judged(database: Database) -> None:
    async def judged() -> bool:
        return not {row.status for row in await inbox(database)} & {"received", "unmatched", "held"}

    await until(judged, "an outcome of every acknowledged event", SETTLED_WITHIN)


async def _one_entry_an_event(database: Database) -> None:
    entries = _what_events_came_to(await entries_that_count(database))
    assert {key: times for key, times in entries.items() if times > 1} == {}
    rows = await inbox(database)
    assert [row.id for row in rows if row.status in WITH_AN_ENTRY and not entries[row.source, row.id]] == []
    assert [row.id for row in rows if row.status not in WITH_AN_ENTRY | {"duplicate", "dismissed"}] == []


def _what_events_came_to(entries: list[EntryRow]) -> Counter[tuple[str, str]]:
    """How many entries each event has, but for those that a person's release took back."""
    found: Counter[tuple[str, str]] = Counter()
    for each in entries:
        if each.type == "event.released":
            found.pop((each.source, str(each.event_id)))
        elif each.event_id:
            found[each.source, each.event_id] += 1
    return found


def _each_command_took_effect_once(city: SimulatedPartners) -> None:
    for role in city.partners:
        state = city.state(role)
        assert [each for each in state["commands"] if each["effects"] != 1] == []
        assert state["repeated_effects"] == state["rejected_events"] == 0


async def _all_that_was_sent_is_here(database: Database, city: SimulatedPartners) -> None:
    """What a partner holds an acknowledgement for is in the inbox."""
    arrived = Counter(row.source for row in await inbox(database))
    for role, running in city.partners.items():
        assert arrived[running.partner.setting.source] >= city.state(role)["sent_events"]


async def entries_that_count(database: Database) -> list[EntryRow]:
    """The whole record but for what a later entry of its journey says does not count."""
    async with database.reading() as session:
        rows = list((await session.execute(select(EntryRow).order_by(col(EntryRow.position)))).scalars())
    notices = [row for row in rows if row.type == "record.superseded"]
    void = {(row.journey, seq) for row in notices for seq in range(row.data["first"], row.data["last"] + 1)}
    return [row for row in rows if (row.journey, row.seq) not in void]


async def inbox(database: Database) -> list[InboxRow]:
    async with database.reading() as session:
        return list((await session.execute(select(InboxRow))).scalars())


def commands_of(city: SimulatedPartners) -> list[dict[str, Any]]:
    """All commands that the city's partners took, with how often each was received, looked up, and took effect."""
    return [each for role in city.partners for each in city.state(role)["commands"]]
