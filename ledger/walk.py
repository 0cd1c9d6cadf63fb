"""Going over the record from its first entry on: numbers, chains, hashes and the tree. Pure: rows in, findings out.

Memory stays the same however long the record is: of the journeys only those met last are remembered, and whoever
walks looks up where the others had come to (`strangers`, `recall`).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from ledger.chain import Line, data_text, genesis, spelt
from ledger.merkle import Growing, Tile
from ledger.stored import moment
from schemas.base import Strict
from schemas.operations import is_journey

REMEMBERED = 20_000
"""Journeys that are remembered, and as many again that were met before them."""

Row = Sequence[Any]
"""The columns of `ledger.stored.STORED`."""

Tail = tuple[int, str]
"""The number and the hash of a journey's last entry so far."""


class Finding(Strict):
    """Where the record is not as it was written, and a sentence that says how."""

    position: int | None = None
    journey: str | None = None
    seq: int | None = None
    problem: str


class Walk:
    """How far the check has come: the last good position, the journeys' tails, the tree over all before it."""

    def __init__(self) -> None:
        self.position = 0
        self.journeys = 0
        self.tree = Growing()
        self._tails: dict[str, Tail] = {}
        self._older: dict[str, Tail] = {}

    def let_go(self) -> None:
        """Forget journeys that were met long ago where too many are remembered."""
        if len(self._tails) > REMEMBERED:
            self._older, self._tails = self._tails, {}

    def strangers(self, rows: Iterable[Row]) -> Iterator[tuple[str, int]]:
        """Journeys of which nothing is remembered, each with the number before that of its first entry among these."""
        met = self._tails.keys() | self._older.keys()
        for row in rows:
            if row[1] not in met:
                met.add(row[1])
                if type(row[2]) is int and row[2] > 1:
                    yield row[1], row[2] - 1

    def recall(self, tails: Iterable[tuple[str, int, str]]) -> None:
        """Where journeys had come to, as it was looked up: name, number, hash."""
        for journey, seq, own_hash in tails:
            self._older[journey] = (seq, own_hash)

    def over(self, rows: Iterable[Row]) -> tuple[list[Tile], Finding | None]:
        """Go over entries that follow: the tiles that became complete, and the first entry that is bad."""
        leaves: list[bytes] = []
        finding = None
        for row in rows:
            found = self._look_at(row)
            if isinstance(found, Finding):
                finding = found
                break
            leaves.append(sha256(b"\0" + found).digest())
        return self.tree.add(leaves), finding

    def _look_at(self, row: Row) -> bytes | Finding:
        """The hash of a good entry."""
        position, journey, seq, _, _, _, _, _, _, _, previous_hash, own_hash = row
        last = self._tails.get(journey) or self._older.get(journey) or self._first(journey)
        if position != self.position + 1:
            return self._finding(f"the entry is missing: after position {self.position} comes {position}")
        if seq != last[0] + 1:
            return self._finding(f"its number does not follow: the journey's entry before it is number {last[0]}", row)
        if previous_hash != last[1]:
            return self._finding("it is not chained to the journey's entry before it", row)
        # Where moments come as text, so does the data, as we wrote it: who spells it otherwise may mean another thing.
        own = _as_stored(*row) if type(row[4]) is str else _as_meant(row)
        if own is None:
            return self._finding("its content is not what was written: its hash does not fit", row)
        self.position = position
        self._tails[journey] = (seq, own_hash)
        if seq == 1 and is_journey(journey):
            self.journeys += 1
        return own

    def _first(self, journey: Any) -> Tail:
        return 0, genesis(str(journey))

    def _finding(self, problem: str, row: Row | None = None) -> Finding:
        if row is None:
            return Finding(position=self.position + 1, problem=problem)
        seq = row[2] if type(row[2]) is int else None
        return Finding(position=self.position + 1, journey=str(row[1]), seq=seq, problem=problem)


def _as_stored(
    position: int,
    journey: str,
    seq: int,
    kind: str,
    occurred_at: object,
    recorded_at: object,
    actor: str,
    source: str,
    event_id: str | None,
    data: str,
    previous: str,
    own: str,
) -> bytes | None:
    """The hash if it is the row's own, taking the stored text for canonical: on SQLite, which keeps what we write."""
    try:
        at, on = moment(occurred_at), moment(recorded_at)
        made = sha256(spelt(position, journey, seq, kind, at, on, actor, source, event_id, data, previous)).digest()
    except (TypeError, ValueError):
        return None
    return made if made.hex() == own else None


def _as_meant(row: Row) -> bytes | None:
    """The hash if it is the row's own, of what the stored text means: PostgreSQL spells documents in its own way."""
    try:
        data = data_text(json.loads(row[9]))
        line = Line._make((*row[:4], moment(row[4]), moment(row[5]), *row[6:9], data, row[10]))
        made = sha256(spelt(*line)).digest()
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None
    return made if made.hex() == row[11] else None
