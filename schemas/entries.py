"""Entries of the ledger as they are read back: for views, documents and proofs that are made from the record alone."""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.base import Instant, Strict

SUPERSEDED = "record.superseded"
"""The type of the entry that says which entries before it do not count."""


class Entry(Strict):
    """One fact as it was recorded. `position` is gapless over all chains, `seq` within one; hashes are lower-case hex.

    How `hash` is made of the rest is in `ledger.chain`.
    """

    position: int
    journey: str
    seq: int
    type: str
    occurred_at: Instant
    recorded_at: Instant
    actor: str
    source: str
    event_id: str | None = None
    data: dict[str, Any]
    previous_hash: str
    hash: str


def numbers(notices: Iterable[dict[str, int]]) -> set[int]:
    """The numbers that the data of `record.superseded` entries name."""
    return {seq for data in notices for seq in range(data["first"], data["last"] + 1)}


def counting(entries: Sequence[Entry]) -> list[Entry]:
    """The entries of a journey that were not superseded."""
    left_out = numbers(each.data for each in entries if each.type == SUPERSEDED)
    return [each for each in entries if each.seq not in left_out]
