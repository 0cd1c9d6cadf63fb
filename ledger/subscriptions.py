"""Subscriptions as their owners want them, every word of whom is on the record; and how far sending has come."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger.feed import Only, newest_position
from ledger.operations import put_operation
from ledger.tables import SubscriptionRow
from schemas.errors import Conflict, Flaw, Invalid, NotFound
from schemas.operations import OfSubscription, OnSubscription, Said, SubscriptionReplayed
from schemas.subscriptions import (
    ChangedSubscription,
    GivenUp,
    NewSubscription,
    Replay,
    Serving,
    Standing,
)

SECRET_BYTES = 32
BOTH_SECRETS = timedelta(days=1)
"""How long the secret before the newest still signs, beside it: so long the receiver has to learn the new one."""

ITSELF = "clew"
"""Who disables what nobody takes."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What came of a delivery. `problem`: None if the entry was taken; `status`: the receiver's HTTP status."""

    position: int
    replays: int
    problem: str | None = None
    status: int | None = None
    moved: bool = False


async def create(session: AsyncSession, asked: NewSubscription, now: datetime) -> SubscriptionRow:
    """A new subscription, with a secret of its own. Raises `Invalid` where it would begin beyond the newest entry."""
    after = await _within_the_ledger(session, asked.after)
    row = SubscriptionRow(
        id=f"sub-{secrets.token_hex(10)}",
        standing=Standing.ACTIVE.value,
        url=asked.url,
        secret=_new_secret(),
        types=list(asked.types),
        protocol=asked.protocol,
        party=asked.party,
        position=after,
        replay_after=after,
        created_at=now,
        created_by=asked.by,
    )
    session.add(row)
    await _put(session, row, "subscription.created", _of(row, asked.reason), asked.by, now)
    return row


async def find(session: AsyncSession, subscription: str, *, for_update: bool = False) -> SubscriptionRow:
    """Raises `NotFound` (`unknown_subscription`)."""
    row = await session.get(SubscriptionRow, subscription, with_for_update=for_update)
    if row is None:
        raise NotFound("unknown_subscription", "There is no such subscription.")
    return row


async def change(
    session: AsyncSession, subscription: str, changed: ChangedSubscription, now: datetime
) -> SubscriptionRow:
    """Send elsewhere, or other entries, from the next one on."""
    row = await _spoken_of(session, subscription)
    row.sqlmodel_update(changed.changes())
    await _put(session, row, "subscription.changed", _of(row, changed.reason), changed.by, now)
    return row


async def enable(session: AsyncSession, subscription: str, said: Said, now: datetime) -> SubscriptionRow:
    """Go on where it was disabled. Raises `Conflict` (`not_disabled`)."""
    row = await _spoken_of(session, subscription)
    if row.standing != Standing.DISABLED:
        raise Conflict("not_disabled", "The subscription is not disabled.")
    row.standing, row.disabled_at, row.disabled_reason = Standing.ACTIVE.value, None, None
    row.failures, row.failing_since = 0, None
    await _put(session, row, "subscription.enabled", _on(row, said.reason), said.by, now)
    return row


async def replay(session: AsyncSession, subscription: str, asked: Replay, now: datetime) -> SubscriptionRow:
    """Begin again after a position. Raises `Invalid` where nothing is."""
    row = await _spoken_of(session, subscription)
    row.replay_after = await _within_the_ledger(session, asked.after)
    row.replays += 1
    on_record = SubscriptionReplayed(reason=asked.reason, position=row.position, after=asked.after)
    await _put(session, row, "subscription.replayed", on_record, asked.by, now)
    return row


async def rotate_secret(session: AsyncSession, subscription: str, said: Said, now: datetime) -> SubscriptionRow:
    """A new secret; the one before it signs beside it for a day."""
    row = await _spoken_of(session, subscription)
    row.former_secret, row.former_until = row.secret, now + BOTH_SECRETS
    row.secret = _new_secret()
    await _put(session, row, "subscription.secret_rotated", _on(row, said.reason), said.by, now)
    return row


