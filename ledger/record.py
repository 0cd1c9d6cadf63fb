"""The entries themselves: positions, the chain, the tree, and whether a fact is on record already."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, select

from ledger.chain import Line, data_text, genesis, line_hash
from ledger.statements import table_of
from ledger.tables import HeadRow
from ledger.tree import grow
from ledger.view import ENTRY
from schemas.base import iso
from schemas.errors import Conflict, Invalid
from schemas.facts import Fact

HEAD = table_of(HeadRow)

OnRecord = Mapping[int, Any]
"""A journey's entries by number. Of the one before those that were asked for, there may be no more than the hash."""

_TAKE = (
    HEAD.update().where(HEAD.c.id == 1).values(position=HEAD.c.position + bindparam("count")).returning(HEAD.c.position)
)
_BETWEEN = select(ENTRY).where(
    ENTRY.c.journey == bindparam("coi"), ENTRY.c.seq.between(bindparam("first"), bindparam("last"))
)
_LAST_SEQ = select(func.coalesce(func.max(ENTRY.c.seq), 0)).where(ENTRY.c.journey == bindparam("coi"))


def take_positions(connection: Connection, count: int) -> int:
    """Reserve positions and hold the ledger's lock until the transaction ends. Returns the last one reserved."""
    position: int = connection.execute(_TAKE, {"count": count}).scalar_one()
    return position


class Positions:
    """Positions taken before it is known how many are needed, and with them the ledger's lock."""

    def __init__(self, connection: Connection, count: int) -> None:
        self._connection = connection
        self._count, self._last = count, take_positions(connection, count)

    def just(self, count: int) -> int:
        """Keep so many: the rest is given back, what lacks is taken. Returns the last one."""
        if count != self._count:
            self._last = take_positions(self._connection, count - self._count)
            self._count = count
        return self._last


def last_seq(connection: Connection, coi: str) -> int:
    """The number of the journey's newest entry, 0 where it has none."""
    seq: int = connection.execute(_LAST_SEQ, {"coi": coi}).scalar_one()
    return seq


def on_record(
    connection: Connection, coi: str, first: int, last: int, newest: tuple[int, str] | None = None
) -> OnRecord:
    """The journey's entries from the one before `first` to `last`, by number.

    `newest`: number and hash of its newest entry, for whoever knows them; nothing is asked where `first` is newer.
    """
    if newest is not None and newest[0] < first:
        return {newest[0]: {"hash": newest[1]}}
    span = {"coi": coi, "first": first - 1, "last": last}
    return {row["seq"]: row for row in connection.execute(_BETWEEN, span).mappings()}


def first_difference(facts: Sequence[Fact], there: OnRecord) -> Fact | None:
    """The first fact under whose number something else is on record."""
    return next((fact for fact in facts if fact.seq in there and _differs(fact, there[fact.seq])), None)


def put_on_record(
    connection: Connection,
    coi: str,
    facts: Sequence[Fact],
    there: OnRecord,
    positions: Positions,
    recorded_at: datetime,
) -> list[Fact]:
    """Write the facts that are not on record yet, and return them. Raises `Conflict` where one before them lacks."""
    new = [fact for fact in facts if fact.seq not in there]
    position = positions.just(len(new))
    if new:
        rows = _chained(coi, new, position - len(new), _hash_before(coi, new[0].seq, there), recorded_at)
        connection.execute(ENTRY.insert(), rows)
        grow(connection, position - len(new), position)
    return new


def refuse_gaps(facts: Sequence[Fact]) -> None:
    """Raise `Conflict` unless the facts of a batch are numbered without a gap."""
    if [fact.seq for fact in facts] != list(range(facts[0].seq, facts[0].seq + len(facts))):
        raise Conflict("ledger_conflict", "The facts of a batch are numbered without a gap.")


def renumbered(facts: Sequence[Fact], offset: int) -> list[Fact]:
    """The facts under their entries' numbers."""
    return [fact.model_copy(update={"seq": fact.seq + offset}) for fact in facts] if offset else list(facts)


def _differs(fact: Fact, row: RowMapping) -> bool:
    said = (fact.type, fact.occurred_at, fact.actor, fact.source, fact.event_id)
    recorded = tuple(row[name] for name in ("type", "occurred_at", "actor", "source", "event_id"))
    return said != recorded or _text(fact) != data_text(row["data"])


def _hash_before(coi: str, seq: int, there: OnRecord) -> str:
    if seq == 1:
        return genesis(coi)
    if seq - 1 not in there:
        raise Conflict("ledger_conflict", f"{coi} has no entry number {seq - 1} that number {seq} could follow.")
    previous: str = there[seq - 1]["hash"]
    return previous


def _chained(coi: str, facts: Sequence[Fact], after: int, previous: str, recorded_at: datetime) -> list[dict[str, Any]]:
    rows = []
    for position, fact in enumerate(facts, start=after + 1):
        row = _row(coi, fact, position, previous, recorded_at)
        rows.append(row)
        previous = row["hash"]
    return rows


def _row(coi: str, fact: Fact, position: int, previous: str, recorded_at: datetime) -> dict[str, Any]:
    text = _text(fact)
    line = Line(
        position,
        coi,
        fact.seq,
        fact.type,
        iso(fact.occurred_at),
        iso(recorded_at),
        fact.actor,
        fact.source,
        fact.event_id,
        text,
        previous,
    )
    moments = {"occurred_at": fact.occurred_at, "recorded_at": recorded_at}
    return {**line._asdict(), **moments, "data": json.loads(text), "hash": line_hash(line)}


def _text(fact: Fact) -> str:
    try:
        return data_text(fact.data)
    except (ValueError, OverflowError):
        raise Invalid("malformed", f"Fact {fact.seq} holds what no database can keep.") from None
