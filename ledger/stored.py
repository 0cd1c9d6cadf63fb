"""Entries as they are stored: for those who read many, and need not decode what only passes through them."""

from datetime import datetime

from sqlalchemy import String, Text, cast, type_coerce

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


def moment(stored: object) -> str:
    """A moment as `schemas.base.iso` spells it, from what either database gives."""
    return iso(stored) if isinstance(stored, datetime) else str(stored).replace(" ", "T", 1) + "Z"
