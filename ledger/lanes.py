"""One partner's lane: who may ask it, what goes out next, and what came of what went out.

A lane has one holder at a time, so that a partner's pace and the order of each journey are kept by one process alone.
The holder takes turns: in one transaction it writes what came of its attempts and learns what to ask next. What is to
be asked is marked before it is asked, so that whoever holds the lane next knows whose outcome is unknown.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import uniform

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from ledger.deliveries import IS_OPEN, Asker, is_open, put
from ledger.kept_back import give_up_what_came_back, may_go_out
from ledger.registry import find_partner
from ledger.statements import insert_if_new, table_of
from ledger.tables import AttemptRow, DeliveryRow, LaneRow, PartnerRow
from schemas.commands import PartnerCommand
from schemas.deliveries import AttemptKind, DeliveryStatus, Outcome

HELD_FOR = timedelta(seconds=6)
"""How long a holder may be silent before another process takes its lane."""

FIRST_REST, LONGEST_REST = timedelta(seconds=1), timedelta(seconds=30)
"""How long a partner that cannot be reached is left in peace: doubling, until one attempt gets through."""

LONGEST_WISH = timedelta(minutes=10)
"""A partner may ask us to wait, but not for so long that nobody notices that it is back."""

LONGEST_PAUSE = timedelta(minutes=5)
"""Between two attempts at one command that the partner answers badly; it holds up its own journey alone."""

JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt at the delivery with this number, and what came of it."""

    delivery: int
    kind: AttemptKind
    at: datetime
    outcome: Outcome
    problem: str | None = None
    status: int | None = None
    answer: str = ""
    seconds: float = 0
    reference: str | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What the holder brings. `room`: how many more deliveries it can take on, given what is known of the partner."""

    partner: str
    holder: str
    room: Callable[[PartnerRow], int]
    asked: Sequence[tuple[PartnerCommand, Asker]] = ()
    tried: Sequence[Tried] = ()
    under_way: int = 0


@dataclass(frozen=True, slots=True)
class Turned:
    """What it takes away: what it put there, what it tried, as it stands now, and what to ask.

    `idle`: there is nothing to do now, and the lane was let go.
    """

    partner: PartnerRow
    put: list[DeliveryRow]
    tried: list[DeliveryRow]
    taken: list[DeliveryRow]
    idle: bool


@dataclass(slots=True)
class _Weather:
    """What a turn's attempts say of the partner as a whole."""

    reached: bool = False
    away: bool = False
    wish: timedelta | None = None


async def take_turn(session: AsyncSession, turn: Turn, now: datetime) -> Turned | None:
    """One turn, or None where another process holds the lane: nothing is written then.

    Raises `NotFound` (`unknown_partner`).
    """
    lane = await _held(session, turn, now)
    if lane is None:
        return None
    cut_off = [] if lane.held_by == turn.holder else await _cut_off(session, turn.partner, now)
    lane.held_by, lane.held_until = turn.holder, now + HELD_FOR
    _judge(lane, turn.tried, now)
    tried = await _record(session, lane, [*cut_off, *turn.tried], now)
    stored = [await put(session, command, asker, now) for command, asker in turn.asked]
    partner = await find_partner(session, turn.partner)
    room = turn.room(partner)
    taken = await _next(session, partner, lane, _room(partner, lane, turn, room, now), now)
    # Without room nobody has looked.
    idle = room > 0 and not taken and not turn.under_way
    if idle:
        lane.held_by, lane.held_until = None, None
    await session.flush()
    return Turned(partner, stored, tried, taken, idle)


async def let_go(session: AsyncSession, partner: str, holder: str) -> None:
    """Leave the lane to others. What is still marked as being asked is then of unknown outcome."""
    lane = await session.get(LaneRow, partner, with_for_update=True)
    if lane is not None and lane.held_by == holder:
        lane.held_by, lane.held_until = None, None


def pause_after(attempts: int, longest: timedelta) -> timedelta:
    """One second after the first attempt, then twice as long each time; never in step with others."""
    seconds = min(FIRST_REST.total_seconds() * 2 ** min(attempts - 1, 20), longest.total_seconds())
    return timedelta(seconds=seconds * uniform(1 - JITTER, 1 + JITTER))


def kind_of(status: str) -> AttemptKind:
    """What is asked next of the partner: an unknown outcome is looked up, never blindly repeated (invariant 9)."""
    return AttemptKind.LOOK_UP if status == DeliveryStatus.UNKNOWN else AttemptKind.SEND


async def _held(session: AsyncSession, turn: Turn, now: datetime) -> LaneRow | None:
    lane = await session.get(LaneRow, turn.partner, with_for_update=True)
    if lane is None:
        insert = insert_if_new(table_of(LaneRow), session.get_bind().dialect.name)
        await session.execute(insert, {"partner": turn.partner, "failures": 0})
        lane = await session.get_one(LaneRow, turn.partner, with_for_update=True)
    taken = lane.held_by is not None and lane.held_by != turn.holder
    return None if taken and lane.held_until is not None and lane.held_until > now else lane


async def _cut_off(session: AsyncSession, partner: str, now: datetime) -> list[Tried]:
    """What the last holder was asking when it died."""
    marked = (
        select(DeliveryRow)
        .where(col(DeliveryRow.partner) == partner, IS_OPEN, col(DeliveryRow.sending_since).is_not(None))
        .with_for_update()
    )
    problem = "the process that asked ended before it knew the outcome"
    return [
        Tried(row.number, kind_of(row.status), row.sending_since or now, Outcome.UNKNOWN, problem)
        for row in (await session.execute(marked)).scalars()
    ]


