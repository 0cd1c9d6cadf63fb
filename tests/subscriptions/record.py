"""Records the history for the replay test: `python -m tests.subscriptions.record`. An old one is never recorded again.

It stands for the subscriptions that are served while we change the code, as `tests.workflows.record` says of journeys.
"""

import asyncio
from pathlib import Path

from schemas.subscriptions import Standing
from tests.subscriptions.deaf import Deaf, begun, working
from tests.waiting import until
from tests.workflows.conftest import real_server

HISTORIES = Path(__file__).parent / "histories"


async def record() -> None:
    """Something is taken, then nothing; it is disabled, enabled, and removed in the end."""
    path = HISTORIES / "subscription.v1.json"
    if path.exists():
        return
    HISTORIES.mkdir(exist_ok=True)
    async with real_server() as server:
        deaf = Deaf(hears=3)
        async with working(server.client, deaf):
            handle = await begun(server.client)
            await until(lambda: len(deaf.tried) == 3, "three attempts")
            deaf.gone = True
            await until(lambda: deaf.given_up, "it is given up")
            deaf.gone = False
            await deaf.owner_says(handle, Standing.ACTIVE)
            await until(lambda: len(deaf.tried) == 6, "it is tried again")
            await deaf.owner_says(handle, Standing.REMOVED)
            await handle.result()
        path.write_text((await handle.fetch_history()).to_json())
        print(f"recorded {path.name}")


if __name__ == "__main__":
    asyncio.run(record())
