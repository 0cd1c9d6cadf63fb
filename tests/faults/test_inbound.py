"""What networks and outages do to events on their way in: repeated, in any order, stranded, and all at once late.

Each drill has a seed. After each: what was acknowledged is on the ledger, every command took effect once at its
partner, and each journey's order is kept.
"""

import asyncio
import os
from pathlib import Path
from random import Random

import pytest

from tests.faults.afterwards import inbox, nothing_was_lost_or_done_twice
from tests.faults.echo import Echo
from tests.faults.neighbourhood import all_treated, neighbourhood
from tests.faults.site import API, TEMPORAL, Site
from tests.faults.ward import Ward

pytestmark = pytest.mark.timeout(300)

OUTAGE = float(os.environ.get("CLEW_TEST_OUTAGE", "4"))
"""Seconds that Temporal is away under load. A minute is what an installation has to stand; a short stop stands for it,
because nothing in Clew tells the two apart but the relay's attempts, which a second passes already."""

SENDERS = 6
"""That speak for one ward at the same moment."""


async def test_everything_arrives_four_times_in_three_forms(site: Site, tmp_path: Path) -> None:
    async with Echo(site.url, seed=61) as echo, neighbourhood(site, tmp_path, 61, journeys=2, api_url=echo.url) as city:
        await all_treated(site, city, within=100)
        await nothing_was_lost_or_done_twice(site, city)
        told = sum(city.state(role)["sent_events"] for role in city.partners)
        assert told > 10 and echo.sent >= 4 * told


async def test_everything_arrives_in_any_order_and_twice(site: Site) -> None:
    chance = Random(62)
    ward = Ward(site, "ward-shuffled", milestones=12, in_turn=True, modes=chance)
    await ward.opens()
    await asyncio.gather(*(ward.admits(f"SHUFFLED-{number}") for number in range(4)))
    everything = [(coi, milestone) for coi in ward.patients for milestone in ward.says] * 2
    chance.shuffle(everything)

    await asyncio.gather(*(speaks(ward, everything[number::SENDERS]) for number in range(SENDERS)))

    await on_record_in_order(ward)
    await nothing_was_lost_or_done_twice(site)


async def on_record_in_order(ward: Ward) -> None:
    """Every journey has ended, with each milestone on the ledger once, in the order in which they follow each other."""
    await ward.sees_all_off()
    for coi in ward.patients:
        assert await ward.on_record(coi) == ward.says


async def speaks(ward: Ward, lines: list[tuple[str, str]]) -> None:
    for coi, milestone in lines:
        await ward.reports(coi, [milestone])


async def test_the_api_dies_again_and_again_between_an_events_commit_and_its_relay(site: Site, tmp_path: Path) -> None:
    """Temporal stands still, so that what is acknowledged is certain to be stranded when its process is killed."""
    ward = Ward(site, "ward-stranded", milestones=15, modes=Random(63))
    await ward.opens()
    await asyncio.gather(*(ward.admits(f"STRANDED-{number}") for number in range(3)))
    async with neighbourhood(site, tmp_path, 63, journeys=2) as city:
        await city.ready()
        for lines in (ward.says[:5], ward.says[5:10], ward.says[10:]):
            site.pause(TEMPORAL)
            await asyncio.gather(*(ward.reports(coi, lines) for coi in ward.patients))
            await site.kill(API)
            assert await undelivered(site) >= len(lines) * len(ward.patients)
            site.resume(TEMPORAL)
            await site.start(API)

        await on_record_in_order(ward)
        await all_treated(site, city, within=150)
        await nothing_was_lost_or_done_twice(site, city)


async def undelivered(site: Site) -> int:
    return sum(row.status == "received" and row.delivered_at is None for row in await inbox(site.database))


async def test_temporal_is_away_for_a_while_under_load(site: Site, tmp_path: Path) -> None:
    """Wards go on reporting and partners go on working: everything is acknowledged, and goes its way afterwards."""
    ward = Ward(site, "ward-under-load", modes=Random(64))
    await ward.opens()
    await asyncio.gather(*(ward.admits(f"LOAD-{number}") for number in range(4)))
    async with neighbourhood(site, tmp_path, 64, journeys=3) as city:
        await city.ready()
        before, meanwhile, after = ward.says[:10], ward.says[10:30], ward.says[30:]
        await asyncio.gather(*(ward.reports(coi, before) for coi in ward.patients))
        await site.kill(TEMPORAL)
        async with asyncio.timeout(OUTAGE + 60):
            await asyncio.gather(asyncio.sleep(OUTAGE), *(ward.reports(coi, meanwhile) for coi in ward.patients))
        assert ward.refusals == []
        assert await undelivered(site) >= len(meanwhile) * len(ward.patients)
        await site.start(TEMPORAL)
        await asyncio.gather(*(ward.reports(coi, after) for coi in ward.patients))

        await on_record_in_order(ward)
        await all_treated(site, city, within=150)
        await nothing_was_lost_or_done_twice(site, city)
