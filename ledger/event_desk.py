"""What operators do with events in the inbox: what can be decided without a journey is, on the record.

An event that its journey keeps waiting, or may judge once more, is the journey's: that alone sequences its facts.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from ledger.inbox import look_up
from ledger.operations import put_operation
from ledger.tables import InboxRow
from schemas.errors import Conflict, Flaw
from schemas.facts import EventStatus
from schemas.operations import OnEvent

DISMISSIBLE = (EventStatus.UNMATCHED, EventStatus.LATE, EventStatus.REFUSED, EventStatus.QUARANTINED)
"""What a person can give up without asking a journey: nothing will come of it by itself."""

RELEASABLE = (EventStatus.HELD, EventStatus.LATE, EventStatus.REFUSED)
"""What a journey can be asked to judge once more."""

_PENDING = (EventStatus.RECEIVED, EventStatus.UNMATCHED, EventStatus.HELD)


async def dismiss(
    session: AsyncSession, source: str, event_id: str, *, by: str, reason: str, now: datetime, closed: bool = False
) -> InboxRow:
    """Give up an event from which nothing will come by itself. Again is the same as once.

    `closed`: its journey has ended, so that one which still waits there waits for nobody. Raises `NotFound`
    (`unknown_event`) and `Conflict` (`event_pending`, `event_settled`).
    """
    row = await look_up(session, source, event_id, lock=True)
    if row.status == EventStatus.DISMISSED:
        return row
    if row.status not in DISMISSIBLE and not (closed and row.status == EventStatus.HELD):
        raise not_now(row)
    row.status, row.reason, row.decided_by = EventStatus.DISMISSED.value, reason, by
    said = OnEvent(source=source, event=event_id, reason=reason)
    await put_operation(session, "inbox", "event.dismissed", said, by, now)
    return row


def not_now(row: InboxRow) -> Conflict:
    """Why an event as it stands leaves an operator nothing to decide."""
    if row.status in _PENDING:
        return Conflict("event_pending", f"The event is {row.status}: its journey has not had its say yet.")
    if row.status == EventStatus.QUARANTINED:
        flaw = Flaw(pointer="/id", code=row.reason or "unreadable", detail="it could not be read")
        return Conflict("event_without_effect", "It could not be read, so no journey can judge it.", [flaw])
    return Conflict("event_settled", f"The event is {row.status}: that is not undone.")
