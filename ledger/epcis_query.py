"""Questions to the index of EPCIS events, answered by page."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.epcis import EVENT, NAME
from standards.epcis.asked import THINGS, Asked

Place = Sequence[Any]
"""Where a page ended: the values that it is ordered by."""

VOCABULARIES = {
    "bizSteps": EVENT.c.biz_step,
    "bizLocations": EVENT.c.biz_location,
    "readPoints": EVENT.c.read_point,
    "dispositions": EVENT.c.disposition,
    "eventTypes": EVENT.c.type,
}
"""The standard's resources whose members are values of one column; `epcs` is the one more."""


async def events(session: AsyncSession, asked: Asked, after: Place | None, limit: int) -> list[tuple[Place, Any]]:
    """At most `limit` events after a place, each with its own place."""
    order = [EVENT.c.event_time] if asked.order == "event_time" else []
    order += [EVENT.c.position, EVENT.c.number]
    query = select(EVENT.c.event, *order).where(*_wanted(asked))
    if after is not None:
        place = tuple_(*order)
        query = query.where(place < tuple(after) if asked.descending else place > tuple(after))
    directed = [each.desc() if asked.descending else each.asc() for each in order]
    found = (await session.execute(query.order_by(*directed).limit(limit))).all()
    return [(tuple(row[1:]), row[0]) for row in found]


async def event(session: AsyncSession, event_id: str) -> Any | None:
    """One event; where it was declared wrong, with that declaration."""
    query = select(EVENT.c.event).where(EVENT.c.event_id == event_id).order_by(EVENT.c.position.desc()).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def members(session: AsyncSession, resource: str, after: str | None, limit: int) -> list[str]:
    """The values of a resource in the order of their spelling, after one of them."""
    column = NAME.c.value if resource == "epcs" else VOCABULARIES[resource]
    query = select(column).distinct().where(column.is_not(None))
    if resource == "epcs":
        query = query.where(NAME.c.kind.in_(THINGS))
    if after is not None:
        query = query.where(column > after)
    return list((await session.execute(query.order_by(column).limit(limit))).scalars())


def _wanted(asked: Asked) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [EVENT.c[column].in_(values) for column, values in asked.columns]
    for column, is_before, moment in asked.times:
        wanted.append(EVENT.c[column] < moment if is_before else EVENT.c[column] >= moment)
    for kinds, values in asked.names:
        wanted.append(_names(NAME.c.kind.in_(kinds), NAME.c.value.in_(values)))
    if asked.errors:
        wanted.append(_names(NAME.c.kind == "error"))
    return wanted


def _names(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return tuple_(EVENT.c.position, EVENT.c.number).in_(select(NAME.c.position, NAME.c.number).where(*conditions))
