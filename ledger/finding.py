"""Which journeys a search has to look into: by what is named in it, or one after the other."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger.tables import IdentifierRow, JourneyRow, TaskRow

Place = tuple[datetime, str]
"""When a journey was ordered, and its chain-of-identity id."""


async def journeys_known_as(session: AsyncSession, values: Collection[str]) -> set[str]:
    """The journeys that these identifiers lead to."""
    query = select(col(IdentifierRow.journey)).where(col(IdentifierRow.value).in_(values))
    return set((await session.execute(query)).scalars())


async def journeys_in_turn(
    session: AsyncSession,
    *,
    limit: int,
    start_at: Place | None = None,
    among: Collection[str] | None = None,
    statuses: Collection[str] | None = None,
    with_tasks: Collection[str] | None = None,
) -> Sequence[JourneyRow]:
    """At most `limit` journeys, the newest first, from a place on.

    `among`: of these only. `statuses`: in one of these. `with_tasks`: with a task in one of these statuses.
    """
    query = select(JourneyRow)
    if start_at is not None:
        query = query.where(tuple_(col(JourneyRow.ordered_at), col(JourneyRow.coi)) <= start_at)
    if among is not None:
        query = query.where(col(JourneyRow.coi).in_(among))
    if statuses is not None:
        query = query.where(col(JourneyRow.status).in_(statuses))
    if with_tasks is not None:
        tasked = select(col(TaskRow.journey)).where(col(TaskRow.status).in_(with_tasks))
        query = query.where(col(JourneyRow.coi).in_(tasked))
    query = query.order_by(col(JourneyRow.ordered_at).desc(), col(JourneyRow.coi).desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def journey_by_order(session: AsyncSession, number: str) -> JourneyRow | None:
    """The journey of an order number, if there is one."""
    found = await session.execute(select(JourneyRow).where(col(JourneyRow.order_number) == number))
    return found.scalar_one_or_none()