async def remove(session: AsyncSession, subscription: str, said: Said, now: datetime) -> SubscriptionRow:
    """Send nothing more, and forget the secret; what it was stays on record."""
    row = await _spoken_of(session, subscription)
    row.standing, row.secret, row.former_secret = Standing.REMOVED.value, "", None
    await _put(session, row, "subscription.removed", _on(row, said.reason), said.by, now)
    return row


async def disable(session: AsyncSession, given_up: GivenUp, now: datetime) -> None:
    """Give up; not if the owner has said something since, or it is no longer active."""
    row = await session.get(SubscriptionRow, given_up.id, with_for_update=True)
    if row is None or row.standing != Standing.ACTIVE or row.revision != given_up.revision:
        return
    row.standing, row.disabled_at, row.disabled_reason = Standing.DISABLED.value, now, given_up.reason
    on_record = _on(row, given_up.reason)
    await put_operation(session, _chain(row), "subscription.disabled", on_record, ITSELF, now)


async def untold(session: AsyncSession, limit: int) -> Sequence[SubscriptionRow]:
    """Subscriptions about which Temporal has not heard the owner's last word."""
    query = select(SubscriptionRow).where(col(SubscriptionRow.told) < col(SubscriptionRow.revision))
    return (await session.execute(query.order_by(col(SubscriptionRow.id)).limit(limit))).scalars().all()


async def mark_told(session: AsyncSession, subscription: str, revision: int) -> None:
    """Note that Temporal has heard this of the owner's words, and those before it."""
    await session.execute(
        update(SubscriptionRow)
        .where(col(SubscriptionRow.id) == subscription, col(SubscriptionRow.told) < revision)
        .values(told=revision)
    )


async def note(session: AsyncSession, subscription: str, noted: Noted, now: datetime) -> None:
    """Show owners how far it came, and what is in the way."""
    row = await session.get(SubscriptionRow, subscription, with_for_update=True)
    if row is None:
        return
    row.position, row.replays_followed = noted.position, noted.replays
    row.problem, row.status = noted.problem, noted.status
    if noted.moved:
        row.delivered_at = now
    if noted.moved or noted.problem is None:
        row.failures, row.failing_since = 0, None
    if noted.problem is not None:
        row.failures, row.failing_since = row.failures + 1, row.failing_since or now


def filters_of(row: SubscriptionRow) -> Only:
    """Which entries its owner wants."""
    return Only(types=tuple(row.types), protocol=row.protocol, party=row.party)


def secrets_of(row: SubscriptionRow, now: datetime) -> Sequence[str]:
    """What signs now: the newest first."""
    former = row.former_secret if row.former_until is not None and now < row.former_until else None
    return [row.secret, former] if former else [row.secret]


def serving_of(row: SubscriptionRow) -> Serving:
    """What its workflow begins with: where the one before it, if there was one, was last noted to be."""
    return Serving(id=row.id, position=row.position, replays=row.replays_followed)


async def _spoken_of(session: AsyncSession, subscription: str) -> SubscriptionRow:
    """For the owner's next word. Raises `Conflict` (`subscription_removed`)."""
    row = await find(session, subscription, for_update=True)
    if row.standing == Standing.REMOVED:
        raise Conflict("subscription_removed", "The subscription was removed.")
    row.revision += 1
    return row


async def _put(
    session: AsyncSession, row: SubscriptionRow, kind: str, said: OnSubscription, by: str, now: datetime
) -> None:
    await session.flush()
    await put_operation(session, _chain(row), kind, said, by, now)


async def _within_the_ledger(session: AsyncSession, after: int | None) -> int:
    newest = await newest_position(session)
    if after is not None and after > newest:
        flaw = Flaw(pointer="/after", code="beyond_the_ledger", detail=f"the newest entry is at {newest}")
        raise Invalid("malformed", "The ledger has no such position yet.", [flaw])
    return newest if after is None else after


def _on(row: SubscriptionRow, reason: str) -> OnSubscription:
    return OnSubscription(reason=reason, position=row.position)


def _of(row: SubscriptionRow, reason: str) -> OfSubscription:
    return OfSubscription(
        reason=reason,
        position=row.position,
        host=urlsplit(row.url).hostname or "",
        types=tuple(row.types),
        protocol=row.protocol,
        party=row.party,
    )


def _chain(row: SubscriptionRow) -> str:
    return f"subscription/{row.id}"


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
