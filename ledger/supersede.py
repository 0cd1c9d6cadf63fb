"""When a worker is lost between its append and the end of its workflow task, nobody acts on what it had appended.

Temporal gives the task to another worker, which judges again, together with whatever has arrived meanwhile; its
facts can differ from those on record. A record is never changed (invariant 5): the entries that do not count
stay, an entry that says so follows them, then the facts that count. From there on the journey's own numbers and its
entries' numbers differ by the journey's `seq_offset`.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, RowMapping, bindparam, select

from ledger.outcomes import INBOX
from ledger.view import CUSTODY, DEVIATION, EDGE, ENTRY, MATERIAL, STAGE, TASK, View
from schemas.entries import SUPERSEDED, numbers
from schemas.facts import CLEW, Batch, EventStatus, Fact, RecordSuperseded

_NOTICES = (
    select(ENTRY.c.data).where(ENTRY.c.journey == bindparam("coi"), ENTRY.c.type == SUPERSEDED).order_by(ENTRY.c.seq)
)

_CAME_TO_NOTHING = (
    select(ENTRY.c.seq, ENTRY.c.source, ENTRY.c.event_id, ENTRY.c.type, ENTRY.c.data)
    .where(
        ENTRY.c.journey == bindparam("coi"),
        ENTRY.c.seq < bindparam("first"),
        ENTRY.c.type.in_(("event.late", "event.refused")),
        ENTRY.c.event_id.in_(bindparam("ids", expanding=True)),
    )
    .order_by(ENTRY.c.seq)
)

_STANDS = (
    INBOX.update()
    .where(INBOX.c.source == bindparam("of_source"), INBOX.c.id == bindparam("of_id"))
    .values(status=bindparam("status"), reason=bindparam("reason"), decided_by=None)
)

Words = dict[tuple[str, str], tuple[str, str | None]]
"""Events by source and id, each with its status and the reason of that."""

_AWAITED = (EventStatus.RECEIVED.value, None)


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


def forget(connection: Connection, coi: str, first: int, entries: Sequence[RowMapping]) -> None:
    """Undo what superseded entries, from number `first` on, did beside the record.

    Their events await the journey's word again. One that a person had released stands as it did before, and one that
    was given up waits again: the journey has forgotten the decision, and would say nothing more of its own.
    """
    events = [row for row in entries if row["event_id"] is not None]
    words: Words = {(row["source"], row["event_id"]): _AWAITED for row in events}
    words |= _earlier_words(connection, coi, first, words)
    words |= {
        (row["source"], row["event_id"]): (EventStatus.HELD.value, row["data"]["waited_for"])
        for row in events
        if row["type"] == "event.given_up"
    }
    if words:
        rows = [{"of_source": key[0], "of_id": key[1], "status": w[0], "reason": w[1]} for key, w in words.items()]
        connection.execute(_STANDS, rows)
    for table in (STAGE, TASK, DEVIATION, MATERIAL, EDGE, CUSTODY):
        connection.execute(table.delete().where(table.c.journey == coi))


def _earlier_words(connection: Connection, coi: str, first: int, events: Iterable[tuple[str, str]]) -> Words:
    """Of these events, those that had come to nothing before entry `first`, and why."""
    keys, void = set(events), superseded(connection, coi)
    asked = {"coi": coi, "first": first, "ids": sorted({event_id for _, event_id in keys})}
    found = connection.execute(_CAME_TO_NOTHING, asked).mappings()
    return {
        (row["source"], row["event_id"]): (row["type"].removeprefix("event."), row["data"]["reason"])
        for row in found
        if row["seq"] not in void and (row["source"], row["event_id"]) in keys
    }


def superseded(connection: Connection, coi: str) -> set[int]:
    """The numbers of a journey's entries that do not count."""
    return numbers(connection.execute(_NOTICES, {"coi": coi}).scalars())
