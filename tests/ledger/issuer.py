"""A process of its own that issues ids and says each: `python -m tests.ledger.issuer URL FACILITY COUNT`."""

import asyncio
import sys

from ledger.database import Database
from ledger.issuing import Isbt128


async def main(url: str, facility: str, count: int) -> None:
    database = Database(url)
    issuer = Isbt128(database, facility, block=10)
    for _ in range(count):
        print(await issuer.issue(), flush=True)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
