"""Dates in searches (FHIR R4, 3.1.1.4.7): `ge2026-03-02`, `lt2026-03-02T10:00:00Z`. A date is the whole of its day."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_COMPARISONS = ("eq", "ne", "gt", "lt", "ge", "le")
_VALUE = re.compile(
    r"(?P<prefix>[a-z]{2})?(?P<date>\d{4}(-\d{2}(-\d{2})?)?)(?P<time>T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?"
    r"(?P<zone>Z|[+ \-]\d{2}:\d{2})?"
)
_SECOND = timedelta(seconds=1)


class Span(NamedTuple):
    """A comparison with what lies from `start` up to, and not including, `end`."""

    comparison: str
    start: datetime
    end: datetime


def read_span(text: str) -> Span:
    """Raises `ValueError` with what is wrong; a time without a zone is UTC."""
    found = _VALUE.fullmatch(text)
    comparison = (found["prefix"] or "eq") if found else ""
    if found is None or comparison not in _COMPARISONS or (found["zone"] and not found["time"]):
        raise ValueError(f"a date or a time, after one of {', '.join(_COMPARISONS)} or nothing")
    try:
        start = _start(found["date"], found["time"], found["zone"])
        return Span(comparison, start, _end(start, found["date"], found["time"]))
    except (ValueError, OverflowError):
        raise ValueError("a day or time that the calendar does not have") from None


def within(span: Span, moment: str) -> bool:
    """Whether a moment, in ISO 8601, stands to the span as it asks."""
    at = datetime.fromisoformat(moment)
    fits = {
        "eq": span.start <= at < span.end,
        "ne": not span.start <= at < span.end,
        "gt": at >= span.end,
        "lt": at < span.start,
        "ge": at >= span.start,
        "le": at < span.end,
    }
    return fits[span.comparison]


def _start(date: str, time: str | None, zone: str | None) -> datetime:
    day = date + "-01-01"[len(date) - 10 :] if len(date) < 10 else date
    # An unescaped plus sign in a URL arrives as a space.
    offset = (zone or "Z").replace(" ", "+")
    return datetime.fromisoformat(f"{day}{time or 'T00:00'}{offset}").astimezone(UTC)


def _end(start: datetime, date: str, time: str | None) -> datetime:
    if time is not None:
        fraction = len(time.partition(".")[2])
        return start + (_SECOND / 10**fraction if len(time) > 6 else timedelta(minutes=1))
    if len(date) == 10:
        return start + timedelta(days=1)
    years, months = divmod(start.month if len(date) == 7 else 12, 12)
    return start.replace(year=start.year + years, month=months + 1 if len(date) == 7 else 1)
