"""Partners' messages in their own form: kept whole, in the transaction in which their events go into the inbox.

mapped                                         its events are in the inbox (it may hold none)
quarantined ──(a newer connector maps it)──> mapped
    └──(a person gives it up)──> dismissed
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from ledger import inbox
from ledger.inbox import Incoming, Standing
from ledger.operations import put_operation
from ledger.tables import MessageRow
from schemas.errors import Conflict, NotFound
from schemas.operations import OnMessage


class MessageStatus(StrEnum):
    """What became of a message."""

    MAPPED = "mapped"
    QUARANTINED = "quarantined"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a version of a connector made of a message: its events, or why it made none of them."""

    connector: str
    version: int
    events: Sequence[Incoming] = ()
    reason: str | None = None
    problem: dict[str, Any] | None = None


Taken = tuple[MessageRow, list[Standing]]
"""A message, and where the events stand that it brought just now."""


async def take(session: AsyncSession, partner: str, body: bytes, reading: Reading, now: datetime) -> Taken:
    """Keep a message and its events, or find it: the same message again has no further effect.

    Raises `Conflict` (`event_conflict`): then nothing is kept.
    """
    sha256 = hashlib.sha256(body).hexdigest()
    message_id = hashlib.sha256(f"{partner}\n{sha256}".encode()).hexdigest()[:32]
    before = await session.get(MessageRow, message_id)
    if before is not None:
        return before, []
    row = MessageRow(
        id=message_id,
        partner=partner,
        connector=reading.connector,
        connector_version=reading.version,
        received_at=now,
        sha256=sha256,
        body=body,
        status=MessageStatus.QUARANTINED.value,
        events=[],
    )
    standings = await _apply(session, row, reading, now)
    session.add(row)
    await session.flush()
    return row, standings


async def find_message(session: AsyncSession, message_id: str, *, lock: bool = False) -> MessageRow:
    """Raises `NotFound` (`unknown_message`). `lock`: nobody else can change it meanwhile."""
    row = await session.get(MessageRow, message_id, with_for_update=lock) if message_id.isprintable() else None
    if row is None:
        raise NotFound("unknown_message", "No message is on record under that id.")
    return row


async def quarantined(session: AsyncSession, message_id: str) -> MessageRow:
    """A message that a person can decide on. Raises `NotFound` and `Conflict` (`message_settled`)."""
    return _undecided(await find_message(session, message_id, lock=True))


def _undecided(row: MessageRow) -> MessageRow:
    if row.status != MessageStatus.QUARANTINED:
        raise Conflict("message_settled", f"The message is {row.status}: only a quarantined one can be decided on.")
    return row


async def release(
    session: AsyncSession, row: MessageRow, reading: Reading, *, by: str, reason: str, now: datetime
) -> list[Standing]:
    """Map a quarantined message again; it stays quarantined where that fails. Raises `Conflict` (`event_conflict`)."""
    standings = await _apply(session, row, reading, now)
    await _decided(session, row, "message.released", by=by, reason=reason, now=now)
    return standings


async def dismiss(session: AsyncSession, message_id: str, *, by: str, reason: str, now: datetime) -> MessageRow:
    """A person gives a quarantined message up; it stays on record. Again is the same as once."""
    row = await find_message(session, message_id, lock=True)
    if row.status == MessageStatus.DISMISSED:
        return row
    _undecided(row).status = MessageStatus.DISMISSED.value
    await _decided(session, row, "message.dismissed", by=by, reason=reason, now=now)
    return row


async def _apply(session: AsyncSession, row: MessageRow, reading: Reading, now: datetime) -> list[Standing]:
    row.connector_version, row.reason, row.problem = reading.version, reading.reason, reading.problem
    if reading.reason is not None:
        return []
    (standings,) = await inbox.receive(session, [reading.events], now)
    if isinstance(standings, Conflict):
        raise standings
    row.status = MessageStatus.MAPPED.value
    row.events = [[each.source, each.id] for each in standings]
    return standings


async def _decided(session: AsyncSession, row: MessageRow, kind: str, *, by: str, reason: str, now: datetime) -> None:
    row.decided_by, row.decided_reason = by, reason
    said = OnMessage(message=row.id, became=row.status, reason=reason)
    await put_operation(session, "messages", kind, said, by, now)
