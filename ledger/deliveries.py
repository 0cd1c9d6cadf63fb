"""Deliveries: what journeys ask of partners, kept until the outcome is known and the journey has heard of it.

waiting ──> delivered                         the partner took it
   ├──────> failing ──> …                     it did not, and is asked again
   ├──────> unknown ──(looked up)──> …        it may have; where it cannot be asked, a person decides
   ├──────> refused                           it never will
   └──────> given_up                          a person gave it up
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger.kept_back import may_go_out
from ledger.tables import DeliveryRow, LaneRow, PartnerRow
from schemas.commands import PartnerCommand
from schemas.deliveries import OPEN, DeliveryStatus


def is_open(delivery: type[DeliveryRow]) -> ColumnElement[bool]:
    """Whether a delivery, or an alias of it in a query, is not settled."""
    return col(delivery.status).in_([status.value for status in OPEN])


IS_OPEN = is_open(DeliveryRow)


@dataclass(frozen=True, slots=True)
class Asker:
    """The activity that waits for an outcome, as Temporal knows it."""

    workflow: str
    run: str
    activity: str

    @classmethod
    def of(cls, row: DeliveryRow) -> "Asker":
        """Who asked for a delivery the last time."""
        return cls(row.workflow, row.run, row.activity)


def delivery_id(key: str) -> str:
    """The name of the delivery of the command with this key: short, and the same wherever it is made."""
    return "D" + sha256(key.encode()).hexdigest()[:16]


async def put(session: AsyncSession, command: PartnerCommand, asker: Asker, now: datetime) -> DeliveryRow:
    """Have a command delivered, once however often it is asked; the delivery as it stands.

    A command that was refused or given up is tried again where a new activity asks for it: its journey decided so.
    """
    found = await session.execute(select(DeliveryRow).where(col(DeliveryRow.key) == command.key).with_for_update())
    row = found.scalar_one_or_none()
    if row is None:
        row = _new(command, asker, now)
    elif row.status in {DeliveryStatus.REFUSED, DeliveryStatus.GIVEN_UP} and asker != Asker.of(row):
        row.status, row.reason = DeliveryStatus.WAITING, None
        row.next_attempt_at, row.settled_at, row.told_at = now, None, None
    row.workflow, row.run, row.activity = asker.workflow, asker.run, asker.activity
    session.add(row)
    await session.flush()
    return row


def command_of(row: DeliveryRow) -> PartnerCommand:
    """The command as it is sent: with the details that an operator changed."""
    command = PartnerCommand.model_validate(row.payload)
    return command if row.details is None else command.model_copy(update={"details": row.details})


async def with_work(session: AsyncSession, holders: Iterable[str], now: datetime) -> Sequence[str]:
    """Partners to whom something can go out now, and whose lane is free or held by one of these."""
    held_by, held_until, resting = col(LaneRow.held_by), col(LaneRow.held_until), col(LaneRow.resting_until)
    left = or_(held_by.is_(None), held_until <= now)
    # What is marked as being asked in a lane that was left is for the next holder to find out about.
    due = exists().where(
        col(DeliveryRow.partner) == col(PartnerRow.name),
        IS_OPEN,
        may_go_out(DeliveryRow),
        col(DeliveryRow.next_attempt_at) <= now,
        or_(col(DeliveryRow.sending_since).is_(None), left),
    )
    query = (
        select(col(PartnerRow.name))
        .outerjoin(LaneRow, col(LaneRow.partner) == col(PartnerRow.name))
        .where(
            col(PartnerRow.paused_at).is_(None),
            or_(left, held_by.in_(list(holders))),
            or_(resting.is_(None), resting <= now),
            due,
        )
    )
    return (await session.execute(query)).scalars().all()


async def untold(session: AsyncSession, settled_before: datetime, limit: int) -> Sequence[DeliveryRow]:
    """Settled deliveries of which the journey may not have heard, the oldest first."""
    query = select(DeliveryRow).where(col(DeliveryRow.told_at).is_(None), col(DeliveryRow.settled_at) <= settled_before)
    return (await session.execute(query.order_by(col(DeliveryRow.settled_at)).limit(limit))).scalars().all()


async def mark_told(session: AsyncSession, numbers: Iterable[int], now: datetime) -> None:
    """Note that the journeys have heard. Harmless for one that was opened again: it is not settled."""
    await session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.number).in_(list(numbers)), col(DeliveryRow.settled_at).is_not(None))
        .values(told_at=now)
        .execution_options(synchronize_session=False)
    )


def _new(command: PartnerCommand, asker: Asker, now: datetime) -> DeliveryRow:
    return DeliveryRow(
        id=delivery_id(command.key),
        key=command.key,
        partner=command.partner,
        journey=command.coi,
        stage=command.stage,
        visit=command.visit,
        command=command.command,
        payload=command.model_dump(mode="json"),
        status=DeliveryStatus.WAITING,
        created_at=now,
        next_attempt_at=now,
        workflow=asker.workflow,
        run=asker.run,
        activity=asker.activity,
    )
