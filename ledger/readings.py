"""Readings, beside the ledger: one row each, told once however often they are imported, all of a request or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import RowMapping, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger.conditions import Condition
from ledger.inbox import Incoming
from ledger.judging import judge
from ledger.shipments import Shipment, carriers_of, find_shipment, holdable, lock
from ledger.statements import table_of
from ledger.tables import ReadingRow
from schemas.errors import Conflict, Flaw, NotFound
from schemas.readings import Measurement

READING = table_of(ReadingRow)

MOST_FLAWS = 100
"""Rows that one answer points at."""

_ROWS_A_STATEMENT = 1_000

Moment = tuple[str, str, datetime]
"""Device, quantity and moment: at which there is one value, whatever it is of."""

Key = tuple[str, str, datetime, str]
"""The same, and the thing that it is of: the identity of a reading."""


@dataclass
class Taken:
    """What an import came to. `news`: the excursions that journeys are told of now; `journeys`: theirs."""

    new: int = 0
    repeated: int = 0
    conditions: list[Condition] = field(default_factory=list)
    news: list[Incoming] = field(default_factory=list)
    journeys: set[str] = field(default_factory=set)


async def take(session: AsyncSession, measurements: Sequence[Measurement], now: datetime) -> Taken:
    """Store what is new, judge the shipments that it is of, and tell their journeys.

    Raises `NotFound` (`unknown_shipment`, `unknown_material`) and `Conflict` (`reading_conflict`); then nothing is
    stored. Raises `IntegrityError` if another import stored one of the readings at the same moment: ask again.
    """
    shipments = await _shipments(session, measurements)
    materials = await _materials(session, measurements)
    measurements = [_ours(each, shipments, materials) for each in measurements]
    judged = await _to_judge(session, shipments, materials)
    await lock(session, judged)
    fresh = await _fresh(session, measurements)
    # In one order whoever imports them, so that two imports wait for each other and not in a circle.
    rows = [{**fresh[key].model_dump(), "thing": key[-1], "imported_at": now} for key in sorted(fresh)]
    for first in range(0, len(rows), _ROWS_A_STATEMENT):
        await session.execute(READING.insert(), rows[first : first + _ROWS_A_STATEMENT])
    taken = Taken(new=len(fresh), repeated=len(measurements) - len(fresh))
    for shipment in judged.values():
        condition, news = await judge(session, shipment, now)
        if news:
            taken.journeys.add(shipment.journey.coi)
        taken.conditions.append(condition)
        taken.news.extend(news)
    return taken


async def readings_of(
    session: AsyncSession, reference: str, *, quantity: str | None, after: Sequence[Any] | None, limit: int
) -> Sequence[ReadingRow]:
    """A shipment's readings in order of time."""
    order = (col(ReadingRow.quantity), col(ReadingRow.at), col(ReadingRow.device))
    query = select(ReadingRow).where(col(ReadingRow.shipment) == reference)
    if quantity is not None:
        query = query.where(order[0] == quantity)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    return (await session.execute(query.order_by(*order).limit(limit))).scalars().all()


async def summary_of(session: AsyncSession, reference: str) -> Sequence[RowMapping]:
    """Of each quantity of a shipment: how many readings, from when to when, least, greatest and mean."""
    value, at = col(ReadingRow.value), col(ReadingRow.at)
    query = (
        select(
            col(ReadingRow.quantity).label("quantity"),
            col(ReadingRow.unit).label("unit"),
            func.count().label("count"),
            func.min(at).label("first_at"),
            func.max(at).label("last_at"),
            func.min(value).label("least"),
            func.max(value).label("greatest"),
            func.avg(value).label("mean"),
        )
        .where(col(ReadingRow.shipment) == reference)
        .group_by(col(ReadingRow.quantity), col(ReadingRow.unit))
        .order_by(col(ReadingRow.quantity), col(ReadingRow.unit))
    )
    return (await session.execute(query)).mappings().all()


