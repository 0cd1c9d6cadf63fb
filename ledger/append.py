"""Putting facts on the record: gapless, chained, once however often it is asked; all of a batch or none.

Everything happens in the caller's transaction, under the lock of `ledger_head`, which makes appends wait for each
other: so positions are given in the order in which they become visible.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from ledger.after_close import disposal
from ledger.crosswalk import claim
from ledger.database import Database
from ledger.identity import holds_of, notice_doubt, refuse_while_held
from ledger.judging import hands_over, judge_handed_over
from ledger.outcomes import tell_inbox
from ledger.projections import apply, moves, settle, shapes
from ledger.quarantine import show_quarantined
from ledger.rebuild import remade
from ledger.record import (
    Positions,
    first_difference,
    last_seq,
    on_record,
    put_on_record,
    refuse_gaps,
    renumbered,
    take_positions,
)
from ledger.supersede import forget, is_outdated, notice, numbering, outranks
from ledger.view import ENTRY, JOURNEY, View, copy_of, load, store
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


@dataclass(frozen=True, slots=True)
class _Standing:
    """How a journey stands after a batch: its newest entry is number `last`, and entries' numbers are higher by
    `offset` than its own. Unless it is `doubted`, no hold holds it but for what the batch brings."""

    last: int
    offset: int
    doubted: bool


_SEQ_OFFSET = select(JOURNEY.c.seq_offset).where(JOURNEY.c.coi == bindparam("coi"))


async def append(session: AsyncSession, batch: Batch, recorded_at: datetime) -> Appended:
    """Put a batch on the record, with its projections and the outcomes of its events.

    Facts that are on record already are skipped, so a repeat is harmless; the rest is appended. Raises `Conflict`
    where the record has another fact under a number or lacks the one before (`ledger_conflict`), or where a new fact
    would move a journey whose identity is in doubt (`identity_held`); `Invalid` for a fact that cannot be read. After
    either the transaction must be rolled back. A batch of a later epoch is no contradiction: what it judged anew
    supersedes what a lost worker wrote (`ledger.supersede`).
    """
    appended = await _in_step(session, append_in_step, batch, recorded_at)
    await judge_handed_over(session, batch, recorded_at)
    return appended


async def append_alone(database: Database, batch: Batch, recorded_at: datetime) -> Appended:
    """The same as `append`, in a transaction of its own, which is rolled back after a refusal."""
    if hands_over(batch):
        async with database.writing() as session:
            return await append(session, batch, recorded_at)
    with _refused_where_it_contradicts():
        return await database.in_step(append_in_step, batch, recorded_at)


async def append_after_close(
    session: AsyncSession, coi: str, events: Sequence[PartnerEvent], recorded_at: datetime
) -> Appended:
    """Record events that came after the journey's end, once each; nobody numbers them any more but we.

    They are late, but for what becomes of material that was kept: that still has its effect (`ledger.after_close`).

    Raises `Conflict` while the journey is not closed: until then its workflow numbers its facts.
    """
    return await _in_step(session, _append_after_close, coi, events, recorded_at)


async def _in_step(
    session: AsyncSession,
    work: Callable[Concatenate[Session, Arguments], Result],
    *args: Arguments.args,
    **kwargs: Arguments.kwargs,
) -> Result:
    with _refused_where_it_contradicts():
        return await session.run_sync(work, *args, **kwargs)


@contextmanager
def _refused_where_it_contradicts() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise Conflict("ledger_conflict", "It contradicts what is on record.") from None


def append_in_step(session: Session, batch: Batch, recorded_at: datetime) -> Appended:
    """The same as `append`, for what already runs in step with the database."""
    connection = session.connection()
    standing = _record(connection, batch, recorded_at) if batch.facts else _standing(connection, batch.coi)
    offset = standing.offset
    # Of all facts, not only of the new ones: whoever repeats a batch has not heard the first answer.
    taken = claim(connection, batch)
    entries = numbering(connection, batch.coi).entries(batch.facts) if offset else batch.facts
    doubted = notice_doubt(connection, batch.coi, entries, taken, recorded_at) or standing.doubted
    tell_inbox(connection, batch)
    show_quarantined(connection, batch.coi, batch.facts, recorded_at)
    holds = holds_of(connection, batch.coi) if doubted else ()
    return Appended(last_seq=standing.last - offset, offset=offset, taken=taken, holds=holds)


def _record(connection: Connection, batch: Batch, recorded_at: datetime) -> _Standing:
    """Put the facts on record and on the pages."""
    refuse_gaps(batch.facts)
    # The lock before the look: what is on record cannot change between the two.
    positions = Positions(connection, len(batch.facts))
    touched = {"shape": any(map(shapes, batch.facts)), "custody": any(map(moves, batch.facts))}
    before = load(connection, batch.coi, **touched)
    offset: int = before.journey["seq_offset"] if before.journey is not None else 0
    # Without an offset nothing was ever set aside: the usual case, and then no notice needs to be looked for.
    facts = numbering(connection, batch.coi).entries(batch.facts) if offset else batch.facts
    there = on_record(connection, batch.coi, facts[0].seq, facts[-1].seq, before.newest)
    different = first_difference(facts, there)
    if different is not None:
        again = batch.facts[facts.index(different) :]
        return _supersede(connection, batch, before, different.seq, again, positions, recorded_at)
    if is_outdated(batch, before) and facts[-1].seq not in there:
        raise Conflict("ledger_conflict", f"{batch.coi}: the workflow task of this batch has been done again since.")
    if before.doubted:
        refuse_while_held(connection, batch.coi, (fact for fact in facts if fact.seq not in there))
    new = put_on_record(connection, batch.coi, facts, there, positions, recorded_at)
    if new:
        _project(connection, before, new, offset, batch.epoch)
    newest = before.newest[0] if before.newest is not None else 0
    return _Standing(max(newest, facts[-1].seq), offset, before.doubted)


def _project(connection: Connection, before: View, new: Sequence[Fact], offset: int, epoch: datetime | None) -> None:
    after = copy_of(before)
    for fact in new:
        apply(after, fact)
    if any(shapes(fact) for fact in new):
        settle(after)
    _store(connection, before, after, offset, epoch)


def _supersede(
    connection: Connection,
    batch: Batch,
    before: View,
    first: int,
    again: Sequence[Fact],
    positions: Positions,
    recorded_at: datetime,
) -> _Standing:
    """Set aside what a lost worker wrote, from entry `first` on, and put on record what was judged instead."""
    if not outranks(batch, before):
        raise Conflict("ledger_conflict", f"{batch.coi} has another entry under number {first}.")
    refuse_while_held(connection, batch.coi, again)
    last = last_seq(connection, batch.coi)
    there = on_record(connection, batch.coi, first, last)
    forget(connection, batch.coi, first, [there[seq] for seq in range(first, last + 1)])
    offset = last + 2 - again[0].seq
    facts = [notice(batch, first, last), *renumbered(again, offset)]
    put_on_record(connection, batch.coi, facts, there, positions, recorded_at)
    _store(connection, View(batch.coi, journey=before.journey), remade(connection, batch.coi), offset, batch.epoch)
    return _Standing(facts[-1].seq, offset, before.doubted)


def _store(connection: Connection, before: View, after: View, offset: int, epoch: datetime | None) -> None:
    assert after.journey is not None, "a journey's first fact makes its row"
    recorded = before.journey["epoch"] if before.journey is not None else None
    after.journey.update(seq_offset=offset, epoch=epoch or recorded)
    store(connection, before, after)


def _standing(connection: Connection, coi: str) -> _Standing:
    return _Standing(last_seq(connection, coi), _offset(connection, coi), doubted=True)


def _offset(connection: Connection, coi: str) -> int:
    offset: int | None = connection.execute(_SEQ_OFFSET, {"coi": coi}).scalar_one_or_none()
    return offset or 0


def _append_after_close(session: Session, coi: str, events: Sequence[PartnerEvent], recorded_at: datetime) -> Appended:
    connection = session.connection()
    # The lock before the look: what is on record cannot change between the two.
    take_positions(connection, 0)
    _refuse_unless_closed(connection, coi)
    # These are numbered as a journey would go on numbering, which is not as its entries are where some do not count.
    appended = append_in_step(session, Batch(coi=coi), recorded_at)
    for event in events:
        # Each sees what the one before it has changed.
        seq = last_seq(connection, coi) - _offset(connection, coi) + 1
        recorded_as = _recorded_as(connection, coi, event)
        fact = (disposal(connection, coi, seq, event) or _late(seq, event)) if recorded_as is None else None
        facts = (fact,) if fact is not None else ()
        batch = Batch(coi=coi, facts=facts, outcomes=(_outcome(event, recorded_as, fact),))
        appended = append_in_step(session, batch, recorded_at)
    return appended


def _outcome(event: PartnerEvent, recorded_as: str | None, fact: Fact | None) -> EventOutcome:
    if "event.late" in (recorded_as, fact.type if fact else None):
        return EventOutcome(source=event.source, id=event.id, status=EventStatus.LATE, reason=JOURNEY_CLOSED)
    status = EventStatus.DUPLICATE if fact is None else EventStatus.APPLIED
    return EventOutcome(source=event.source, id=event.id, status=status)


def _refuse_unless_closed(connection: Connection, coi: str) -> None:
    status = connection.execute(select(JOURNEY.c.status).where(JOURNEY.c.coi == coi)).scalar_one_or_none()
    if status not in ("completed", "cancelled"):
        raise Conflict("ledger_conflict", f"{coi} is not closed: its workflow judges what is said of it.")


def _recorded_as(connection: Connection, coi: str, event: PartnerEvent) -> str | None:
    of_event = (ENTRY.c.journey == coi, ENTRY.c.source == event.source, ENTRY.c.event_id == event.id)
    newest = select(ENTRY.c.type).where(*of_event).order_by(ENTRY.c.seq.desc()).limit(1)
    found: Any = connection.execute(newest).scalar_one_or_none()
    return None if found is None else str(found)


def _late(seq: int, event: PartnerEvent) -> Fact:
    data = EventWithoutEffect(event_type=event.type, subject=event.subject, reason=JOURNEY_CLOSED, said=event.data)
    return event_fact(seq, event, "event.late", data)
