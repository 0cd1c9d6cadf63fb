"""Shipments as readings speak of them: by any of their names, and while the courier has them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from ledger.registry import find_journey
from ledger.tables import CustodyRow, IdentifierRow, JourneyRow
from schemas.errors import NotFound
from schemas.gs1_keys import element_string
from schemas.identity import IdentifierKind

_LINE = select(col(IdentifierRow.value)).where(col(IdentifierRow.value) == bindparam("value"))
_OWN = aliased(IdentifierRow)
_HOLDABLE = select(col(IdentifierRow.value), col(_OWN.value)).where(
    col(IdentifierRow.value).in_(bindparam("names", expanding=True)),
    col(_OWN.value) == func.coalesce(col(IdentifierRow.names), col(IdentifierRow.value)),
    col(_OWN.journey) == col(IdentifierRow.journey),
    col(_OWN.kind).in_((IdentifierKind.CONTAINER.value, IdentifierKind.DOSE.value)),
)
_CARRIERS = (
    select(col(CustodyRow.shipment))
    .join(IdentifierRow, col(IdentifierRow.journey) == col(CustodyRow.journey))
    .where(
        col(IdentifierRow.value).in_(bindparam("names", expanding=True)),
        col(CustodyRow.material) == col(IdentifierRow.value),
        col(CustodyRow.shipment).is_not(None),
    )
    .distinct()
)


@dataclass(frozen=True, slots=True)
class Shipment:
    """`reference`: the name that its journey knows it under, whatever it was asked for by."""

    reference: str
    journey: JourneyRow


@dataclass(frozen=True, slots=True)
class Carriage:
    """The courier's time with a shipment. `ends`: None until all that was picked up has been received, or is gone."""

    begins: datetime
    ends: datetime | None


async def find_shipment(session: AsyncSession, reference: str) -> Shipment:
    """By the courier's reference, or an identifier that was assigned to it, an SSCC in any spelling.

    Raises `NotFound` (`unknown_shipment`).
    """
    line = await _line(session, reference) or await _line(session, element_string(reference))
    own = await _line(session, line.names) if line is not None and line.names is not None else line
    if line is None or own is None or own.kind != IdentifierKind.SHIPMENT.value or own.journey != line.journey:
        raise NotFound("unknown_shipment", "No shipment is known under that reference: it has to be booked first.")
    return Shipment(own.value, await find_journey(session, own.journey))


async def lock(session: AsyncSession, references: Iterable[str]) -> None:
    """Have nobody else judge these shipments meanwhile. In one order everywhere, so that nobody waits in a circle."""
    for reference in sorted(references):
        await session.execute(_LINE.with_for_update(), {"value": reference})


async def carriage_of(session: AsyncSession, shipment: Shipment) -> Carriage | None:
    """None while no pick-up is on record."""
    query = select(col(CustodyRow.since), col(CustodyRow.until)).where(
        col(CustodyRow.journey) == shipment.journey.coi, col(CustodyRow.shipment) == shipment.reference
    )
    times = (await session.execute(query)).all()
    if not times:
        return None
    ends = [until for _, until in times if until is not None]
    return Carriage(min(since for since, _ in times), max(ends) if len(ends) == len(times) else None)


async def holdable(session: AsyncSession, materials: Sequence[str]) -> dict[str, str]:
    """The containers and doses that these names lead to, each under the name that its journey knows it under."""
    found = await session.execute(_HOLDABLE, {"names": list(materials)})
    return {row[0]: row[1] for row in found}


async def carriers_of(session: AsyncSession, materials: Sequence[str]) -> set[str]:
    """The shipments that these containers and doses have been part of."""
    found = (await session.execute(_CARRIERS, {"names": list(materials)})).scalars()
    return {each for each in found if each is not None}


async def _line(session: AsyncSession, value: str) -> IdentifierRow | None:
    # PostgreSQL takes no NUL, not even in a question.
    return await session.get(IdentifierRow, value) if value.isprintable() else None
