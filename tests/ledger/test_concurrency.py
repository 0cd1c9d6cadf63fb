"""Many append at once, from several processes: no gap, no fork, nothing lost."""

import asyncio
from itertools import pairwise

from ledger.database import Database
from ledger.verify import verify
from schemas.identity import new_coi
from tests.ledger.processes import run_together
from tests.ledger.scribe import Scribe, put
from tests.ledger.test_append import entries

PROCESSES, JOURNEYS, BATCHES = 3, 3, 12


async def append_together(url: str, cois_of: list[list[str]]) -> None:
    await run_together([["-m", "tests.ledger.appender", url, str(BATCHES), *cois] for cois in cois_of])


async def test_processes_and_tasks_that_append_at_once_leave_no_gap_and_no_fork(database: Database) -> None:
    cois_of = [[new_coi() for _ in range(JOURNEYS)] for _ in range(PROCESSES)]
    await append_together(database.url, cois_of)
    found = await verify(database, projections=True)
    assert found.first_bad is None
    assert found.journeys == PROCESSES * JOURNEYS
    assert found.entries == PROCESSES * JOURNEYS * (1 + 2 * BATCHES)
    turns = [row.journey for row in await entries(database)]
    assert sum(now != before for before, now in pairwise(turns)) > PROCESSES * JOURNEYS


async def test_processes_that_say_the_same_have_one_effect(database: Database) -> None:
    """An attempt that was given up for lost may still be at work beside its successor."""
    coi = new_coi()
    await append_together(database.url, [[coi]] * 2)
    found = await verify(database, projections=True)
    assert (found.first_bad, found.journeys, found.entries) == (None, 1, 1 + 2 * BATCHES)


async def test_tasks_that_append_the_same_batch_at_once_have_one_effect(database: Database) -> None:
    ana = Scribe()
    batch = ana.batch(ana.started(), ana.began("enrolment"))
    answers = await asyncio.gather(*(put(database, batch) for _ in range(6)))
    assert {answer.last_seq for answer in answers} == {2}
    assert (await verify(database)).entries == 2
