"""Entries as they are stored: for those who read many, and need not decode what only passes through them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, Text, bindparam, cast, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.view import ENTRY
from schemas.base import iso

# SQLite has moments and documents as text, PostgreSQL only the documents.
STORED = (
    *(ENTRY.c[name] for name in ("position", "journey", "seq", "type")),
    type_coerce(ENTRY.c.occurred_at, String),
    type_coerce(ENTRY.c.recorded_at, String),
    *(ENTRY.c[name] for name in ("actor", "source", "event_id")),
    cast(ENTRY.c.data, Text),
    ENTRY.c.previous_hash,
    ENTRY.c.hash,
)
"""The columns of an entry in the order in which it is hashed, then its hash; `data` as JSON text."""

_BETWEEN = (
    select(*STORED)
    .where(ENTRY.c.position > bindparam("after"), ENTRY.c.position <= bindparam("newest"))
    .order_by(ENTRY.c.position)
    .limit(bindparam("most"))
)
_SQLITE = (
    "SELECT position, journey, seq, type, occurred_at, recorded_at, actor, source, event_id, data, previous_hash, hash"
    " FROM entry WHERE position > ? AND position <= ? ORDER BY position LIMIT ?"
)


def moment(stored: object) -> str:
    """A moment as `schemas.base.iso` spells it, from what either database gives. Raises `ValueError` for a text of
    another spelling than ours: it would mean the same, and stand elsewhere where texts are put in order."""
    if type(stored) is str:
        if stored[10:11] != " ":
            raise ValueError("not a moment as it is stored")
        return stored.replace(" ", "T", 1) + "Z"
    return iso(stored) if isinstance(stored, datetime) else f"{stored}Z"


async def stored_rows(session: AsyncSession, after: int, newest: int, limit: int) -> Sequence[Sequence[Any]]:
    """Entries in bulk, each with the columns of `STORED`, in the order of positions."""
    connection = await session.connection()
    if connection.dialect.name != "sqlite":
        return (await connection.execute(_BETWEEN, {"after": after, "newest": newest, "most": limit})).all()
    # The driver's own rows: to wrap a million of them costs as much as to check them.
    driver: Any = (await connection.get_raw_connection()).driver_connection
    cursor = driver.cursor()
    await cursor.execute(_SQLITE, (after, newest, limit))
    rows: Sequence[Sequence[Any]] = await cursor.fetchall()
    return rows
