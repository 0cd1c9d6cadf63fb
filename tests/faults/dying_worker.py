"""A worker that dies between the commit of an append and its answer: `python -m tests.faults.dying_worker 3`.

It commits so many batches and answers for all but the last, so Temporal never hears what that one put on record.
"""

import asyncio
import os
import sys

from temporalio import activity

from activities.ledger import LedgerActivities
from activities.temporal import connect
from ledger.database import Database
from schemas.facts import Appended, Batch
from schemas.settings import Settings
from telemetry import traces
from worker.queues import journey_worker, partner_worker
from worker.run import delivering


class DyingLedger(LedgerActivities):
    """Ends the process after so many appends."""

    def __init__(self, database: Database, appends: int) -> None:
        super().__init__(database)
        self._left = appends

    @activity.defn(name="append_facts")
    async def append_facts(self, batch: Batch) -> Appended:
        appended = await super().append_facts(batch)
        self._left -= 1
        if self._left == 0:
            os._exit(9)
        return appended


async def work(appends: int) -> None:
    settings = Settings()
    traces.configure(settings, "worker")
    client, database = await connect(settings), Database(settings.database)
    async with delivering(client, database, settings) as calls:
        ledger = DyingLedger(database, appends)
        async with journey_worker(client, settings, ledger), partner_worker(client, calls):
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(int(sys.argv[1])))
