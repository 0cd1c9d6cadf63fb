"""The database is locked for a while by somebody else: whoever is acknowledged is stored, all others are refused."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.one_hop import BUSY_TIMEOUT
from tests.faults.afterwards import inbox, nothing_was_lost_or_done_twice
from tests.faults.neighbourhood import all_treated, neighbourhood
from tests.faults.site import Site
from tests.faults.ward import Ward
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)

LONGER_THAN_WRITERS_WAIT = 2 * BUSY_TIMEOUT + 15
"""In one process they take turns: the reception may have to wait behind the relay."""


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """As a backup or a curious person's shell does it: nobody else can write."""
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


async def test_while_the_database_is_locked_events_are_refused_and_afterwards_all_goes_on(
    site: Site, tmp_path: Path
) -> None:
    ward = Ward(site, "ward-nine", milestones=6)
    await ward.opens()
    await ward.admits("NINE-0")
    (coi,) = ward.patients
    async with neighbourhood(site, tmp_path, 9) as city:
        await city.ready()
        await ward.reports(coi, ward.says[:2])
        with locked(site.settings.home / "clew.db"):
            reporting = asyncio.ensure_future(ward.reports(coi, ward.says[2:]))
            await until(lambda: ward.refusals, "a refusal", LONGER_THAN_WRITERS_WAIT)
            assert set(ward.refusals) == {503}
            assert ward.acknowledged[coi] == ward.says[:2] == await stored(ward)
        await reporting

        await ward.sees_all_off()
        assert await ward.on_record(coi) == ward.acknowledged[coi] == ward.says
        await all_treated(site, city, within=120)
        await nothing_was_lost_or_done_twice(site, city)


async def stored(ward: Ward) -> list[str]:
    return sorted(
        row.event["data"]["milestone"] for row in await inbox(ward.site.database) if row.source == ward.source
    )
