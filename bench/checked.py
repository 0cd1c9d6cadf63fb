"""A ledger on SQLite, checked in a process of its own: `python -m bench.checked verify|bare FILE`.

Prints JSON: `seconds`, and `peak`, the most memory that the process ever had, in MiB.
"""

import asyncio
import json
import resource
import sqlite3
import sys
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from ledger.database import Database
from ledger.verify import CHUNK, verify

_PAGE = "SELECT * FROM entry WHERE position > ? ORDER BY position LIMIT ?"
_KIB = 1024


async def checked(file: Path) -> None:
    """What `clew verify` does."""
    database = Database(f"sqlite+aiosqlite:///{file}")
    found = await verify(database)
    await database.close()
    if not found.ok:
        raise RuntimeError("the ledger does not verify")


def bare(file: Path) -> None:
    """The floor: read the same rows, and hash each with the hash before it."""
    position, previous = 0, ""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        while rows := connection.execute(_PAGE, (position, CHUNK)).fetchall():
            for row in rows:
                previous = sha256(f"{row}{previous}".encode()).hexdigest()
            position = rows[-1][0]


def main(which: str, file: Path) -> None:
    """Do it once, and say what it cost."""
    began = time.perf_counter()
    if which == "verify":
        asyncio.run(checked(file))
    else:
        bare(file)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB
    print(json.dumps({"seconds": seconds, "peak": peak}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
