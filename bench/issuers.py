"""Ids issued by a process, each written to a file as it is issued, until it is killed: `python -m bench.issuers`.

Beside it the bare loop: random characters, or a counter taken in blocks over a bare connection, written the same way.
"""

import asyncio
import os
import secrets
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path

from ledger.database import Database
from ledger.issuing import BLOCK, issuer_of
from schemas.settings import Settings

FACILITY = "A9999"

_TAKE = "UPDATE taken_bare SET upto = upto + ? RETURNING upto"
_PREPARE = (
    "PRAGMA synchronous=FULL",
    "CREATE TABLE IF NOT EXISTS taken_bare (one INTEGER PRIMARY KEY, upto INTEGER)",
    "INSERT INTO taken_bare VALUES (1, 0) ON CONFLICT DO NOTHING",
)


async def issued(issuer: str, url: str) -> AsyncIterator[str]:
    """Ids without end, as the API issues them."""
    database = Database(url)
    ours = issuer_of(Settings.model_validate({"coi_issuer": issuer, "isbt_facility": FACILITY}), database)
    while True:
        yield await ours.issue()


def bare_random(_url: str) -> Iterator[str]:
    while True:
        yield secrets.token_hex(10)


def bare_counter(url: str) -> Iterator[str]:
    with closing(sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///"), isolation_level=None, timeout=60)) as taken:
        for statement in _PREPARE:
            taken.execute(statement)
        while True:
            (upto,) = taken.execute(_TAKE, (BLOCK,)).fetchone()
            yield from (f"{FACILITY}{serial:08}" for serial in range(upto - BLOCK, upto))


BARE: dict[str, Callable[[str], Iterator[str]]] = {"opaque": bare_random, "isbt128-040": bare_counter}
"""The floor of each issuer."""


async def _issue(issuer: str, url: str, count: int, file: int) -> None:
    ids = issued(issuer, url)
    for _ in range(count):
        os.write(file, f"{await anext(ids)}\n".encode())


def main(kind: str, issuer: str, url: str, count: int, path: Path) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    if kind == "ours":
        asyncio.run(_issue(issuer, url, count, file))
        return
    for _, each in zip(range(count), BARE[issuer](url), strict=False):
        os.write(file, f"{each}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), Path(sys.argv[5]))
