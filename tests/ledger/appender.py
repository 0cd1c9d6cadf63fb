"""A process of its own that keeps appending: `python -m tests.ledger.appender URL BATCHES COI...`.

One task a journey. It says when it is ready and starts when standard input closes, so that several start together.
"""

import asyncio
import sys

from ledger.database import Database
from tests.ledger.scribe import Scribe, put


async def journey(database: Database, coi: str, batches: int) -> None:
    scribe = Scribe(coi)
    await put(database, scribe.batch(scribe.started()))
    for _ in range(batches):
        await put(database, scribe.batch(scribe.began("enrolment"), scribe.completed("enrolment")))


async def main(url: str, batches: int, cois: list[str]) -> None:
    database = Database(url)
    await asyncio.gather(*(journey(database, coi, batches) for coi in cois))
    await database.close()


if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.read()
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
