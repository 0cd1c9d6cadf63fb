"""A journey's entries as others' documents are made from them."""

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.view import ENTRY
from schemas.entries import Entry

LARGEST_SEQ = 2**31 - 1


async def read_entries(session: AsyncSession, coi: str, until: int = LARGEST_SEQ) -> list[Entry]:
    """All of a chain in their order, or those up to number `until`; none where nothing is on record."""
    query = select(ENTRY).where(ENTRY.c.journey == coi, ENTRY.c.seq <= min(until, LARGEST_SEQ)).order_by(ENTRY.c.seq)
    return [entry_of(row) for row in (await session.execute(query)).mappings()]


def entry_of(row: RowMapping) -> Entry:
    """An entry from its row."""
    # From our own table, by our own columns: to check each again would cost more than to tell it.
    return Entry.model_construct(**row)
