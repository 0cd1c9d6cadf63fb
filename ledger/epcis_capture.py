"""EPCIS documents that partners had captured: kept whole with what became of each event, in one transaction with that.

captured   its events are in the inbox, where the journey has its say on them
kept       nothing that a journey acts on
disputed   its sender declares an earlier event wrong: on the ledger, and in the inbox for a person to look at
refused    meant for a journey, and something is missing or contradicts
undone     could have been captured, but another event of the document was refused (`rollback`)
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger import inbox
from ledger.inbox import Incoming, Standing
from ledger.operations import put_operation
from ledger.tables import EpcisCaptureRow, IdentifierRow, InboxRow
from schemas.canonical import content_hash
from schemas.errors import Conflict, NotFound
from schemas.facts import EventStatus
from schemas.operations import OnEpcisEvent
from standards.epcis.heard import Setting, heard
from standards.epcis.names import gs1_key, identifier
from standards.epcis.reading import Writing, Written
from standards.epcis.unheard import Unheard

ERROR_DECLARED = "epcis.error_declared"


class Behaviour(StrEnum):
    """What a refused event means for the others of its document (EPCIS 2.0, `GS1-Capture-Error-Behaviour`)."""

    ROLLBACK = "rollback"
    PROCEED = "proceed"


class Outcome(StrEnum):
    """What became of an event."""

    CAPTURED = "captured"
    KEPT = "kept"
    DISPUTED = "disputed"
    REFUSED = "refused"
    UNDONE = "undone"


@dataclass(slots=True)
class _Case:
    """An event on its way to its outcome."""

    written: Written
    outcome: Outcome
    reason: str | None = None
    detail: str | None = None
    events: list[Incoming] = field(default_factory=list)

    def refuse(self, reason: str, detail: str) -> None:
        self.outcome, self.reason, self.detail, self.events = Outcome.REFUSED, reason, detail, []

    def as_row(self) -> dict[str, Any]:
        told = [{"source": each.event.source, "id": each.event.id, "type": each.event.type} for each in self.events]
        said = {"outcome": self.outcome.value, "reason": self.reason, "detail": self.detail, "told": told}
        return {"number": self.written.number, "eventID": self.written.key, **said}


Taken = tuple[EpcisCaptureRow, list[Standing]]
"""A job, and where the events stand that it brought just now."""


async def take(session: AsyncSession, body: bytes, writing: Writing, behaviour: Behaviour, now: datetime) -> Taken:
    """Keep a document and capture its events, or find its job: the same document again has no further effect."""
    sha256 = hashlib.sha256(body).hexdigest()
    job_id = hashlib.sha256(f"{behaviour}\n{sha256}".encode()).hexdigest()[:32]
    before = await session.get(EpcisCaptureRow, job_id)
    if before is not None:
        return before, []
    setting = replace(Setting.of(writing), keys=await _keys(session, writing))
    cases = [_judged(each, setting) for each in writing.events]
    standings = await _captured(session, cases, behaviour, now)
    for case in cases:
        if case.outcome is Outcome.DISPUTED:
            await _disputed(session, job_id, case.written, setting.source, now)
    row = EpcisCaptureRow(
        id=job_id,
        received_at=now,
        sender=writing.sender,
        behaviour=behaviour.value,
        sha256=sha256,
        body=body,
        success=not any(case.outcome is Outcome.REFUSED for case in cases),
        events=[case.as_row() for case in cases],
    )
    session.add(row)
    await session.flush()
    return row, standings


async def find(session: AsyncSession, job_id: str) -> EpcisCaptureRow:
    """Raises `NotFound` (`unknown_capture`)."""
    row = await session.get(EpcisCaptureRow, job_id) if job_id.isprintable() else None
    if row is None:
        raise NotFound("unknown_capture", "No capture job is known under that id.")
    return row


async def jobs(session: AsyncSession, after: Sequence[Any] | None, limit: int) -> Sequence[EpcisCaptureRow]:
    """Jobs, the newest first."""
    order = (col(EpcisCaptureRow.received_at), col(EpcisCaptureRow.id))
    query = select(EpcisCaptureRow)
    if after is not None:
        query = query.where(tuple_(*order) < tuple(after))
    return (await session.execute(query.order_by(*(each.desc() for each in order)).limit(limit))).scalars().all()


async def statuses(session: AsyncSession, row: EpcisCaptureRow) -> dict[tuple[str, str], str]:
    """Where the events of a job stand now, by source and id."""
    keys = [(told["source"], told["id"]) for event in row.events for told in event["told"]]
    key = (col(InboxRow.source), col(InboxRow.id))
    found: dict[tuple[str, str], str] = {}
    for first in range(0, len(keys), 500):
        query = select(*key, col(InboxRow.status)).where(tuple_(*key).in_(keys[first : first + 500]))
        found.update({(source, event): status for source, event, status in await session.execute(query)})
    return found


async def _keys(session: AsyncSession, writing: Writing) -> dict[str, str]:
    """The GS1 names in a document whose key is in the crosswalk as a scanner gives it."""
    names = {name for each in writing.events if each.event for name in each.event.things()}
    keys = {name: key for name in names if (key := gs1_key(name)) is not None}
    known: set[str] = set()
    for first in range(0, len(keys), 500):
        asked = list(keys.values())[first : first + 500]
        query = select(col(IdentifierRow.value)).where(col(IdentifierRow.value).in_(asked))
        known.update((await session.execute(query)).scalars())
    return {name: key for name, key in keys.items() if key in known}


def _judged(written: Written, setting: Setting) -> _Case:
    if written.event is not None and written.event.error_declaration is not None:
        return _Case(written, Outcome.DISPUTED, "error_declared")
    try:
        events = heard(written, setting)
    except Unheard as unheard:
        outcome = Outcome.REFUSED if unheard.wrong else Outcome.KEPT
        return _Case(written, outcome, unheard.reason, unheard.detail)
    return _Case(written, Outcome.CAPTURED, events=[Incoming(each, written.raw) for each in events])


async def _captured(
    session: AsyncSession, cases: Sequence[_Case], behaviour: Behaviour, now: datetime
) -> list[Standing]:
    """Put into the inbox what can be, all together or each by itself."""
    wanted = [case for case in cases if case.events]
    if behaviour is Behaviour.PROCEED:
        answers = await inbox.receive(session, [case.events for case in wanted], now)
        for case, answer in zip(wanted, answers, strict=True):
            if isinstance(answer, Conflict):
                case.refuse(answer.code, answer.detail)
        return [each for answer in answers if not isinstance(answer, Conflict) for each in answer]
    if not any(case.outcome is Outcome.REFUSED for case in cases):
        (together,) = await inbox.receive(session, [[each for case in wanted for each in case.events]], now)
        if not isinstance(together, Conflict):
            return together
        await _blame(session, wanted, together, now)
    for case in cases:
        if case.outcome in (Outcome.CAPTURED, Outcome.DISPUTED):
            case.outcome, case.reason, case.events = Outcome.UNDONE, "rolled_back", []
    return []


async def _blame(session: AsyncSession, wanted: Sequence[_Case], conflict: Conflict, now: datetime) -> None:
    """Say which events contradict what is on record."""
    known = await inbox.fingerprints(session, {each.key for case in wanted for each in case.events})
    for case in wanted:
        if any(known.get(each.key, each.fingerprint) != each.fingerprint for each in case.events):
            case.refuse(conflict.code, conflict.detail)


async def _disputed(session: AsyncSession, job_id: str, written: Written, source: str, now: datetime) -> None:
    """Nothing on record changes by it: it is put on record beside, and a person decides what it means."""
    assert written.event is not None and written.event.error_declaration is not None
    declaration = written.event.error_declaration
    reason = declaration.reason if declaration.reason in ("did_not_occur", "incorrect_data") else "declared_wrong"
    said = OnEpcisEvent(
        reason=reason, capture=job_id, event=written.key, instead=tuple(declaration.corrective_event_ids or ())
    )
    print_ = content_hash(written.raw)
    # Another word on the same event is another declaration, and somebody's to look at.
    key = f"{written.key}/error/{print_[:16]}"
    if await session.get(InboxRow, (source, key)) is not None:
        return
    await put_operation(session, "epcis", ERROR_DECLARED, said, source, now)
    subject, journey = await _concerned(session, written)
    session.add(
        InboxRow(
            source=source,
            id=key,
            type=ERROR_DECLARED,
            subject=subject,
            occurred_at=declaration.declaration_time,
            received_at=now,
            fingerprint=print_,
            event={},
            body=written.raw,
            journey=journey,
            status=EventStatus.QUARANTINED.value,
            reason="error_declared",
        )
    )


async def _concerned(session: AsyncSession, written: Written) -> tuple[str, str | None]:
    """Which identifier an event speaks of, and the journey that it leads to; the first that is known."""
    things = written.event.things() if written.event else ()
    names = [found for each in things if (found := identifier(each)) is not None]
    for name in names[:100]:
        owner = await session.get(IdentifierRow, name)
        if owner is not None:
            return name, owner.journey
    return (names[0] if names else written.key), None
