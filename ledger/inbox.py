"""The inbox: an event is acknowledged when it is committed here, and stays until its journey has judged it.

unmatched ──(its subject becomes known)──> received ──(the journey's word, written with the ledger)──> applied, …
    └──(a person gives it up)──> dismissed            held, late, refused ──(a person decides)──> applied, dismissed
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, bindparam, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlmodel import col

from ledger.statements import table_of
from ledger.tables import IdentifierRow, InboxRow, JourneyRow
from schemas.errors import Conflict, Flaw, NotFound
from schemas.events import PartnerEvent
from schemas.facts import EventStatus

Key = tuple[str, str]
"""Source and id: the identity of an event."""

DELIVER_AGAIN_AFTER = (timedelta(seconds=60), timedelta(minutes=5), timedelta(minutes=30))
"""How long a delivered event may stay without an outcome after its first, second and every later delivery."""

_KEYS_A_STATEMENT = 500
"""Both databases limit how many values one statement may carry."""

INBOX = table_of(InboxRow)
_KEY = tuple_(INBOX.c.source, INBOX.c.id)
_AMONG = _KEY.in_(bindparam("keys", expanding=True))


def _to_deliver() -> ColumnElement[bool]:
    """Has a journey, and was not delivered, or so long ago that the journey should have answered."""
    delivered, attempts, last = INBOX.c.delivered_at, INBOX.c.attempts, len(DELIVER_AGAIN_AFTER)
    again = [
        and_(attempts >= times if times == last else attempts == times, delivered <= bindparam(f"before_{times}"))
        for times in range(1, last + 1)
    ]
    return and_(INBOX.c.status == EventStatus.RECEIVED.value, or_(delivered.is_(None), *again))


def _moments(now: datetime) -> dict[str, datetime]:
    """The moments that `_to_deliver` compares with."""
    return {f"before_{times}": now - pause for times, pause in enumerate(DELIVER_AGAIN_AFTER, start=1)}


# Made once: to put such a statement together costs more than to run it.
_KNOWN = select(INBOX.c.fingerprint, INBOX.c.source, INBOX.c.id, INBOX.c.status, INBOX.c.reason, INBOX.c.journey).where(
    _AMONG
)
_OWNERS = select(col(IdentifierRow.value), col(IdentifierRow.journey)).where(
    col(IdentifierRow.value).in_(bindparam("subjects", expanding=True))
)
_UNDELIVERED = (
    select(INBOX.c.journey, INBOX.c.event, INBOX.c.received_at, col(JourneyRow.started_at))
    .join(JourneyRow, col(JourneyRow.coi) == INBOX.c.journey)
    .where(INBOX.c.journey.in_(bindparam("journeys", expanding=True)), _to_deliver())
    .order_by(INBOX.c.received_at, INBOX.c.source, INBOX.c.id)
    .limit(bindparam("most"))
)
_BEHIND = (
    select(INBOX.c.journey)
    .where(INBOX.c.received_at <= bindparam("received_before"), INBOX.c.journey.is_not(None), _to_deliver())
    .group_by(INBOX.c.journey)
    .order_by(func.min(INBOX.c.received_at))
    .limit(bindparam("most"))
)
_DELIVERED = INBOX.update().where(_AMONG).values(delivered_at=bindparam("now"), attempts=INBOX.c.attempts + 1)


@dataclass(frozen=True)
class Incoming:
    """An event that was read, and the message that it came in."""

    event: PartnerEvent
    body: dict[str, Any]

    @property
    def key(self) -> Key:
        return self.event.source, self.event.id

    @cached_property
    def fingerprint(self) -> str:
        return self.event.fingerprint()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an event stands."""

    source: str
    id: str
    status: str
    reason: str | None
    journey: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event on its way to its journey."""

    journey: str
    started: bool
    received_at: datetime
    event: PartnerEvent

    @property
    def key(self) -> Key:
        return self.event.source, self.event.id


@dataclass(frozen=True, slots=True)
class Backlog:
    """What the inbox still holds: not delivered, the oldest of those, and not matched."""

    undelivered: int
    oldest: datetime | None
    unmatched: int


async def receive(
    session: AsyncSession, groups: Sequence[Sequence[Incoming]], received_at: datetime
) -> list[list[Standing] | Conflict]:
    """The same as `receive_in_step`, in a transaction that does more than this."""
    return await session.run_sync(receive_in_step, groups, received_at)


def receive_in_step(
    session: Session, groups: Sequence[Sequence[Incoming]], received_at: datetime
) -> list[list[Standing] | Conflict]:
    """Store each group whole or not at all; in the order of the groups, what became of each.

    A group with an event that is on record with other content comes back as its `Conflict`. Raises
    `IntegrityError` if another process stored one of the events at the same moment: the caller asks again.
    """
    everything = [incoming for group in groups for incoming in group]
    known = _fingerprints(session, {incoming.key for incoming in everything})
    standing = {key: each for key, (_, each) in known.items()}
    prints = {key: fingerprint for key, (fingerprint, _) in known.items()}
    journeys = _journeys(session, {incoming.event.subject for incoming in everything})
    rows: dict[Key, dict[str, Any]] = {}
    results: list[list[Standing] | Conflict] = []
    for group in groups:
        fresh = _fresh(group, prints)
        if isinstance(fresh, Conflict):
            results.append(fresh)
            continue
        for key, incoming in fresh.items():
            prints[key] = incoming.fingerprint
            rows[key] = _row(incoming, journeys, received_at)
            standing[key] = _standing(rows[key])
        results.append([standing[incoming.key] for incoming in group])
    if rows:
        # In one order everywhere, so that two processes never wait for each other's rows.
        session.execute(INBOX.insert(), [rows[key] for key in sorted(rows)])
    return results


async def look_up(session: AsyncSession, source: str, event_id: str, *, lock: bool = False) -> InboxRow:
    """The event on record; `lock`: nobody else can change it meanwhile. Raises `NotFound` (`unknown_event`)."""
    # PostgreSQL takes no NUL, not even in a question.
    printable = source.isprintable() and event_id.isprintable()
    row = await session.get(InboxRow, (source, event_id), with_for_update=lock) if printable else None
    if row is None:
        raise NotFound("unknown_event", "No event is on record under that source and id.")
    return row


async def match_unmatched(session: AsyncSession) -> set[str]:
    """Give every unmatched event whose subject has become known its journey; which journeys those are."""
    unmatched = col(InboxRow.status) == EventStatus.UNMATCHED
    subject = col(IdentifierRow.value) == col(InboxRow.subject)
    journey = select(col(IdentifierRow.journey)).where(subject).scalar_subquery()
    known = select(col(IdentifierRow.value)).where(subject).exists()
    result = await session.execute(
        update(InboxRow)
        .where(unmatched, known)
        .values(status=EventStatus.RECEIVED.value, journey=journey)
        .returning(col(InboxRow.journey))
        .execution_options(synchronize_session=False)
    )
    return {journey for journey in result.scalars() if journey is not None}


async def matchable(session: AsyncSession) -> bool:
    """Whether `match_unmatched` would find anything; asked first, because reading stops no writer."""
    subject = col(IdentifierRow.value) == col(InboxRow.subject)
    found = select(col(InboxRow.id)).join(IdentifierRow, subject).where(col(InboxRow.status) == EventStatus.UNMATCHED)
    return (await session.execute(found.limit(1))).first() is not None


async def journeys_behind(session: AsyncSession, now: datetime, grace: timedelta, limit: int) -> list[str]:
    """Journeys with an event that should have been delivered by now, the longest waiting first.

    `grace`: how long an event is left to the process that acknowledged it.
    """
    asked = {"received_before": now - grace, "most": limit, **_moments(now)}
    return list((await session.execute(_BEHIND, asked)).scalars())


async def undelivered(session: AsyncSession, journeys: Iterable[str], now: datetime, limit: int) -> list[Waiting]:
    """What has to be delivered to these journeys, in the order of reception."""
    asked = {"journeys": list(journeys), "most": limit, **_moments(now)}
    result = await session.execute(_UNDELIVERED, asked)
    return [
        Waiting(journey, started_at is not None, received_at, PartnerEvent.model_validate(event))
        for journey, event, received_at, started_at in result
    ]


async def mark_delivered(session: AsyncSession, keys: Sequence[Key], now: datetime) -> None:
    """Note that Temporal has these events. Their status is the journey's to say."""
    for first in range(0, len(keys), _KEYS_A_STATEMENT):
        part = list(keys[first : first + _KEYS_A_STATEMENT])
        await session.execute(_DELIVERED, {"keys": part, "now": now})


