"""Identity holds: shown, signed, and told to their journeys.

open ──(two people sign the same finding)──> not_crossed   what was put apart may be used again
                                     └─────> crossed       it may not; each journey's people decide how to go on
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped
from sqlmodel import col

from ledger.identity import chain
from ledger.kept_back import give_up_crossed
from ledger.operations import put_operation
from ledger.record import take_positions
from ledger.tables import (
    IdentityHoldIdentifierRow,
    IdentityHoldRow,
    IdentityHoldSideRow,
    IdentityHoldSignatureRow,
)
from schemas.base import person
from schemas.errors import Conflict, NotFound
from schemas.holds import Signing
from schemas.operations import HoldClosed, HoldSigned

SIGNATURES = 2
"""How many different people end a hold."""

_IS_OPEN = col(IdentityHoldRow.finding).is_(None)


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold with all that belongs to it: `sides` are the journeys that it holds, `about` the identifiers in doubt."""

    id: str
    reason: str
    journey: str
    opened_at: datetime
    finding: str | None
    closed_at: datetime | None
    sides: list[str]
    about: list[str]
    signatures: list[IdentityHoldSignatureRow]


@dataclass(frozen=True, slots=True)
class News:
    """What a journey is to be told: to look, because a hold holds it (`held`) or does no more."""

    hold: str
    journey: str
    news: int
    held: bool


async def find(session: AsyncSession, hold: str) -> Hold:
    """Raises `NotFound` (`unknown_hold`)."""
    (found,) = await with_all_of_it(session, [await _row(session, hold)])
    return found


async def listed(
    session: AsyncSession, *, is_open: bool | None, journey: str | None, after: Sequence[Any] | None, limit: int
) -> list[Hold]:
    """Holds, the newest first; at most `limit` after the one that was opened `after`, by moment and id."""
    place = tuple_(col(IdentityHoldRow.opened_at), col(IdentityHoldRow.id))
    query = select(IdentityHoldRow)
    if is_open is not None:
        query = query.where(_IS_OPEN if is_open else ~_IS_OPEN)
    if journey is not None:
        query = query.where(col(IdentityHoldRow.id).in_(_held_by(journey)))
    if after is not None:
        query = query.where(place < tuple(after))
    newest_first = (col(IdentityHoldRow.opened_at).desc(), col(IdentityHoldRow.id).desc())
    return await with_all_of_it(
        session, (await session.execute(query.order_by(*newest_first).limit(limit))).scalars().all()
    )


async def open_holds_of(session: AsyncSession, journey: str) -> list[Hold]:
    """The open holds that a journey is a side of, the oldest first."""
    rows = select(IdentityHoldRow).where(_IS_OPEN, col(IdentityHoldRow.id).in_(_held_by(journey)))
    found = (await session.execute(rows.order_by(col(IdentityHoldRow.opened_at), col(IdentityHoldRow.id)))).scalars()
    return await with_all_of_it(session, found.all())


async def doubted_among(session: AsyncSession, journeys: Sequence[str]) -> list[str]:
    """The ids of the open holds that one of these journeys is a side of."""
    sides = select(col(IdentityHoldSideRow.hold)).where(col(IdentityHoldSideRow.journey).in_(journeys))
    open_ones = select(col(IdentityHoldRow.id)).where(_IS_OPEN, col(IdentityHoldRow.id).in_(sides))
    return list((await session.execute(open_ones.order_by(col(IdentityHoldRow.id)))).scalars())


async def refuse_while_held(session: AsyncSession, journey: str) -> None:
    """Raise `Conflict` (`identity_held`) while identity is in doubt, and name the hold."""
    held = select(col(IdentityHoldRow.id)).where(_IS_OPEN, col(IdentityHoldRow.id).in_(_held_by(journey)))
    hold = (await session.execute(held.limit(1))).scalar_one_or_none()
    if hold is not None:
        raise Conflict("identity_held", f"Identity is in doubt: two people have to sign {hold} first.")


async def sign(session: AsyncSession, hold: str, signing: Signing, now: datetime) -> Hold:
    """Put a person's finding on record; the second of another person that says the same closes the hold.

    Doubt wins: a person can change what they found, and `crossed` is taken beside another's `not_crossed`, which then
    no longer counts. Raises `NotFound` (`unknown_hold`), `Conflict` (`hold_closed`, `already_signed`,
    `finding_differs`).
    """
    # The ledger's lock first, as an append has it: no journey joins a hold while it is being closed.
    await session.run_sync(lambda within: take_positions(within.connection(), 0))
    row = await _row(session, hold)
    if row.finding is not None:
        raise Conflict("hold_closed", f"The hold was closed: {row.finding}.")
    signed = await _signatures(session, [hold])
    signature = _signature(hold, signing, signed[hold], now)
    await session.merge(signature)
    await _put(session, hold, "identity_hold.signed", signing, now)
    same = {each.signer: each.by for each in signed[hold] if each.finding == signing.finding}
    same[signature.signer] = signature.by
    if len(same) >= SIGNATURES:
        await _close(session, row, signing, tuple(sorted(same.values())), now)
    await session.flush()
    return await find(session, hold)


