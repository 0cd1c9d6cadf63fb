"""The operator's desk: what people do about deliveries and partners. Each action is on the ledger with its effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger.deliveries import IS_OPEN, command_of
from ledger.holds import refuse_while_held
from ledger.operations import put_operation
from ledger.registry import find_partner
from ledger.tables import AttemptRow, DeliveryRow, LaneRow, PartnerRow
from schemas.commands import TAKE_BACKS
from schemas.deliveries import OPEN, DeliveryStatus
from schemas.errors import Conflict, NotFound
from schemas.operations import DeliveryChanged, DeliveryConfirmed, OnDelivery, OnPartner

RESENT_AT_ONCE = 10_000
"""Deliveries of one partner that are made due together; whoever has more asks again."""

_SHOWN = tuple(status for status in DeliveryStatus if status is not DeliveryStatus.DELIVERED)


@dataclass(frozen=True, slots=True)
class Says:
    """Who acts, why, and when."""

    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with one partner. `undecided`: unknown outcomes that only a person can settle."""

    partner: str
    waiting: int = 0
    failing: int = 0
    unknown: int = 0
    undecided: int = 0
    refused: int = 0
    given_up: int = 0
    oldest: datetime | None = None
    next_attempt_at: datetime | None = None
    resting_until: datetime | None = None
    paused_at: datetime | None = None


async def find(session: AsyncSession, delivery: str, *, lock: bool = False) -> DeliveryRow:
    """Raises `NotFound` (`unknown_delivery`)."""
    query = select(DeliveryRow).where(col(DeliveryRow.id) == delivery)
    found = await session.execute(query.with_for_update() if lock else query)
    row = found.scalar_one_or_none()
    if row is None:
        raise NotFound("unknown_delivery", "No delivery is known under that id.")
    return row


async def attempts(session: AsyncSession, row: DeliveryRow, limit: int) -> Sequence[AttemptRow]:
    """The newest attempts at a delivery, the newest first."""
    query = select(AttemptRow).where(col(AttemptRow.delivery) == row.number)
    return (await session.execute(query.order_by(col(AttemptRow.number).desc()).limit(limit))).scalars().all()


async def resend(session: AsyncSession, delivery: str, details: dict[str, Any] | None, says: Says) -> DeliveryRow:
    """Try a delivery now, perhaps with other details. One of unknown outcome is looked up, where that can be done.

    A settled one only takes the new details: its journey has been told, so its journey has to ask again. Raises
    `Conflict` (`delivery_settled`, `delivery_under_way`, `delivery_unknown`; `identity_held` for what would move cells
    whose identity is in doubt).
    """
    row = await _operable(session, delivery)
    if row.command not in TAKE_BACKS:
        await refuse_while_held(session, row.journey)
    if row.status == DeliveryStatus.DELIVERED:
        raise Conflict("delivery_settled", "The partner has taken the command.")
    if details is not None:
        await _change(session, row, details, says)
    if row.status in OPEN:
        if row.status == DeliveryStatus.UNKNOWN and row.next_attempt_at is None:
            row.status = DeliveryStatus.FAILING
        row.next_attempt_at = says.at
        await _wake(session, row.partner)
    await _note(session, row, "delivery.resent", says)
    return row


async def confirm(session: AsyncSession, delivery: str, reference: str | None, says: Says) -> DeliveryRow:
    """A person found out that the partner has taken the command. Raises `Conflict` (`delivery_not_unknown`)."""
    row = await _operable(session, delivery)
    if row.status != DeliveryStatus.UNKNOWN:
        raise Conflict("delivery_not_unknown", f"The delivery is {row.status}: only an unknown outcome is confirmed.")
    row.status, row.reference = DeliveryStatus.DELIVERED, reference
    _settle(row, None, says)
    said = DeliveryConfirmed(reference=reference, **_about(row), reason=says.reason)
    await put_operation(session, _chain(row.partner), "delivery.confirmed", said, says.by, says.at)
    return row


async def give_up(session: AsyncSession, delivery: str, says: Says) -> DeliveryRow:
    """Try no more; the journey is told and asks a person how to go on. Raises `Conflict` (`delivery_settled`)."""
    row = await _operable(session, delivery)
    if row.status not in OPEN:
        raise Conflict("delivery_settled", f"The delivery is {row.status} already.")
    row.status = DeliveryStatus.GIVEN_UP
    _settle(row, says.reason, says)
    await _note(session, row, "delivery.given_up", says)
    return row


async def resend_all(session: AsyncSession, partner: str, says: Says) -> int:
    """Try everything that waits for a partner now, in order; how many that is. What a person must decide stays."""
    await find_partner(session, partner)
    await _wake(session, partner)
    due = select(col(DeliveryRow.number)).where(
        col(DeliveryRow.partner) == partner, IS_OPEN, col(DeliveryRow.next_attempt_at).is_not(None)
    )
    result = await session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.number).in_(due.order_by(col(DeliveryRow.number)).limit(RESENT_AT_ONCE)))
        .values(next_attempt_at=says.at)
        .returning(col(DeliveryRow.number))
        .execution_options(synchronize_session=False)
    )
    count = len(result.all())
    await _note_partner(session, partner, "partner.resent", says)
    return count


