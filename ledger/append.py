"""Putting facts on the record: gapless, chained, once however often it is asked; all of a batch or none.

Everything happens in the caller's transaction, under the lock of `ledger_head`, which makes appends wait for each
other: so positions are given in the order in which they become visible.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from ledger.crosswalk import claim
from ledger.outcomes import tell_inbox
from ledger.projections import apply, settle, shapes
from ledger.record import last_seq, put_on_record, take_positions
from ledger.view import ENTRY, JOURNEY, copy_of, load, store
from schemas.errors import Conflict
from schemas.events import PartnerEvent
from schemas.facts import (
    Appended,
    Batch,
    EventOutcome,
    EventStatus,
    EventWithoutEffect,
    Fact,
    event_fact,
)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

JOURNEY_CLOSED = "journey_closed"
"""The reason of an event that came after the end."""


async def append(session: AsyncSession, batch: Batch, recorded_at: datetime) -> Appended:
    """Put a batch on the record, with its projections and the outcomes of its events.

    Facts that are on record already are skipped, so a repeat is harmless; the rest is appended. Raises `Conflict`
    (`ledger_conflict`) where the record has another fact under a number or lacks the one before; `Invalid` for
    a fact that cannot be read. After either the transaction must be rolled back.
    """
    return await _in_step(session, _append, batch, recorded_at)


async def append_after_close(
    session: AsyncSession, coi: str, events: Sequence[PartnerEvent], recorded_at: datetime
) -> Appended:
    """Record events that came after the journey's end as late, once each; nobody numbers them any more but we.

    Raises `Conflict` while the journey is not closed: until then its workflow numbers its facts.
    """
    return await _in_step(session, _append_after_close, coi, events, recorded_at)


async def _in_step(
    session: AsyncSession,
    work: Callable[Concatenate[Session, Arguments], Result],
    *args: Arguments.args,
    **kwargs: Arguments.kwargs,
) -> Result:
    # One hop into synchronous code for all statements: a hop for each would cost more than the statements.
    try:
        return await session.run_sync(work, *args, **kwargs)
    except IntegrityError:
        raise Conflict("ledger_conflict", "It contradicts what is on record.") from None


def _append(session: Session, batch: Batch, recorded_at: datetime) -> Appended:
    connection = session.connection()
    new = put_on_record(connection, batch, recorded_at) if batch.facts else []
    if new:
        _project(connection, batch.coi, new)
    # Of all facts, not only of the new ones: whoever repeats a batch has not heard the first answer.
    taken = claim(connection, batch)
    tell_inbox(connection, batch)
    newest = new[-1].seq if new else last_seq(connection, batch.coi)
    return Appended(last_seq=newest, taken=taken)


def _project(connection: Connection, coi: str, new: Sequence[Fact]) -> None:
    shape = any(shapes(fact) for fact in new)
    before = load(connection, coi, shape=shape)
    after = copy_of(before)
    for fact in new:
        apply(after, fact)
    if shape:
        settle(after)
    store(connection, before, after)


def _append_after_close(session: Session, coi: str, events: Sequence[PartnerEvent], recorded_at: datetime) -> Appended:
    connection = session.connection()
    # The lock before the look: what is on record cannot change between the two.
    take_positions(connection, 0)
    _refuse_unless_closed(connection, coi)
    seq = last_seq(connection, coi)
    facts: list[Fact] = []
    outcomes: list[EventOutcome] = []
    for event in events:
        recorded_as = _recorded_as(connection, coi, event)
        if recorded_as is None and not any((event.source, event.id) == (f.source, f.event_id) for f in facts):
            facts.append(_late(seq + len(facts) + 1, event))
        status = EventStatus.LATE if recorded_as in (None, "event.late") else EventStatus.DUPLICATE
        reason = JOURNEY_CLOSED if status is EventStatus.LATE else None
        outcomes.append(EventOutcome(source=event.source, id=event.id, status=status, reason=reason))
    batch = Batch(coi=coi, facts=tuple(facts), outcomes=tuple(outcomes))
    return _append(session, batch, recorded_at)


def _refuse_unless_closed(connection: Connection, coi: str) -> None:
    status = connection.execute(select(JOURNEY.c.status).where(JOURNEY.c.coi == coi)).scalar_one_or_none()
    if status not in ("completed", "cancelled"):
        raise Conflict("ledger_conflict", f"{coi} is not closed: its workflow judges what is said of it.")


def _recorded_as(connection: Connection, coi: str, event: PartnerEvent) -> str | None:
    of_event = (ENTRY.c.journey == coi, ENTRY.c.source == event.source, ENTRY.c.event_id == event.id)
    found: Any = connection.execute(select(ENTRY.c.type).where(*of_event).limit(1)).scalar_one_or_none()
    return None if found is None else str(found)


def _late(seq: int, event: PartnerEvent) -> Fact:
    data = EventWithoutEffect(event_type=event.type, subject=event.subject, reason=JOURNEY_CLOSED, said=event.data)
    return event_fact(seq, event, "event.late", data)
