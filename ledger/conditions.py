"""The condition of a shipment: its readings while the courier had it, judged by its lane's limits.

An excursion comes into the journey as one event, through the inbox, in the transaction that stores the readings. The
event's id is made from what it says, so importing again, or in pieces, has one effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger.excursions import LONGER_BY, LONGEST_GAP, Excursion, Gap, Point, excursions, gaps, is_news
from ledger.inbox import Incoming
from ledger.registry import find_protocol
from ledger.shipments import Carriage, Shipment, carriage_of
from ledger.tables import CustodyRow, EntryRow, InboxRow, JourneyRow, ReadingRow
from schemas.canonical import content_hash
from schemas.errors import NotFound
from schemas.events import PartnerEvent, write_event
from schemas.protocols import Protocol
from schemas.readings import TEMPERATURE
from schemas.stages import ShipmentStage, Temperature

SOURCE = "//clew/readings"
"""Whose word an excursion is that was found among readings."""


@dataclass(frozen=True)
class Condition:
    """What is known of a shipment. Without `limits` nothing is judged: its stage has none."""

    shipment: str
    limits: Temperature | None = None
    excursions: list[Excursion] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


async def condition_of(session: AsyncSession, shipment: Shipment) -> Condition:
    """The shipment's excursions and gaps, by all readings there are of the courier's time with it.

    While no pick-up is on record there is no such time, and nothing to tell.
    """
    limits = await limits_of(session, shipment.journey, shipment.reference)
    found = Condition(shipment.reference, limits)
    carriage = await carriage_of(session, shipment)
    if carriage is None:
        return found
    longest = LONGEST_GAP / shipment.journey.time_lapse
    by_device = await _temperatures(session, shipment, carriage)
    for device, points in by_device.items():
        found.gaps.extend(gaps(device, points, longest, carriage.begins, carriage.ends))
        if limits is not None:
            found.excursions.extend(excursions(device, points, limits))
    if not by_device and limits is not None and carriage.ends is not None:
        found.gaps.extend(gaps(None, [], longest, carriage.begins, carriage.ends))
    return found


async def news_of(session: AsyncSession, journey: JourneyRow, condition: Condition) -> list[Incoming]:
    """The events for the excursions that the journey has not been told of, or not as bad as they are."""
    if condition.limits is None:
        return []
    told = await _told(session, condition.shipment)
    longer_by: timedelta = LONGER_BY / journey.time_lapse
    news = [each for each in condition.excursions if is_news(each, told, condition.limits, longer_by)]
    return [_event(condition, condition.limits, each) for each in news]


async def limits_of(session: AsyncSession, journey: JourneyRow, reference: str) -> Temperature | None:
    """The limits of the stage that booked the shipment."""
    query = select(col(EntryRow.data)).where(col(EntryRow.journey) == journey.coi, col(EntryRow.type) == "partner.told")
    booked = [each for each in (await session.execute(query)).scalars() if each.get("reference") == reference]
    try:
        document = (await find_protocol(session, journey.protocol, journey.version)).document
    except NotFound:
        return None
    stage = Protocol.model_validate(document).by_id.get(booked[-1].get("stage", "")) if booked else None
    return stage.temperature if isinstance(stage, ShipmentStage) else None


async def _temperatures(session: AsyncSession, shipment: Shipment, carriage: Carriage) -> dict[str, list[Point]]:
    """By device, in order of time: of the shipment, and of what is in it. Before the pick-up and after the receipt a
    logger may lie anywhere."""
    at = col(ReadingRow.at)
    what = select(col(ReadingRow.device), at, col(ReadingRow.value)).where(col(ReadingRow.quantity) == TEMPERATURE)
    of_it = what.where(col(ReadingRow.shipment) == shipment.reference, at >= carriage.begins)
    if carriage.ends is not None:
        of_it = of_it.where(at <= carriage.ends)
    cargo = and_(col(CustodyRow.journey) == shipment.journey.coi, col(CustodyRow.shipment) == shipment.reference)
    of_cargo = what.join(CustodyRow, _meanwhile("material")).where(cargo)
    found = [row for each in (of_it, of_cargo) for row in (await session.execute(each)).all()]
    rows = sorted({(row[0], row[1], row[2]) for row in found})
    return {device: [Point(at, value) for _, at, value in some] for device, some in groupby(rows, lambda row: row[0])}


async def _told(session: AsyncSession, reference: str) -> list[Excursion]:
    query = select(InboxRow).where(
        col(InboxRow.source) == SOURCE,
        col(InboxRow.subject) == reference,
    )
    events = [PartnerEvent.model_validate(each.event) for each in (await session.execute(query)).scalars()]
    return [_excursion(each.data, each.occurred_at) for each in events]


def _excursion(data: dict[str, Any], last_at: datetime) -> Excursion:
    ended_at = data.get("ended_at")
    started_at = datetime.fromisoformat(data["started_at"])
    ended = datetime.fromisoformat(ended_at) if ended_at else None
    return Excursion(data["device"], started_at, ended, last_at, data["worst"])


def _event(condition: Condition, limits: Temperature, found: Excursion) -> Incoming:
    said = {
        "reference": condition.shipment,
        "limit_min": limits.min,
        "limit_max": limits.max,
        "started_at": found.started_at.isoformat(),
        "ended_at": found.ended_at.isoformat() if found.ended_at else None,
        "worst": found.worst,
        "device": found.device,
    }
    event = PartnerEvent(
        source=SOURCE,
        id=f"excursion-{content_hash([said, found.last_at.isoformat()])[:32]}",
        type="shipment.excursion",
        subject=condition.shipment,
        occurred_at=found.last_at,
        data={name: value for name, value in said.items() if value is not None},
    )
    event = event.model_copy(update={"data": event.said().model_dump(mode="json", exclude_none=True)})
    return Incoming(event, write_event(event))


async def conditions_of(session: AsyncSession, custody: Sequence[CustodyRow]) -> dict[tuple[str, int], list[float]]:
    """The coldest and the warmest reading of each custodian's time, by container and number, where there are any."""
    found: dict[tuple[str, int], list[float]] = {}
    if not custody:
        return found
    for query in (_while_held(custody[0].journey, "shipment"), _while_held(custody[0].journey, "material")):
        for material, number, coldest, warmest in await session.execute(query):
            seen = [*found.get((material, number), []), coldest, warmest]
            found[material, number] = [min(seen), max(seen)]
    return found


def _while_held(coi: str, what: str) -> Any:
    extremes = func.min(col(ReadingRow.value)), func.max(col(ReadingRow.value))
    return (
        select(col(CustodyRow.material), col(CustodyRow.number), *extremes)
        .join(ReadingRow, and_(_meanwhile(what), col(ReadingRow.quantity) == TEMPERATURE))
        .where(col(CustodyRow.journey) == coi)
        .group_by(col(CustodyRow.material), col(CustodyRow.number))
    )


def _meanwhile(what: str) -> ColumnElement[bool]:
    """A reading is of a custodian's time with the thing: a moment belongs to whoever has it from then on."""
    until, at = col(CustodyRow.until), col(ReadingRow.at)
    of_it = getattr(ReadingRow, what) == getattr(CustodyRow, what)
    return and_(of_it, at >= col(CustodyRow.since), or_(until.is_(None), at < until))
