"""When a worker is lost between its append and the end of its workflow task, nobody acts on what it had appended.

Temporal gives the task to another worker, which judges again, together with whatever has arrived meanwhile; its
facts can differ from those on record. A record is never changed (invariant 5): the entries that do not count
stay, an entry that says so follows them, then the facts that count. From there on the journey's own numbers and its
entries' numbers differ by the journey's `seq_offset`.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, RowMapping, bindparam, select

from ledger.outcomes import INBOX
from ledger.view import DEVIATION, ENTRY, MATERIAL, STAGE, TASK, View
from schemas.facts import CLEW, Batch, EventStatus, Fact, RecordSuperseded

SUPERSEDED = "record.superseded"

_NOTICES = (
    select(ENTRY.c.data).where(ENTRY.c.journey == bindparam("coi"), ENTRY.c.type == SUPERSEDED).order_by(ENTRY.c.seq)
)

_HEAR_AGAIN = (
    INBOX.update()
    .where(INBOX.c.source == bindparam("of_source"), INBOX.c.id == bindparam("of_id"))
    .values(status=EventStatus.RECEIVED.value, reason=None)
)


class Numbering:
    """Which entry bears a fact, by the journey's own number of it: where facts were set aside, another one does."""

    def __init__(self, notices: Iterable[dict[str, int]] = ()) -> None:
        self._from_on = [(1, 0)]
        for data in notices:
            own = self._own(data["first"])
            self._from_on = [each for each in self._from_on if each[0] < own] + [(own, data["last"] + 2 - own)]

    def entry(self, own: int) -> int:
        """The number of the entry of a fact."""
        return own + next((offset for first, offset in reversed(self._from_on) if first <= own), 0)

    def entries(self, facts: Sequence[Fact]) -> list[Fact]:
        """The facts under their entries' numbers."""
        return [fact.model_copy(update={"seq": self.entry(fact.seq)}) for fact in facts]

    def _own(self, entry: int) -> int:
        return next(entry - offset for first, offset in reversed(self._from_on) if entry - offset >= first)


def numbering(connection: Connection, coi: str) -> Numbering:
    """A journey's numbering, as its notices make it."""
    return Numbering(connection.execute(_NOTICES, {"coi": coi}).scalars())


def outranks(batch: Batch, view: View) -> bool:
    """Whether a batch was judged in a later workflow task than the newest entry."""
    recorded = view.journey["epoch"] if view.journey is not None else None
    return batch.epoch is not None and recorded is not None and batch.epoch > recorded


def is_outdated(batch: Batch, view: View) -> bool:
    """Whether a batch comes from a workflow task that has been done again since: its worker only seemed lost."""
    recorded = view.journey["epoch"] if view.journey is not None else None
    return batch.epoch is not None and recorded is not None and batch.epoch < recorded


def notice(batch: Batch, first: int, last: int) -> Fact:
    """The entry after entries `first` to `last` that says that they do not count."""
    assert batch.epoch is not None, "only a batch with an epoch outranks what is on record"
    data = RecordSuperseded(first=first, last=last).model_dump(mode="json", exclude_defaults=True)
    return Fact(seq=last + 1, type=SUPERSEDED, occurred_at=batch.epoch, actor=CLEW, data=data)


def forget(connection: Connection, coi: str, entries: Iterable[RowMapping]) -> None:
    """Undo what superseded entries did beside the record: their events await the journey's word again."""
    heard = [{"of_source": row["source"], "of_id": row["event_id"]} for row in entries if row["event_id"] is not None]
    if heard:
        connection.execute(_HEAR_AGAIN, heard)
    for table in (STAGE, TASK, DEVIATION, MATERIAL):
        connection.execute(table.delete().where(table.c.journey == coi))


def superseded(connection: Connection, coi: str) -> set[int]:
    """The numbers of a journey's entries that do not count."""
    return numbers(list(connection.execute(_NOTICES, {"coi": coi}).scalars()))


def numbers(notices: Sequence[dict[str, int]]) -> set[int]:
    """The numbers that the data of `record.superseded` entries name."""
    return {seq for data in notices for seq in range(data["first"], data["last"] + 1)}
