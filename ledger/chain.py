"""The hash chain of a journey's entries. Pure: whoever holds the entries can check them without us.

    hash = SHA-256 of the canonical JSON of
           [position, journey, seq, type, occurred_at, recorded_at, actor, source, event_id, data, previous_hash]

Moments are spelt as `schemas.base.iso` does, numbers as `plain` does. The first entry's `previous_hash` is the
journey's `genesis`, so an entry fits into one place of one journey only.
"""

from datetime import datetime
from hashlib import sha256
from json.encoder import encode_basestring as _quoted
from typing import Any, NamedTuple, Protocol

from schemas.base import iso
from schemas.canonical import canonical_json, content_hash

_EXACT = 2**53 - 1


class Entry(Protocol):
    """What has the columns of an entry."""

    position: int
    journey: str
    seq: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    source: str
    event_id: str | None
    data: dict[str, Any]
    previous_hash: str


class Line(NamedTuple):
    """An entry as it is hashed: moments as text, `data` as canonical JSON text."""

    position: int
    journey: str
    seq: int
    type: str
    occurred_at: str
    recorded_at: str
    actor: str
    source: str
    event_id: str | None
    data: str
    previous_hash: str


def genesis(journey: str) -> str:
    """What the first entry of a journey is chained to."""
    return content_hash(["clew.ledger.1", journey])


def plain(value: Any) -> Any:
    """The value with every number as RFC 8785 has it: a double, written as an integer where it is one.

    Databases spell numbers in their own ways (`1e16` comes back from PostgreSQL as an integer); after `plain`
    all spellings are one. Raises `OverflowError` for an integer that no double comes near, and `ValueError` for
    text with a NUL, which PostgreSQL cannot keep.
    """
    if isinstance(value, str):
        return _without_nul(value)
    if isinstance(value, dict):
        return {_without_nul(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _EXACT else value
    if isinstance(value, int) and abs(value) > _EXACT:
        return float(value)
    return value


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("text holds a NUL")
    return text


def data_text(data: Any) -> str:
    """The canonical JSON text of an entry's data. Raises as `plain` does, and `ValueError` for NaN."""
    return canonical_json(plain(data)).decode()


def spelt(
    position: int,
    journey: str,
    seq: int,
    kind: str,
    occurred_at: str,
    recorded_at: str,
    actor: str,
    source: str,
    event_id: str | None,
    data: str,
    previous_hash: str,
) -> bytes:
    """The very bytes that are hashed, from the columns of a `Line`. Raises `TypeError` where a text is none."""
    # The data goes in as it is. It cannot reach over its ends: what stands before it is a row of JSON scalars,
    # and what follows has always the same length.
    event = "null" if event_id is None else _quoted(event_id)
    return (
        f"[{position},{_quoted(journey)},{seq},{_quoted(kind)},{_quoted(occurred_at)},{_quoted(recorded_at)},"
        f'{_quoted(actor)},{_quoted(source)},{event},{data},"{previous_hash}"]'
    ).encode()


def line_hash(line: Line) -> str:
    """The hash of an entry whose data is canonical text."""
    return sha256(spelt(*line)).hexdigest()


def line_of(entry: Entry) -> Line:
    """An entry, spelt as it is hashed."""
    return Line(
        entry.position,
        entry.journey,
        entry.seq,
        entry.type,
        iso(entry.occurred_at),
        iso(entry.recorded_at),
        entry.actor,
        entry.source,
        entry.event_id,
        data_text(entry.data),
        entry.previous_hash,
    )


def entry_hash(entry: Entry) -> str:
    """The hash that an entry must have."""
    return line_hash(line_of(entry))
