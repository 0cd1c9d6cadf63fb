"""A worker that serves subscriptions in a process of its own: `python -m tests.subscriptions.worker_process`."""

import asyncio

from activities.temporal import connect
from ledger.database import Database
from schemas.settings import Settings
from telemetry import traces
from tests.subscriptions.house import serving


async def work() -> None:
    settings = Settings()
    traces.configure(settings, "worker")
    async with serving(await connect(settings), Database(settings.database), settings):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work())
