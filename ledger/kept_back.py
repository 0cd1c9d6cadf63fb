"""What identity holds keep from going out to partners (invariant 3)."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger.operations import put_operation
from ledger.tables import DeliveryRow, IdentityHoldRow, IdentityHoldSideRow
from schemas.commands import MOVES_CELLS, TAKE_BACKS
from schemas.deliveries import DeliveryStatus
from schemas.facts import CLEW
from schemas.operations import OnDelivery

CROSSED = "identity_crossed"
"""Why a delivery was given up: two people found that its cells were crossed."""

_NOT_SENT = (DeliveryStatus.WAITING.value, DeliveryStatus.FAILING.value)


def may_go_out(delivery: type[DeliveryRow]) -> ColumnElement[bool]:
    """Whether a delivery, or an alias of it in a query, may be sent.

    Not while an identity hold holds its journey, and never where it would move cells that were found to be crossed
    since it was asked for. What takes a command back moves no cells, and to look up what became of one sends nothing.
    """
    harmless = or_(col(delivery.command).in_(sorted(TAKE_BACKS)), col(delivery.status) == DeliveryStatus.UNKNOWN.value)
    held = _held_by(delivery, or_(col(IdentityHoldRow.finding).is_(None), _is_crossed(delivery)))
    return or_(harmless, ~held)


async def kept_back(session: AsyncSession, deliveries: Iterable[DeliveryRow]) -> set[int]:
    """The numbers of those that are not sent because of an identity hold."""
    numbers = [row.number for row in deliveries if row.settled_at is None]
    query = select(col(DeliveryRow.number)).where(col(DeliveryRow.number).in_(numbers), ~may_go_out(DeliveryRow))
    return set((await session.execute(query)).scalars())


async def give_up_crossed(session: AsyncSession, hold: str, now: datetime) -> None:
    """Give up what waits to be sent for cells that were crossed, on the record; their journeys are told as of any."""
    sides = select(col(IdentityHoldSideRow.journey)).where(col(IdentityHoldSideRow.hold) == hold)
    waiting = (
        select(DeliveryRow)
        .where(
            col(DeliveryRow.journey).in_(sides),
            col(DeliveryRow.command).in_(sorted(MOVES_CELLS)),
            col(DeliveryRow.status).in_(_NOT_SENT),
            col(DeliveryRow.sending_since).is_(None),
        )
        .order_by(col(DeliveryRow.number))
        # Elsewhere a delivery is locked before the ledger. One that is being changed is not sent in any case.
        .with_for_update(skip_locked=True)
    )
    await _give_up(session, (await session.execute(waiting)).scalars().all(), now)


async def give_up_what_came_back(session: AsyncSession, deliveries: Iterable[DeliveryRow], now: datetime) -> None:
    """Give up what was being asked, or looked up, when its cells were found to be crossed, and was not taken."""
    numbers = [row.number for row in deliveries if row.status in _NOT_SENT]
    if not numbers:
        return
    crossed = _held_by(DeliveryRow, _is_crossed(DeliveryRow))
    query = select(DeliveryRow).where(col(DeliveryRow.number).in_(numbers), crossed)
    await _give_up(session, (await session.execute(query)).scalars().all(), now)


def _held_by(delivery: type[DeliveryRow], holds: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a delivery's journey is a side of such a hold."""
    return (
        select(col(IdentityHoldSideRow.hold))
        .join(IdentityHoldRow, col(IdentityHoldRow.id) == col(IdentityHoldSideRow.hold))
        .where(col(IdentityHoldSideRow.journey) == col(delivery.journey), holds)
        .exists()
    )


def _is_crossed(delivery: type[DeliveryRow]) -> ColumnElement[bool]:
    """Whether a hold's finding forbids a delivery for good."""
    return and_(
        col(IdentityHoldRow.finding) == "crossed",
        col(IdentityHoldRow.closed_at) >= col(delivery.created_at),
        col(delivery.command).in_(sorted(MOVES_CELLS)),
    )


async def _give_up(session: AsyncSession, rows: Iterable[DeliveryRow], now: datetime) -> None:
    for row in rows:
        row.status, row.reason = DeliveryStatus.GIVEN_UP.value, CROSSED
        row.settled_at, row.next_attempt_at = now, None
        said = OnDelivery(partner=row.partner, delivery=row.id, key=row.key, journey=row.journey, reason=CROSSED)
        await put_operation(session, f"partner/{row.partner}", "delivery.given_up", said, CLEW, now)