def _judge(lane: LaneRow, tried: Sequence[Tried], now: datetime) -> None:
    """Put a partner that was not reached to rest, and open its lane again at the first that was."""
    weather = _weather(tried)
    if weather.away:
        lane.failures = 1 if weather.reached else lane.failures + 1
        rest = pause_after(lane.failures, LONGEST_REST) if weather.wish is None else min(weather.wish, LONGEST_WISH)
        lane.resting_until = now + rest
    elif weather.reached:
        lane.failures, lane.resting_until = 0, None


def _weather(tried: Sequence[Tried]) -> _Weather:
    weather = _Weather()
    for each in tried:
        if each.outcome is Outcome.LATER or (each.outcome is Outcome.UNKNOWN and each.status is None):
            weather.away = True
            weather.wish = max(filter(None, (weather.wish, each.retry_after)), default=None)
        elif each.status is not None:
            weather.reached = True
    return weather


async def _record(session: AsyncSession, lane: LaneRow, tried: Sequence[Tried], now: datetime) -> list[DeliveryRow]:
    """Write the attempts; the deliveries as they stand after them."""
    if not tried:
        return []
    asked = select(DeliveryRow).where(col(DeliveryRow.number).in_([each.delivery for each in tried]))
    found = {row.number: row for row in (await session.execute(asked.with_for_update())).scalars()}
    for each in tried:
        row = found[each.delivery]
        row.attempts += 1
        row.last_attempt_at, row.sending_since = each.at, None
        session.add(_attempt(each, row.attempts))
        _become(row, each, lane, now)
    await give_up_what_came_back(session, found.values(), now)
    return list(found.values())


def _become(row: DeliveryRow, tried: Tried, lane: LaneRow, now: datetime) -> None:
    """What an attempt makes of its delivery."""
    row.reason, row.next_attempt_at = tried.problem, None
    match tried.outcome:
        case Outcome.TAKEN:
            row.status, row.reference, row.settled_at = DeliveryStatus.DELIVERED, tried.reference, now
        case Outcome.REFUSED:
            row.status, row.settled_at = DeliveryStatus.REFUSED, now
        case Outcome.NOT_TAKEN:
            row.status, row.next_attempt_at = DeliveryStatus.FAILING, now
        case Outcome.NO_LOOK_UP:
            row.status = DeliveryStatus.UNKNOWN
        case Outcome.LATER | Outcome.UNKNOWN:
            # A look-up that was not answered leaves the outcome as unknown as it was.
            known = tried.kind is AttemptKind.SEND and tried.outcome is Outcome.LATER
            row.status = DeliveryStatus.FAILING if known else DeliveryStatus.UNKNOWN
            row.next_attempt_at = _again_at(row, tried, lane, now)


def _again_at(row: DeliveryRow, tried: Tried, lane: LaneRow, now: datetime) -> datetime:
    if tried.status is not None and tried.outcome is Outcome.UNKNOWN:
        return now + pause_after(row.attempts, LONGEST_PAUSE)
    return now if lane.resting_until is None else lane.resting_until


def _room(partner: PartnerRow, lane: LaneRow, turn: Turn, room: int, now: datetime) -> int:
    """How many may be asked: none while the partner is paused or rests, and one that knocks for all after a rest."""
    if partner.paused_at is not None:
        return 0
    if not lane.failures:
        return room
    rests = lane.resting_until is not None and lane.resting_until > now
    return 0 if rests or turn.under_way else min(room, 1)


async def _next(
    session: AsyncSession, partner: PartnerRow, lane: LaneRow, room: int, now: datetime
) -> list[DeliveryRow]:
    """Mark what is to be asked now: of each journey the oldest that is not settled, so that its order is kept.

    Nothing that would move cells goes out while their identity is in doubt (invariant 3); what that keeps back keeps
    nothing else back.
    """
    if room <= 0:
        return []
    # Another one knocks the next time: a single command can be what the partner chokes on.
    order = [col(DeliveryRow.attempts)] if lane.failures else []
    due = (
        select(DeliveryRow)
        .where(
            col(DeliveryRow.partner) == partner.name,
            IS_OPEN,
            col(DeliveryRow.sending_since).is_(None),
            col(DeliveryRow.next_attempt_at) <= now,
            may_go_out(DeliveryRow),
            ~_behind_another(),
        )
        .order_by(*order, col(DeliveryRow.number))
        .limit(room)
        .with_for_update()
    )
    rows = list((await session.execute(due)).scalars())
    for row in rows:
        row.sending_since = now
    return rows


def _behind_another() -> ColumnElement[bool]:
    before = aliased(DeliveryRow)
    return exists().where(
        and_(
            col(before.partner) == col(DeliveryRow.partner),
            col(before.journey) == col(DeliveryRow.journey),
            is_open(before),
            may_go_out(before),
            col(before.number) < col(DeliveryRow.number),
        )
    )


def _attempt(tried: Tried, number: int) -> AttemptRow:
    return AttemptRow(
        delivery=tried.delivery,
        number=number,
        kind=tried.kind,
        at=tried.at,
        outcome=tried.outcome,
        problem=tried.problem,
        status=tried.status,
        answer=tried.answer,
        seconds=tried.seconds,
    )