async def backlog(session: AsyncSession) -> Backlog:
    """What is still waiting, for operators."""
    received = and_(col(InboxRow.status) == EventStatus.RECEIVED, col(InboxRow.delivered_at).is_(None))
    undelivered_, oldest = (
        await session.execute(select(func.count(), func.min(col(InboxRow.received_at))).where(received))
    ).one()
    unmatched = select(func.count()).where(col(InboxRow.status) == EventStatus.UNMATCHED)
    return Backlog(undelivered_, oldest, (await session.execute(unmatched)).scalar_one())


async def fingerprints(session: AsyncSession, keys: set[Key]) -> dict[Key, str]:
    """What is on record under these keys, by its fingerprint."""
    known = await session.run_sync(_fingerprints, keys)
    return {key: fingerprint for key, (fingerprint, _) in known.items()}


def _fingerprints(session: Session, keys: set[Key]) -> dict[Key, tuple[str, Standing]]:
    wanted = sorted(keys)
    found: dict[Key, tuple[str, Standing]] = {}
    for first in range(0, len(wanted), _KEYS_A_STATEMENT):
        part = wanted[first : first + _KEYS_A_STATEMENT]
        for row in session.execute(_KNOWN, {"keys": part}).mappings():
            found[row["source"], row["id"]] = (row["fingerprint"], _standing(row))
    return found


