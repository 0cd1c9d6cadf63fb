"""A logger's file in pieces that the API takes, and their receipts as one."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.errors import Flaw
from schemas.readings import MOST_MEASUREMENTS

MOST_BYTES = 500_000
"""Of one piece: half of what the API takes in one body."""

_INDEX = re.compile(r"^/(\d+)")

Records = list[bytes]


@dataclass(frozen=True)
class Piece:
    """`readings` and `lines`: how many of the file are before it."""

    body: bytes
    readings: int = 0
    lines: int = 0

    def of_file(self, flaw: Flaw) -> Flaw:
        """A flaw of the piece, at its place in the file."""
        pointer = _INDEX.sub(lambda found: f"/{int(found[1]) + self.readings}", flaw.pointer)
        line = flaw.line + self.lines if flaw.line is not None else None
        return flaw.model_copy(update={"pointer": pointer, "line": line})


def pieces(body: bytes, media: str) -> list[Piece]:
    """The file whole, if it is small or cannot be read: then the API says what is wrong with it."""
    try:
        head, records, tail = {"text/csv": _table, "application/x-ndjson": _lines}.get(media, _array)(body)
    except (ValueError, csv.Error):
        return [Piece(body)]
    if len(records) <= MOST_MEASUREMENTS and len(body) <= MOST_BYTES:
        return [Piece(body)]
    cuts = list(_cuts(records))
    comma = b"," if media == "application/json" else b""
    return [Piece(head + comma.join(records[first:end]) + tail, *_before(records[:first])) for first, end in cuts]


def merged(receipts: Sequence[dict[str, Any]], conditions: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """One receipt. `conditions`: how the shipments stand that the receipts speak of, now that all is on record."""
    if len(receipts) == 1:
        return receipts[0]
    found = list(conditions)
    return {
        **{name: sum(each[name] for each in receipts) for name in ("new", "repeated")},
        **{name: [item for each in found for item in each[name]] for name in ("excursions", "notices")},
        **{name: list(dict.fromkeys(i for each in receipts for i in each[name])) for name in ("told", "unjudged")},
    }


def spoken_of(receipts: Sequence[dict[str, Any]]) -> list[str]:
    """The shipments that any of the receipts has an excursion or a notice of."""
    return sorted({item["shipment"] for each in receipts for item in (*each["excursions"], *each["notices"])})


def _cuts(records: Records) -> Iterator[tuple[int, int]]:
    first = size = 0
    for number, record in enumerate(records):
        if number > first and (number - first >= MOST_MEASUREMENTS or size + len(record) > MOST_BYTES):
            yield first, number
            first, size = number, 0
        size += len(record) + 1
    yield first, len(records)


def _before(records: Records) -> tuple[int, int]:
    """How many readings and lines; an empty line is no reading."""
    return sum(bool(each.strip()) for each in records), sum(each.count(b"\n") for each in records)


def _table(body: bytes) -> tuple[bytes, Records, bytes]:
    """Cut between records, not between lines: a cell in quotes may have several."""
    lines = body.splitlines(keepends=True)
    reader = csv.reader(io.StringIO(body.decode("utf-8"), newline=""), strict=True)
    ends = [reader.line_num for _ in reader]
    records = [b"".join(lines[first:end]) for first, end in zip([0, *ends], ends, strict=False)]
    return records[0] if records else b"", records[1:], b""


def _lines(body: bytes) -> tuple[bytes, Records, bytes]:
    return b"", body.splitlines(keepends=True), b""


def _array(body: bytes) -> tuple[bytes, Records, bytes]:
    readings = json.loads(body)
    if not isinstance(readings, list):
        raise ValueError("readings come as a JSON array")
    return b"[", [json.dumps(each).encode() for each in readings], b"]"
