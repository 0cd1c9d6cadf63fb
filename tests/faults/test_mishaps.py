"""Partners' systems as they are: they repeat, overtake and delay themselves, say nothing after a commit, are away."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

from ledger.tables import EntryRow, MaterialRow
from partners.simulator.city import SimulatedPartners
from partners.simulator.config import Faults
from schemas.base import parse_duration
from schemas.facts import CLEW
from tests.faults.afterwards import commands_of, entries_that_count, nothing_was_lost_or_done_twice
from tests.faults.neighbourhood import all_treated, journeys_of, neighbourhood
from tests.faults.site import Site
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)

WHOLE = "autologous-car-t"


WHICH = ("evidence", "step", "test", "visit")
"""What tells two events of one type apart, beside the names of things."""


async def end_of(site: Site, city: SimulatedPartners) -> dict[str, object]:
    """How the city's one journey ended, but for the names of things and for what was only of passing interest."""
    ((coi, journey),) = (await journeys_of(site, city)).items()
    entries = [each for each in await entries_that_count(site.database) if each.journey == coi]
    # When something was due is for the clock to say.
    own = [each for each in entries if each.source == CLEW and not each.type.startswith("due.")]
    async with site.database.reading() as session:
        materials = (await session.execute(select(MaterialRow).where(col(MaterialRow.journey) == coi))).scalars().all()
    return {
        "outcome": (journey.status, journey.outcome_reason),
        "course": Counter((each.type, each.data.get("stage"), each.data.get("visit")) for each in own),
        "told": Counter(each.data["command"] for each in own if each.type == "partner.told"),
        "heard": {_heard(each) for each in entries if each.source != CLEW},
        "materials": Counter((each.kind, each.status, each.holder) for each in materials),
    }


def _heard(entry: EntryRow) -> tuple[object, ...]:
    """What was said. Word of a step that comes after the end of its stage is on record as late, and was said too."""
    said = entry.data["said"]
    return entry.data.get("event_type", entry.type), *(said.get(each) for each in WHICH)


async def test_repeated_reordered_and_late_events_lead_to_the_same_end(site: Site, tmp_path: Path) -> None:
    unruly = Faults(duplicate=1, reorder=1, late=0.3, late_by=parse_duration("2d"))
    async with (
        neighbourhood(site, tmp_path, 41, protocol=WHOLE) as orderly,
        neighbourhood(site, tmp_path, 42, protocol=WHOLE, faults=unruly) as disorderly,
    ):
        await asyncio.gather(*(all_treated(site, city, within=120) for city in (orderly, disorderly)))
        await nothing_was_lost_or_done_twice(site, orderly, disorderly)

        assert await end_of(site, disorderly) == await end_of(site, orderly)
        events = [city.state(role)["sent_events"] for city in (orderly, disorderly) for role in city.partners]
        assert events[:5] == events[5:] and sum(events[:5]) > 30


async def test_a_command_whose_answer_was_lost_is_looked_up_and_not_repeated(site: Site, tmp_path: Path) -> None:
    async with neighbourhood(site, tmp_path, 5, faults=Faults(commit_then_timeout=1)) as city:
        await all_treated(site, city, within=120)
        await nothing_was_lost_or_done_twice(site, city)

        commands = commands_of(city)
        told = {role for role in city.partners if city.state(role)["commands"]}
        assert told == set(city.partners)
        assert [each["key"] for each in commands if each["received"] != 1 or each["looked_up"] == 0] == []


async def test_everything_goes_on_after_partners_were_down_slow_or_refused_connections(
    site: Site, tmp_path: Path
) -> None:
    async with neighbourhood(site, tmp_path, 6, journeys=2) as city:
        city.faults("treatment_centre", Faults(down=1, retry_after=1))
        city.faults("collection_centre", Faults(down=1))
        city.faults("courier", Faults(slow=1, slow_by=0.5))
        async with city.partners["laboratory"].unreachable():
            await city_is_asked(site, city)
            city.faults("treatment_centre", Faults())
            await city_is_asked(site, city, "collection")
        city.faults("collection_centre", Faults())

        await all_treated(site, city, within=150)
        await nothing_was_lost_or_done_twice(site, city)


async def city_is_asked(site: Site, city: SimulatedPartners, stage: str = "enrolment") -> None:
    """Wait until a stage of every journey is under way while its partner is away."""

    async def under_way() -> bool:
        rows = (await journeys_of(site, city)).values()
        return len(rows) == city.config.journeys and all(stage in row.stages.split(",") for row in rows)

    await until(under_way, f"every journey at {stage}", 60)
    for role in ("collection_centre", "laboratory"):
        assert city.state(role)["commands"] == []
