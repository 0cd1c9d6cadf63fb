"""Entries of the ledger as they are read back: for views, documents and proofs that are made from the record alone."""

from typing import Any

from schemas.base import Instant, Strict


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
