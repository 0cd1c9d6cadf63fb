"""A journey's entries as others' documents are made from them."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.view import ENTRY
from schemas.entries import Entry

LARGEST_SEQ = 2**31 - 1


async def read_entries(session: AsyncSession, coi: str, until: int = LARGEST_SEQ) -> list[Entry]:
    """All of a chain in their order, or those up to number `until`; none where nothing is on record."""
    query = select(ENTRY).where(ENTRY.c.journey == coi, ENTRY.c.seq <= min(until, LARGEST_SEQ)).order_by(ENTRY.c.seq)
    return [Entry.model_validate(dict(row)) for row in (await session.execute(query)).mappings()]