async def untold(session: AsyncSession, limit: int) -> list[News]:
    """What journeys have not been told yet."""
    query = (
        select(IdentityHoldSideRow, col(IdentityHoldRow.finding))
        .join(IdentityHoldRow, col(IdentityHoldRow.id) == col(IdentityHoldSideRow.hold))
        .where(col(IdentityHoldSideRow.told) < col(IdentityHoldSideRow.news))
        .order_by(col(IdentityHoldSideRow.journey), col(IdentityHoldSideRow.hold))
        .limit(limit)
    )
    rows = (await session.execute(query)).all()
    return [News(side.hold, side.journey, side.news, finding is None) for side, finding in rows]


async def mark_told(session: AsyncSession, news: News) -> None:
    """Note that a journey was told, and of what."""
    side = and_(col(IdentityHoldSideRow.hold) == news.hold, col(IdentityHoldSideRow.journey) == news.journey)
    await session.execute(
        update(IdentityHoldSideRow).where(side, col(IdentityHoldSideRow.told) < news.news).values(told=news.news)
    )


async def with_all_of_it(session: AsyncSession, rows: Sequence[IdentityHoldRow]) -> list[Hold]:
    """Rows with their sides, identifiers and signatures, in the same order."""
    names = [row.id for row in rows]
    sides = await _values(session, col(IdentityHoldSideRow.hold), col(IdentityHoldSideRow.journey), names)
    about = await _values(session, col(IdentityHoldIdentifierRow.hold), col(IdentityHoldIdentifierRow.value), names)
    signed = await _signatures(session, names)
    return [
        Hold(
            id=row.id,
            reason=row.reason,
            journey=row.journey,
            opened_at=row.opened_at,
            finding=row.finding,
            closed_at=row.closed_at,
            sides=sides[row.id],
            about=about[row.id],
            signatures=signed[row.id],
        )
        for row in rows
    ]


async def _row(session: AsyncSession, hold: str) -> IdentityHoldRow:
    row = await session.get(IdentityHoldRow, hold)
    if row is None:
        raise NotFound("unknown_hold", "There is no such identity hold.")
    return row


def _signature(
    hold: str, signing: Signing, signed: Sequence[IdentityHoldSignatureRow], now: datetime
) -> IdentityHoldSignatureRow:
    signer = person(signing.by)
    if any((each.signer, each.finding) == (signer, signing.finding) for each in signed):
        raise Conflict("already_signed", "You have signed this; the second signature is another person's.")
    doubted = any(each.signer != signer and each.finding == "crossed" for each in signed)
    if doubted and signing.finding == "not_crossed":
        raise Conflict("finding_differs", "Another person signed `crossed`; only they can say otherwise.")
    return IdentityHoldSignatureRow(
        hold=hold, signer=signer, by=signing.by, finding=signing.finding, reason=signing.reason, at=now
    )


async def _close(
    session: AsyncSession, row: IdentityHoldRow, signing: Signing, signed_by: tuple[str, ...], now: datetime
) -> None:
    row.finding, row.closed_at = signing.finding, now
    if signing.finding == "crossed":
        await session.flush()
        await give_up_crossed(session, row.id, now)
    await session.execute(
        update(IdentityHoldSideRow)
        .where(col(IdentityHoldSideRow.hold) == row.id)
        .values(news=col(IdentityHoldSideRow.news) + 1)
    )
    said = HoldClosed(reason=signing.reason, hold=row.id, finding=signing.finding, signed_by=signed_by)
    await put_operation(session, chain(row.id), "identity_hold.closed", said, signing.by, now)


async def _put(session: AsyncSession, hold: str, kind: str, signing: Signing, now: datetime) -> None:
    await session.flush()
    said = HoldSigned(reason=signing.reason, hold=hold, finding=signing.finding)
    await put_operation(session, chain(hold), kind, said, signing.by, now)


def _held_by(journey: str) -> ColumnElement[str]:
    """The holds of a journey, as a condition's right side."""
    of_journey = col(IdentityHoldSideRow.journey) == journey
    return select(col(IdentityHoldSideRow.hold)).where(of_journey).scalar_subquery()


async def _values(
    session: AsyncSession, hold: Mapped[str], value: Mapped[str], names: Iterable[str]
) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, each in await session.execute(select(hold, value).where(hold.in_(list(names))).order_by(value)):
        found[name].append(each)
    return found


async def _signatures(session: AsyncSession, names: Iterable[str]) -> dict[str, list[IdentityHoldSignatureRow]]:
    found: defaultdict[str, list[IdentityHoldSignatureRow]] = defaultdict(list)
    of_these = col(IdentityHoldSignatureRow.hold).in_(list(names))
    query = select(IdentityHoldSignatureRow).where(of_these).order_by(col(IdentityHoldSignatureRow.at))
    for each in (await session.execute(query)).scalars():
        found[each.hold].append(each)
    return found
