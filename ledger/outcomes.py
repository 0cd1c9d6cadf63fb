"""What became of the events in the inbox, as the journey says."""

from itertools import groupby

from sqlalchemy import Connection, String, Update, bindparam, func, or_

from ledger.statements import table_of
from ledger.tables import InboxRow
from schemas.facts import Batch, EventOutcome, EventStatus

INBOX = table_of(InboxRow)

UNDECIDED = (EventStatus.RECEIVED, EventStatus.UNMATCHED, EventStatus.HELD, EventStatus.DISMISSED)
"""What the journey's word replaces. Its other words are its last: a second delivery of an event that was applied
does not make it a duplicate. Where a person gave an event up and it was applied all the same, the record counts."""

RELEASABLE = (EventStatus.LATE, EventStatus.REFUSED)
"""What a person's release takes back."""


def _tell_where(*statuses: EventStatus) -> Update:
    """The statement that gives an event its outcome, where it has one of these so far."""
    # Not `IN`: SQLAlchemy cannot expand one in a statement for many rows.
    so_far = or_(*(INBOX.c.status == status.value for status in statuses))
    return (
        INBOX.update()
        .where(INBOX.c.source == bindparam("of_source"), INBOX.c.id == bindparam("of_id"), so_far)
        .values(
            status=bindparam("status"),
            reason=bindparam("reason"),
            journey=bindparam("journey"),
            decided_by=func.coalesce(bindparam("by", type_=String), INBOX.c.decided_by),
        )
    )


_TELL, _TAKE_BACK = _tell_where(*UNDECIDED), _tell_where(*RELEASABLE)


def tell_inbox(connection: Connection, batch: Batch) -> None:
    """Write the batch's outcomes to the events' rows; an event that was signalled directly has none."""
    # In the journey's order: a batch can hold a refusal, its release, and what came of that.
    for released, outcomes in groupby(batch.outcomes, key=lambda each: each.status is EventStatus.RECEIVED):
        told = [_values(batch.coi, outcome) for outcome in outcomes]
        connection.execute(_TAKE_BACK if released else _TELL, told)


def _values(coi: str, outcome: EventOutcome) -> dict[str, str | None]:
    return {
        "of_source": outcome.source,
        "of_id": outcome.id,
        "status": outcome.status.value,
        "reason": outcome.reason,
        "journey": coi,
        "by": outcome.by,
    }
