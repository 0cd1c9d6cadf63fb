"""What somebody with full access to the database could do to the record."""

from typing import Any

from sqlalchemy import text

from ledger.database import Database


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
