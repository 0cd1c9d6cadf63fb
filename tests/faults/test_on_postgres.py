"""The whole on PostgreSQL: journeys that go otherwise, while the database drops its connections."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from partners.simulator.config import Rates
from tests.databases import Postgres
from tests.faults.afterwards import commands_of, nothing_was_lost_or_done_twice
from tests.faults.neighbourhood import all_treated, journeys_of, neighbourhood
from tests.faults.site import running_site
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)


async def test_two_journeys_with_failures_on_the_way_come_to_their_end_on_postgres(
    postgres: Postgres, tmp_path: Path
) -> None:
    with postgres.database(migrated=False) as url:
        async with running_site(tmp_path / "home", url) as site:
            rates = Rates(collection_fails=0.5, batch_rejected=0.6, shipment_delayed=0.5)
            whole = "autologous-car-t"
            async with neighbourhood(site, tmp_path, 10, journeys=2, protocol=whole, rates=rates) as city:

                async def under_way() -> bool:
                    rows = (await journeys_of(site, city)).values()
                    return len(rows) == 2 and all(row.last_seq > 10 for row in rows)

                for _ in range(3):
                    await until(under_way, "two journeys under way", 60)
                    assert await dropped_connections(url) > 0
                    await asyncio.sleep(0.5)
                await all_treated(site, city, within=150)
                await nothing_was_lost_or_done_twice(site, city)

                again = [each for each in commands_of(city) if each["visit"] > 1]
                assert again, "with this seed nothing went otherwise"


async def dropped_connections(url: str) -> int:
    """How many connections of others to the database were ended by its server."""
    engine = create_async_engine(url)
    others = "datname = :name AND pid <> pg_backend_pid()"
    ended = text(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {others}")
    try:
        async with engine.connect() as connection:
            return int((await connection.execute(ended, {"name": make_url(url).database})).scalar_one())
    finally:
        await engine.dispose()
