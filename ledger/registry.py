"""What is registered before anything happens: protocols, partners, and the orders that journeys start from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger.connectors import find_connector
from ledger.finding import journey_by_order
from ledger.tables import IdentifierRow, JourneyRow, PartnerRow, ProtocolRow
from schemas.canonical import content_hash
from schemas.errors import Conflict, Flaw, Invalid, NotFound
from schemas.events import TraceParent
from schemas.identity import IdentifierKind, Role, scanned_spelling
from schemas.orders import JourneyOrder, JourneyStart, journey_start
from schemas.partners import PartnerAddress
from schemas.protocols import Protocol

LARGEST_VERSION = 2**31 - 1


class CoiTaken(Exception):
    """The chain-of-identity id names something already: another is to be drawn."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """A journey that is on record; `fresh` if this order put it there."""

    journey: JourneyRow
    fresh: bool


async def publish(session: AsyncSession, protocol: Protocol, now: datetime) -> tuple[ProtocolRow, bool]:
    """Put a protocol on record; whether it is new. Raises `Conflict` (`protocol_exists`)."""
    found = await session.get(ProtocolRow, (protocol.protocol, protocol.version))
    if found is not None:
        if found.hash != protocol.hash:
            detail = f"Version {protocol.version} of {protocol.protocol} is published with other content."
            raise Conflict("protocol_exists", detail)
        return found, False
    row = ProtocolRow(
        name=protocol.protocol,
        version=protocol.version,
        hash=protocol.hash,
        title=protocol.title,
        document=protocol.model_dump(mode="json", by_alias=True, exclude_none=True),
        published_at=now,
    )
    session.add(row)
    await session.flush()
    return row, True


async def find_protocol(session: AsyncSession, name: str, version: int | None = None) -> ProtocolRow:
    """A published version, the newest unless one is named. Raises `NotFound` (`unknown_protocol`)."""
    query = select(ProtocolRow).where(col(ProtocolRow.name) == name)
    if version is not None:
        query = query.where(col(ProtocolRow.version) == min(version, LARGEST_VERSION))
    found = await session.execute(query.order_by(col(ProtocolRow.version).desc()).limit(1))
    row = found.scalar_one_or_none()
    if row is None:
        which = name if version is None else f"{name} version {version}"
        raise NotFound("unknown_protocol", f"No protocol {which} is published.")
    return row


async def register_partner(session: AsyncSession, name: str, address: PartnerAddress, now: datetime) -> PartnerRow:
    """Say where and how a partner is reached; the newest word counts. Whether it is paused stays as it is.

    Raises `NotFound` (`unknown_connector`).
    """
    if address.connector is not None:
        await find_connector(session, address.connector)
    row = await session.get(PartnerRow, name) or PartnerRow(name=name, url=address.url)
    row.sqlmodel_update(address.model_dump() | {"updated_at": now})
    session.add(row)
    await session.flush()
    return row


async def find_partner(session: AsyncSession, name: str) -> PartnerRow:
    """Raises `NotFound` (`unknown_partner`)."""
    row = await session.get(PartnerRow, name)
    if row is None:
        raise NotFound("unknown_partner", "No partner is registered under that name.")
    return row


async def find_journey(session: AsyncSession, coi: str) -> JourneyRow:
    """Raises `NotFound` (`unknown_journey`)."""
    # PostgreSQL takes no NUL, not even in a question.
    row = await session.get(JourneyRow, coi) if coi.isprintable() else None
    if row is None:
        raise NotFound("unknown_journey", "No journey is known under that chain-of-identity id.")
    return row


async def order_journey(
    session: AsyncSession,
    order: JourneyOrder,
    *,
    coi: str,
    key: str | None,
    traceparent: TraceParent | None,
    now: datetime,
) -> Ordered:
    """Put a journey on record under a fresh `coi`, or find the one that this `key` ordered before.

    Raises `CoiTaken`, `Conflict` (`idempotency_conflict`, `order_exists`, `identifier_in_use`), `NotFound`
    (`unknown_protocol`) and `Invalid` (`party_missing`, `unknown_partner`).
    """
    request = content_hash(order.model_dump(mode="json"))
    refusal = await _order_taken(session, order.order)
    # After the order: the same request that came at the same moment is on record as a whole by now, or not at all.
    before = await _by_key(session, key)
    if before is not None:
        if before.request_hash != request:
            raise Conflict("idempotency_conflict", "This Idempotency-Key was used for another request.")
        return Ordered(before, fresh=False)
    if await session.get(IdentifierRow, coi) is not None:
        raise CoiTaken
    if refusal is not None:
        raise refusal
    protocol = await find_protocol(session, order.protocol, order.version)
    journey_start(order, coi, Protocol.model_validate(protocol.document), now)
    await _parties_are_known(session, order)
    row = _journey(order, coi, protocol, request, now)
    row.idempotency_key, row.traceparent = key, traceparent
    session.add(row)
    session.add(IdentifierRow(value=coi, journey=coi, kind=IdentifierKind.COI.value))
    scanned = scanned_spelling(coi)
    if scanned is not None:
        session.add(IdentifierRow(value=scanned, journey=coi, kind=IdentifierKind.COI.value, names=coi))
    session.add(IdentifierRow(value=order.order, journey=coi, kind=IdentifierKind.ORDER.value))
    await session.flush()
    return Ordered(row, fresh=True)


async def ordered_before(session: AsyncSession, order: JourneyOrder) -> JourneyRow | None:
    """The journey of this order number. Raises `Conflict` (`order_exists`) where it was ordered otherwise."""
    row = await journey_by_order(session, order.order)
    if row is not None and row.request_hash != content_hash(order.model_dump(mode="json")):
        raise Conflict("order_exists", "A journey for this order number is on record, ordered otherwise.")
    return row


async def start_of(session: AsyncSession, journey: JourneyRow) -> JourneyStart:
    """What the workflow of an ordered journey is given."""
    protocol = await find_protocol(session, journey.protocol, journey.version)
    return JourneyStart.model_validate(
        {
            "coi": journey.coi,
            "order": journey.order_number,
            "parties": journey.parties,
            "protocol": protocol.document,
            "time_lapse": journey.time_lapse,
            "ordered_at": journey.ordered_at,
        }
    )


async def not_started(session: AsyncSession, ordered_before: datetime, limit: int) -> list[str]:
    """Journeys that are recorded and that Temporal does not have yet, the oldest first."""
    query = select(col(JourneyRow.coi)).where(
        col(JourneyRow.started_at).is_(None), col(JourneyRow.ordered_at) <= ordered_before
    )
    return list((await session.execute(query.order_by(col(JourneyRow.ordered_at)).limit(limit))).scalars())


async def mark_started(session: AsyncSession, coi: str, now: datetime) -> None:
    """Note that Temporal has the journey; the first note stands."""
    await session.execute(
        update(JourneyRow)
        .where(col(JourneyRow.coi) == coi, col(JourneyRow.started_at).is_(None))
        .values(started_at=now)
        .execution_options(synchronize_session=False)
    )


async def _by_key(session: AsyncSession, key: str | None) -> JourneyRow | None:
    if key is None:
        return None
    found = await session.execute(select(JourneyRow).where(col(JourneyRow.idempotency_key) == key))
    return found.scalar_one_or_none()


async def _order_taken(session: AsyncSession, order: str) -> Conflict | None:
    taken = await session.execute(select(col(JourneyRow.coi)).where(col(JourneyRow.order_number) == order))
    if taken.first() is not None:
        return Conflict("order_exists", "A journey for this order number is on record.")
    if await session.get(IdentifierRow, order) is not None:
        flaw = Flaw(pointer="/order", code="identifier_in_use", detail="names something of another journey")
        return Conflict("identifier_in_use", "The order number names something of another journey.", [flaw])
    return None


async def _parties_are_known(session: AsyncSession, order: JourneyOrder) -> None:
    wanted = set(order.parties.values())
    found = set((await session.execute(select(col(PartnerRow.name)).where(col(PartnerRow.name).in_(wanted)))).scalars())
    flaws = [
        Flaw(pointer=f"/parties/{role}", code="unknown_partner", detail="no partner is registered under that name")
        for role, name in order.parties.items()
        if name not in found
    ]
    if flaws:
        raise Invalid("unknown_partner", "A party is not registered as a partner.", flaws)


def _journey(order: JourneyOrder, coi: str, protocol: ProtocolRow, request: str, now: datetime) -> JourneyRow:
    parties: dict[str, Any] = {role.value: name for role, name in order.parties.items()}
    return JourneyRow(
        coi=coi,
        order_number=order.order,
        request_hash=request,
        protocol=protocol.name,
        version=protocol.version,
        protocol_hash=protocol.hash,
        parties=parties,
        treatment_centre=parties.get(Role.TREATMENT_CENTRE.value),
        time_lapse=order.time_lapse,
        ordered_at=now,
    )
