"""The condition of a shipment: its readings while the courier had it, judged by its lane's limits.

An excursion comes into the journey as one event, through the inbox, in the transaction that stores the readings. The
event's id is made from what it says, so importing again, or in pieces, has one effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger.excursions import LONGER_BY, LONGEST_GAP, Excursion, Gap, Point, excursions, gaps, is_news
from ledger.inbox import Incoming
from ledger.registry import find_journey, find_protocol
from ledger.tables import CustodyRow, EntryRow, IdentifierRow, InboxRow, JourneyRow, ReadingRow
from schemas.canonical import content_hash
from schemas.errors import NotFound
from schemas.events import PartnerEvent, write_event
from schemas.identity import IdentifierKind
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


async def journey_of_shipment(session: AsyncSession, reference: str, *, lock: bool = False) -> JourneyRow:
    """`lock`: no other import judges it meanwhile. Raises `NotFound` (`unknown_shipment`)."""
    line = await session.get(IdentifierRow, reference, with_for_update=lock) if reference.isprintable() else None
    if line is None or line.kind != IdentifierKind.SHIPMENT.value:
        raise NotFound("unknown_shipment", "No shipment is known under that reference yet; send it again later.")
    return await find_journey(session, line.journey)


async def condition_of(session: AsyncSession, journey: JourneyRow, reference: str) -> Condition:
    """The shipment's excursions and gaps, by all readings there are of the courier's time with it."""
    limits = await limits_of(session, journey, reference)
    by_device = await _temperatures(session, journey.coi, reference)
    longest = LONGEST_GAP / journey.time_lapse
    found = Condition(reference, limits)
    for device, points in by_device.items():
        found.gaps.extend(gaps(device, points, longest))
        if limits is not None:
            found.excursions.extend(excursions(device, points, limits))
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


async def _temperatures(session: AsyncSession, coi: str, reference: str) -> dict[str, list[Point]]:
    """By device, in order of time. Before the pick-up and after the receipt a logger may lie anywhere."""
    query = select(col(ReadingRow.device), col(ReadingRow.at), col(ReadingRow.value)).where(
        col(ReadingRow.shipment) == reference, col(ReadingRow.quantity) == TEMPERATURE
    )
    begins, ends = await _courier_had_it(session, coi, reference)
    if begins is not None:
        query = query.where(col(ReadingRow.at) >= begins)
    if ends is not None:
        query = query.where(col(ReadingRow.at) <= ends)
    rows = (await session.execute(query.order_by(col(ReadingRow.device), col(ReadingRow.at)))).all()
    return {device: [Point(at, value) for _, at, value in some] for device, some in groupby(rows, lambda row: row[0])}


async def _courier_had_it(session: AsyncSession, coi: str, reference: str) -> tuple[datetime | None, datetime | None]:
    query = select(col(CustodyRow.since), col(CustodyRow.until)).where(
        col(CustodyRow.journey) == coi, col(CustodyRow.shipment) == reference
    )
    times = (await session.execute(query)).all()
    ends = [until for _, until in times if until is not None]
    begins = min((since for since, _ in times), default=None)
    return begins, max(ends) if times and len(ends) == len(times) else None


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
    until, at = col(CustodyRow.until), col(ReadingRow.at)
    meanwhile = and_(at >= col(CustodyRow.since), or_(until.is_(None), at < until))
    of_it = getattr(ReadingRow, what) == getattr(CustodyRow, what)
    extremes = func.min(col(ReadingRow.value)), func.max(col(ReadingRow.value))
    return (
        select(col(CustodyRow.material), col(CustodyRow.number), *extremes)
        .join(ReadingRow, and_(of_it, col(ReadingRow.quantity) == TEMPERATURE, meanwhile))
        .where(col(CustodyRow.journey) == coi)
        .group_by(col(CustodyRow.material), col(CustodyRow.number))
    )
