"""Readings as they are posted: a JSON array, a JSON object a line, or a table with a line of headings."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from api.json_bodies import read_json
from ledger.readings import MOST_FLAWS
from schemas.errors import Flaw, Invalid, flaws_of
from schemas.readings import MOST_MEASUREMENTS, Measurement

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"

Row = tuple[int | None, Any]
"""A reading as it was sent, and the line that it stands on, from 1."""


def read_measurements(headers: Headers, raw: bytes) -> list[Measurement]:
    """All of them, or none: raises `Invalid` with a pointer to each flaw, beginning with the reading's index from 0;
    `HTTPException` 415 for another form."""
    media = (headers.get("content-type") or JSON).partition(";")[0].strip().lower()
    readers = {JSON: _from_json, NDJSON: _from_lines, CSV: _from_table}
    if media not in readers:
        raise HTTPException(415)
    rows = list(readers[media](raw))
    if len(rows) > MOST_MEASUREMENTS:
        raise _invalid([Flaw(pointer="", code="too_long", detail=f"send {MOST_MEASUREMENTS} readings at a time")])
    return _read(rows)


def _read(rows: list[Row]) -> list[Measurement]:
    found: list[Measurement] = []
    flaws: list[Flaw] = []
    for place, (line, row) in enumerate(rows):
        try:
            found.append(Measurement.model_validate(row))
        except ValidationError as error:
            flaws += [each.model_copy(update={"line": line}) for each in flaws_of(error, under=f"/{place}")]
    if flaws:
        raise _invalid(flaws)
    return found


def _from_json(raw: bytes) -> Iterator[Row]:
    body = read_json(raw)
    if not isinstance(body, list):
        raise _invalid([Flaw(pointer="", code="list_type", detail="readings come as a JSON array")])
    yield from ((None, each) for each in body)


def _from_lines(raw: bytes) -> Iterator[Row]:
    for number, line in enumerate(raw.splitlines(), start=1):
        if line.strip():
            try:
                yield number, read_json(line)
            except Invalid:
                flaw = Flaw(pointer="", code="not_json", detail="the line is not JSON", line=number)
                raise Invalid("not_json", "A line is not JSON.", [flaw]) from None


def _from_table(raw: bytes) -> Iterator[Row]:
    """Empty cells are left out; columns that nobody knows are left behind. A row with more cells than there are
    headings is refused: it may be a decimal comma that has cut a number in two."""
    try:
        table = csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True)
        _headings(table.fieldnames or ())
        flaws: list[Flaw] = []
        for place, row in enumerate(table):
            # Surplus cells come under no name at all.
            if row.pop(None, None):
                detail = "more cells than headings: write numbers with a decimal point"
                flaws.append(Flaw(pointer=f"/{place}", code="too_many_cells", detail=detail, line=table.line_num))
            yield table.line_num, {name: cell for name, cell in row.items() if cell}
    except (UnicodeDecodeError, csv.Error):
        flaw = Flaw(pointer="", code="not_csv", detail="not a table in UTF-8 with commas between the cells")
        raise _invalid([flaw]) from None
    if flaws:
        raise _invalid(flaws)


def _headings(names: Sequence[str]) -> None:
    if not set(names) >= {"device", "at", "value"}:
        raise _invalid([Flaw(pointer="", code="no_headings", detail="the first line names the columns", line=1)])
    if any(names.count(each) > 1 for each in Measurement.model_fields):
        detail = "two columns have one name: nobody knows which of them counts"
        raise _invalid([Flaw(pointer="", code="duplicate_heading", detail=detail, line=1)])


def _invalid(flaws: list[Flaw]) -> Invalid:
    return Invalid("malformed", "The readings cannot be taken; none was.", flaws[:MOST_FLAWS])
