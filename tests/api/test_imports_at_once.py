"""Two imports at once are judged as one after the other, and never wait for each other in a circle."""

import asyncio
from typing import Any

from sqlalchemy import text

from ledger import readings
from ledger.readings import Taken
from schemas.readings import Measurement
from tests.api.clinic import NOON, Clinic
from tests.api.lanes import at, lane, row, rows
from tests.waiting import until

_WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


def measured(some: list[dict[str, Any]]) -> list[Measurement]:
    return [Measurement.model_validate(each) for each in some]


async def test_two_pieces_of_one_excursion_that_come_at_once_are_one(ward: Clinic) -> None:
    ana = await lane(ward)

    async def second() -> Taken:
        async with ward.database.writing() as session:
            return await readings.take(session, measured(rows(9, 5, first=3)), NOON)

    async def is_waiting_or_through() -> bool:
        if ward.database.is_sqlite:
            return True
        async with ward.database.reading() as session:
            return task.done() or bool((await session.execute(_WAITS)).scalar_one())

    async with ward.database.writing() as session:
        first = await readings.take(session, measured(rows(5, 9, 9)), NOON)
        task = asyncio.create_task(second())
        await until(is_waiting_or_through, "the second import")
    assert ([len(each.news) for each in (first, await task)], len(await ana.events())) == ([1, 0], 1)


async def test_readings_are_stored_in_one_order_whoever_sends_them(desk: Clinic) -> None:
    """Then two imports of one file, one of them backwards, wait for each other and not in a circle."""
    ana = await lane(desk)
    await ana.taken([row(number, 5) for number in (2, 0, 3, 1)])
    async with desk.database.reading() as session:
        stored = (await session.execute(text("SELECT at FROM reading ORDER BY rowid"))).scalars().all()
    assert [each[:16] for each in stored] == [at(number).isoformat(" ")[:16] for number in range(4)]
