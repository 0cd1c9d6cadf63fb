"""What somebody with full access to the database could do to the record."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from ledger.chain import entry_hash, genesis
from ledger.database import Database
from ledger.record import HEAD
from ledger.tables import EntryRow
from ledger.tree import TILE, grow
from ledger.view import ENTRY


async def unlock(database: Database) -> None:
    """Take the triggers away, as only the owner of the database can."""
    statements = (
        [f"DROP TRIGGER {name}" for name in ("entry_no_update", "entry_no_delete", "entry_no_replace")]
        if database.is_sqlite
        else ["DROP TRIGGER entry_append_only ON entry"]
    )
    for statement in statements:
        await run(database, statement)


async def run(database: Database, statement: str, **values: Any) -> None:
    """One statement in a transaction of its own."""
    async with database.writing() as session:
        await session.execute(text(statement), values)


Rows = list[dict[str, Any]]


async def rewrite(database: Database, change: Callable[[Rows], None]) -> None:
    """The whole record written anew after a change: numbers, chains, hashes, head and tree all fit again."""
    await unlock(database)
    async with database.writing() as session:
        await session.run_sync(_rewrite, change)


def _rewrite(session: Session, change: Callable[[Rows], None]) -> None:
    connection = session.connection()
    rows = [dict(row) for row in connection.execute(select(ENTRY).order_by(ENTRY.c.position)).mappings()]
    change(rows)
    tails: dict[str, tuple[int, str]] = {}
    for position, row in enumerate(rows, start=1):
        seq, previous = tails.get(row["journey"]) or (0, genesis(row["journey"]))
        row.update(position=position, seq=seq + 1, previous_hash=previous)
        row["hash"] = entry_hash(EntryRow(**row))
        tails[row["journey"]] = (seq + 1, row["hash"])
    connection.execute(delete(ENTRY))
    connection.execute(ENTRY.insert(), rows)
    connection.execute(HEAD.update().values(position=len(rows)))
    connection.execute(delete(TILE))
    grow(connection, 0, len(rows))
