"""`kill -9`: of the API, of the worker, of Temporal. What was acknowledged is delivered, once and in order."""

import asyncio
import sys
from pathlib import Path
from random import Random

import pytest

from cli.settings import environment
from ledger.queries import entries
from tests.faults.afterwards import inbox, nothing_was_lost_or_done_twice
from tests.faults.neighbourhood import all_treated, neighbourhood
from tests.faults.site import API, TEMPORAL, WORKER, Site
from tests.faults.ward import Ward
from tests.waiting import until
from workflows.hearing import MOST_WAITING

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]


async def everything_is_on_record_in_order(ward: Ward) -> None:
    await ward.sees_all_off()
    for coi in ward.patients:
        assert ward.acknowledged[coi] == ward.says
        assert await ward.on_record(coi) == ward.says


async def test_what_the_api_acknowledged_and_never_relayed_is_delivered_by_the_next(site: Site) -> None:
    ward = Ward(site, "ward-one", milestones=10)
    await ward.opens()
    await asyncio.gather(*(ward.admits(f"ONE-{number}") for number in range(3)))

    site.pause(TEMPORAL)
    await asyncio.gather(*(ward.reports(coi, ward.says) for coi in ward.patients))
    await site.kill(API)
    waiting = [row for row in await inbox(site.database) if row.source == ward.source]
    assert {(row.status, row.delivered_at) for row in waiting} == {("received", None)}
    assert len(waiting) == 30

    site.resume(TEMPORAL)
    await site.start(API)
    await everything_is_on_record_in_order(ward)
    await nothing_was_lost_or_done_twice(site)


async def test_an_api_that_is_killed_at_any_moment_loses_nothing_that_it_acknowledged(site: Site) -> None:
    ward, chance = Ward(site, "ward-two"), Random(2)
    await ward.opens()
    await asyncio.gather(*(ward.admits(f"TWO-{number}") for number in range(3)))

    reporting = asyncio.gather(*(ward.reports(coi, ward.says) for coi in ward.patients))
    await asyncio.sleep(chance.uniform(0.1, 0.5))
    assert not reporting.done()
    await site.restart_killed(API)
    await reporting

    await everything_is_on_record_in_order(ward)
    await nothing_was_lost_or_done_twice(site)


async def test_a_worker_that_is_killed_at_any_moment_goes_on_where_it_was(site: Site, tmp_path: Path) -> None:
    chance = Random(3)
    async with neighbourhood(site, tmp_path, 3, journeys=3) as city:
        await city.ready()
        for _ in range(2):
            await asyncio.sleep(chance.uniform(0.3, 1.5))
            await site.restart_killed(WORKER)
        # A call that died with its worker is known to be lost when its time is over.
        await all_treated(site, city, within=100)
        await nothing_was_lost_or_done_twice(site, city)


async def test_what_a_worker_put_on_record_before_it_died_stands_and_its_journey_goes_on(site: Site) -> None:
    ward = Ward(site, "ward-three", milestones=8)
    await ward.opens()
    await site.kill(WORKER)
    await ward.admits("THREE-0")
    (coi,) = ward.patients

    # What comes in after a death makes the next worker's round another one than the round that was lost.
    await ward.reports(coi, ward.says[:4])
    await dies_after_an_append(site, appends=1)
    await ward.reports(coi, ward.says[4:])
    await dies_after_an_append(site, appends=2)
    await ward.mentions(coi)
    await site.start(WORKER)

    await everything_is_on_record_in_order(ward)
    await nothing_was_lost_or_done_twice(site)


async def test_a_release_that_its_worker_recorded_before_it_died_has_one_effect(site: Site) -> None:
    """Too much came too early, so one thing was turned away; now there is room, and a person has it heard."""
    ward = Ward(site, "ward-desk", milestones=3, in_turn=True)
    await ward.opens()
    await ward.admits("DESK-0")
    (coi,) = ward.patients
    await ward.repeats_early(coi, "m03", MOST_WAITING)
    await ward.reports(coi, ["m02", "m01"])
    await until(lambda: ward.hears(coi, "m01", "applied"), "the first milestone")
    assert await ward.hears(coi, "m02", "refused")
    # Answered when its workflow task has ended, so nothing of before is left to do for the worker that dies.
    assert (await ward.decides("dismiss", coi, "m03/0")).status_code == 200

    await site.kill(WORKER)
    asked = asyncio.create_task(ward.decides("release", coi, "m02"))
    await dies_after_an_append(site, appends=1)
    await site.start(WORKER)
    answer = await asked
    if answer.status_code != 200:
        assert answer.status_code == 503, answer.text
        answer = await ward.decides("release", coi, "m02")
    assert answer.json()["status"] == "applied"
    async with site.database.reading() as session:
        recorded = await entries(session, coi, after=None, limit=1_000)
    assert [each.type for each in recorded if each.event_id == f"{coi}/m02"].count("event.released") == 2
    assert "record.superseded" in [each.type for each in recorded], "the first of them does not count"

    await ward.sees_all_off()
    assert await ward.on_record(coi) == ward.says
    await nothing_was_lost_or_done_twice(site)


async def dies_after_an_append(site: Site, appends: int) -> None:
    command = (sys.executable, "-m", "tests.faults.dying_worker", str(appends))
    dying = await asyncio.create_subprocess_exec(*command, env=environment(site.settings), cwd=ROOT)
    try:
        async with asyncio.timeout(30):
            assert await dying.wait() == 9
    finally:
        if dying.returncode is None:
            dying.kill()


async def test_events_and_orders_are_acknowledged_without_temporal_and_delivered_when_it_is_back(site: Site) -> None:
    ward = Ward(site, "ward-four")
    await ward.opens()
    await ward.admits("FOUR-0")
    await ward.admits("FOUR-1")
    early, rest = ward.says[:20], ward.says[20:]

    reporting = asyncio.gather(*(ward.reports(coi, early) for coi in ward.patients))
    await asyncio.sleep(Random(4).uniform(0.05, 0.3))
    assert not reporting.done()
    await site.kill(TEMPORAL)
    await reporting
    while_away = await ward.admits("FOUR-2")
    assert while_away.status_code == 202
    assert while_away.json()["started"] is False
    await ward.reports(ward.patients[2], early)
    assert ward.refusals == []

    await site.start(TEMPORAL)
    await asyncio.gather(*(ward.reports(coi, rest) for coi in ward.patients))
    await everything_is_on_record_in_order(ward)
    await nothing_was_lost_or_done_twice(site)