def _journeys(session: Session, subjects: set[str]) -> dict[str, str]:
    wanted = sorted(subjects)
    found: dict[str, str] = {}
    for first in range(0, len(wanted), _KEYS_A_STATEMENT):
        part = wanted[first : first + _KEYS_A_STATEMENT]
        found.update(session.execute(_OWNERS, {"subjects": part}).all())
    return found


def _fresh(group: Sequence[Incoming], prints: Mapping[Key, str]) -> dict[Key, Incoming] | Conflict:
    """The group's events that are not on record yet, or why the group cannot be stored."""
    fresh: dict[Key, Incoming] = {}
    for place, incoming in enumerate(group):
        before = fresh[incoming.key].fingerprint if incoming.key in fresh else prints.get(incoming.key)
        if before is None:
            fresh[incoming.key] = incoming
        elif before != incoming.fingerprint:
            where = f"/{place}/id" if len(group) > 1 else "/id"
            flaw = Flaw(pointer=where, code="event_conflict", detail="on record with other content")
            return Conflict(
                "event_conflict", "An event with this source and id is on record with other content.", [flaw]
            )
    return fresh


def _row(incoming: Incoming, journeys: Mapping[str, str], received_at: datetime) -> dict[str, Any]:
    event = incoming.event
    journey = journeys.get(event.subject)
    return {
        "source": event.source,
        "id": event.id,
        "type": event.type,
        "subject": event.subject,
        "occurred_at": event.occurred_at,
        "received_at": received_at,
        "fingerprint": incoming.fingerprint,
        "event": event.model_dump(mode="json", exclude_none=True),
        "body": incoming.body,
        "journey": journey,
        "status": (EventStatus.RECEIVED if journey else EventStatus.UNMATCHED).value,
        "reason": None,
        "attempts": 0,
    }


def _standing(row: Mapping[str, Any] | RowMapping) -> Standing:
    return Standing(row["source"], row["id"], row["status"], row["reason"], row["journey"])
