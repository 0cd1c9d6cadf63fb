"""What became of the events in the inbox, as the journey says."""

from sqlalchemy import Connection, bindparam, or_

from ledger.statements import table_of
from ledger.tables import InboxRow
from schemas.facts import Batch, EventStatus

INBOX = table_of(InboxRow)

UNDECIDED = (EventStatus.RECEIVED, EventStatus.UNMATCHED, EventStatus.HELD, EventStatus.DISMISSED)
"""What the journey's word replaces. Its other words are its last: a second delivery of an event that was applied
does not make it a duplicate. Where a person gave an event up and it was applied all the same, the record counts."""

_TELL = (
    INBOX.update()
    .where(
        INBOX.c.source == bindparam("of_source"),
        INBOX.c.id == bindparam("of_id"),
        # Not `IN`: SQLAlchemy cannot expand one in a statement for many rows.
        or_(*(INBOX.c.status == status.value for status in UNDECIDED)),
    )
    .values(status=bindparam("status"), reason=bindparam("reason"), journey=bindparam("journey"))
)


def tell_inbox(connection: Connection, batch: Batch) -> None:
    """Write the batch's outcomes to the events' rows; an event that was signalled directly has none."""
    if batch.outcomes:
        told = [
            {
                "of_source": outcome.source,
                "of_id": outcome.id,
                "status": outcome.status.value,
                "reason": outcome.reason,
                "journey": batch.coi,
            }
            for outcome in batch.outcomes
        ]
        connection.execute(_TELL, told)