async def pause(session: AsyncSession, partner: str, says: Says) -> PartnerRow:
    """Send a partner nothing more, until it is resumed. Again is the same as once."""
    row = await find_partner(session, partner)
    if row.paused_at is None:
        row.paused_at, row.paused_by, row.paused_reason = says.at, says.by, says.reason
        await _note_partner(session, partner, "partner.paused", says)
    return row


async def resume(session: AsyncSession, partner: str, says: Says) -> PartnerRow:
    """Send it what waited, in order and at its pace. Again is the same as once."""
    row = await find_partner(session, partner)
    if row.paused_at is not None:
        row.paused_at, row.paused_by, row.paused_reason = None, None, None
        await _wake(session, partner)
        await _note_partner(session, partner, "partner.resumed", says)
    return row


async def standings(session: AsyncSession, partner: str | None = None) -> list[Standing]:
    """How it stands with each partner that is paused or has deliveries not taken; or with one, whatever it has."""
    counts = await _counts(session, partner)
    query = select(PartnerRow, LaneRow).outerjoin(LaneRow, col(LaneRow.partner) == col(PartnerRow.name))
    if partner is not None:
        query = query.where(col(PartnerRow.name) == partner)
    found = (await session.execute(query.order_by(col(PartnerRow.name)))).all()
    return [
        Standing(
            partner=row.name,
            resting_until=lane.resting_until if lane else None,
            paused_at=row.paused_at,
            **counts.get(row.name, {}),
        )
        for row, lane in found
        if partner is not None or row.name in counts or row.paused_at is not None
    ]


async def _counts(session: AsyncSession, partner: str | None) -> dict[str, dict[str, Any]]:
    status, due = col(DeliveryRow.status), col(DeliveryRow.next_attempt_at)
    undecided = (status == DeliveryStatus.UNKNOWN) & due.is_(None) & col(DeliveryRow.sending_since).is_(None)
    columns = {
        **{each.value: func.sum(case((status == each, 1), else_=0)) for each in _SHOWN},
        "undecided": func.sum(case((undecided, 1), else_=0)),
        "oldest": func.min(case((IS_OPEN, col(DeliveryRow.created_at)))),
        "next_attempt_at": func.min(case((IS_OPEN, due))),
    }
    query = (
        select(col(DeliveryRow.partner), *(column.label(name) for name, column in columns.items()))
        .where(status != DeliveryStatus.DELIVERED)
        .group_by(col(DeliveryRow.partner))
    )
    if partner is not None:
        query = query.where(col(DeliveryRow.partner) == partner)
    return {row["partner"]: {name: row[name] for name in columns} for row in (await session.execute(query)).mappings()}


async def _operable(session: AsyncSession, delivery: str) -> DeliveryRow:
    """The delivery, locked after its lane as everywhere. Raises `Conflict` while the partner is being asked."""
    partner = (await find(session, delivery)).partner
    await session.get(LaneRow, partner, with_for_update=True)
    row = await find(session, delivery, lock=True)
    if row.sending_since is not None:
        raise Conflict("delivery_under_way", "The partner is being asked at this moment; see what comes of it first.")
    return row


async def _change(session: AsyncSession, row: DeliveryRow, details: dict[str, Any], says: Says) -> None:
    if row.status == DeliveryStatus.UNKNOWN and row.next_attempt_at is not None:
        raise Conflict("delivery_unknown", "The partner may have taken the command as it was; that is looked up first.")
    before, row.details = command_of(row).details, details
    said = DeliveryChanged(before=before, after=details, **_about(row), reason=says.reason)
    await put_operation(session, _chain(row.partner), "delivery.changed", said, says.by, says.at)


def _settle(row: DeliveryRow, reason: str | None, says: Says) -> None:
    row.reason, row.settled_at, row.next_attempt_at = reason, says.at, None


async def _wake(session: AsyncSession, partner: str) -> None:
    """A partner that was left in peace is tried at once."""
    lane = await session.get(LaneRow, partner, with_for_update=True)
    if lane is not None:
        lane.resting_until = None


async def _note(session: AsyncSession, row: DeliveryRow, kind: str, says: Says) -> None:
    said = OnDelivery(**_about(row), reason=says.reason)
    await put_operation(session, _chain(row.partner), kind, said, says.by, says.at)


async def _note_partner(session: AsyncSession, partner: str, kind: str, says: Says) -> None:
    said = OnPartner(partner=partner, reason=says.reason)
    await put_operation(session, _chain(partner), kind, said, says.by, says.at)


def _about(row: DeliveryRow) -> dict[str, Any]:
    return {"partner": row.partner, "delivery": row.id, "key": row.key, "journey": row.journey}


def _chain(partner: str) -> str:
    return f"partner/{partner}"