async def _shipments(session: AsyncSession, measurements: Sequence[Measurement]) -> dict[str, Shipment]:
    """By the name that each was sent under."""
    found: dict[str, Shipment] = {}
    for said in sorted({each.shipment for each in measurements if each.shipment is not None}):
        try:
            found[said] = await find_shipment(session, said)
        except NotFound as unknown:
            flaws = _flaws(measurements, {"shipment": {said}}, "unknown_shipment")
            raise NotFound(unknown.code, unknown.detail, flaws) from None
    return found


async def _materials(session: AsyncSession, measurements: Sequence[Measurement]) -> dict[str, str]:
    """By the name that each was sent under, the one that its journey knows it under."""
    wanted = sorted({each.material for each in measurements if each.material is not None})
    known: dict[str, str] = {}
    for first in range(0, len(wanted), _ROWS_A_STATEMENT):
        known |= await holdable(session, wanted[first : first + _ROWS_A_STATEMENT])
    if unknown := set(wanted) - known.keys():
        flaws = _flaws(measurements, {"material": unknown}, "unknown_material")
        raise NotFound("unknown_material", "No container or dose is known under that id.", flaws)
    return known


async def _to_judge(
    session: AsyncSession, shipments: Mapping[str, Shipment], materials: Mapping[str, str]
) -> dict[str, Shipment]:
    """The shipments that are measured, or carry what is, by their own references."""
    names = sorted(set(materials.values()))
    found = {each.reference: each for each in shipments.values()}
    for first in range(0, len(names), _ROWS_A_STATEMENT):
        for reference in await carriers_of(session, names[first : first + _ROWS_A_STATEMENT]):
            found[reference] = found.get(reference) or await find_shipment(session, reference)
    return dict(sorted(found.items()))


def _ours(each: Measurement, shipments: Mapping[str, Shipment], materials: Mapping[str, str]) -> Measurement:
    if each.shipment is not None:
        return each.model_copy(update={"shipment": shipments[each.shipment].reference})
    return each.model_copy(update={"material": materials[each.material or ""]})


async def _fresh(session: AsyncSession, measurements: Sequence[Measurement]) -> dict[Key, Measurement]:
    """What is not on record yet. Raises `Conflict` where another value is on record, or is said before."""
    known = await _on_record(session, measurements)
    there = {_key(each) for each in known}
    values = {_moment(each): (each.value, each.unit) for each in known}
    fresh: dict[Key, Measurement] = {}
    flaws: list[Flaw] = []
    for place, each in enumerate(measurements):
        said = each.value, each.unit
        if values.setdefault(_moment(each), said) != said:
            flaws.append(Flaw(pointer=f"/{place}", code="reading_conflict", detail="on record with another value"))
        elif _key(each) not in there:
            fresh[_key(each)] = each
    if flaws:
        detail = f"{len(flaws)} readings are on record with another value; none was taken."
        raise Conflict("reading_conflict", detail, flaws[:MOST_FLAWS])
    return fresh


async def _on_record(session: AsyncSession, measurements: Sequence[Measurement]) -> list[Measurement]:
    """By the moments of each device and quantity, so many at a time."""
    found: list[Measurement] = []
    for (device, quantity), some in groupby(sorted(measurements, key=_moment), key=lambda each: _moment(each)[:2]):
        moments = [each.at for each in some]
        of_device = select(ReadingRow).where(col(ReadingRow.device) == device, col(ReadingRow.quantity) == quantity)
        for first in range(0, len(moments), _ROWS_A_STATEMENT):
            query = of_device.where(col(ReadingRow.at).in_(moments[first : first + _ROWS_A_STATEMENT]))
            found += [Measurement.model_validate(row.model_dump()) for row in (await session.execute(query)).scalars()]
    return found


def _moment(measurement: Measurement) -> Moment:
    return measurement.device, measurement.quantity, measurement.at


def _key(measurement: Measurement) -> Key:
    of = f"shipment {measurement.shipment}" if measurement.shipment else f"material {measurement.material}"
    return *_moment(measurement), of


def _flaws(measurements: Sequence[Measurement], unknown: Mapping[str, set[str]], code: str) -> list[Flaw]:
    ((name, values),) = unknown.items()
    places = [place for place, each in enumerate(measurements) if getattr(each, name) in values]
    return [Flaw(pointer=f"/{place}/{name}", code=code, detail="not known") for place in places[:MOST_FLAWS]]
