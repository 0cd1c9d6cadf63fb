"""The named conversions that expressions can use beside JMESPath's own functions. Pure; null in, null out.

A conversion that cannot be made raises `Unconvertible`: a value is never guessed, for it may decide whether material
is fresh.
"""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from jmespath import functions

from schemas.base import iso

# The library's own type of these is private to its stubs.
_TEXT: Any = {"types": ["string", "null"]}
_NUMBER: Any = {"types": ["number", "null"]}
_ANY: Any = {"types": []}
_WORD: Any = {"types": ["string"]}
_TABLE: Any = {"types": ["object"]}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_WORD = re.compile(r"[^a-z0-9]+")

ZONES = {"local_time": 1, "in_zone": 1}
"""Conversions that take the name of a time zone, and as which argument."""


class Unconvertible(ValueError):
    """`value` is not what the conversion takes."""

    def __init__(self, value: Any, detail: str) -> None:
        super().__init__(detail)
        self.value = value
        self.detail = detail


class Conversions(functions.Functions):
    """JMESPath's functions and ours: each `_func_name` is one, with the types of its arguments."""

    @functions.signature(_TEXT, _WORD, _WORD)
    def _func_local_time(self, text: str | None, zone: str, form: str) -> str | None:
        """A time on the wall of a zone, in the form of `strptime` (or `iso`), as a moment in UTC.

        Of the hour that is lived twice when clocks go back, the first is meant: material is older rather than
        fresher. A time that clocks skip is none.
        """
        if text is None:
            return None
        try:
            wall = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)
        except ValueError:
            raise Unconvertible(text, f"not a time in the form {form}") from None
        if wall.tzinfo is not None:
            return _moment(text, wall)
        there = wall.replace(tzinfo=ZoneInfo(zone))
        moment = _moment(text, there)
        if datetime.fromisoformat(moment).astimezone(there.tzinfo).replace(tzinfo=None) != wall:
            raise Unconvertible(text, f"clocks skip this time in {zone}")
        return moment

    @functions.signature(_TEXT, _WORD, _WORD)
    def _func_in_zone(self, text: str | None, zone: str, form: str) -> str | None:
        """A moment as the wall of a zone shows it, in the form of `strftime` (or `iso`)."""
        if text is None:
            return None
        there = _read(text).astimezone(ZoneInfo(zone))
        return there.isoformat() if form == "iso" else there.strftime(form)

    @functions.signature(_NUMBER)
    def _func_epoch_seconds(self, number: float | None) -> str | None:
        """Seconds since 1970, UTC, as a moment."""
        return None if number is None else _since_epoch(number, 1_000_000)

    @functions.signature(_NUMBER)
    def _func_epoch_millis(self, number: float | None) -> str | None:
        """Milliseconds since 1970, UTC, as a moment."""
        return None if number is None else _since_epoch(number, 1_000)

    @functions.signature(_TEXT)
    def _func_to_epoch_millis(self, text: str | None) -> int | None:
        """A moment as milliseconds since 1970, UTC."""
        return None if text is None else (_read(text) - _EPOCH) // timedelta(milliseconds=1)

    @functions.signature(_NUMBER)
    def _func_fahrenheit(self, degrees: float | None) -> float | None:
        """Degrees Fahrenheit as degrees Celsius."""
        return None if degrees is None else round((degrees - 32) * 5 / 9, 6)

    @functions.signature(_NUMBER)
    def _func_to_fahrenheit(self, degrees: float | None) -> float | None:
        """Degrees Celsius as degrees Fahrenheit."""
        return None if degrees is None else round(degrees * 9 / 5 + 32, 6)

    @functions.signature(_NUMBER)
    def _func_litres_to_ml(self, litres: float | None) -> float | None:
        """Litres as millilitres."""
        return None if litres is None else round(litres * 1_000, 6)

    @functions.signature(_NUMBER, {"types": ["number"]})
    def _func_times(self, number: float | None, factor: float) -> float | None:
        """A number in another unit, by its factor."""
        return None if number is None else number * factor

    @functions.signature(_TEXT)
    def _func_upper(self, text: str | None) -> str | None:
        """In capital letters."""
        return None if text is None else text.upper()

    @functions.signature(_TEXT)
    def _func_lower(self, text: str | None) -> str | None:
        """In small letters."""
        return None if text is None else text.lower()

    @functions.signature(_TEXT)
    def _func_code(self, text: str | None) -> str | None:
        """A word of a vocabulary: `Gram Stain` becomes `gram_stain`."""
        return None if text is None else _NO_WORD.sub("_", text.lower()).strip("_")

    @functions.signature(_ANY)
    def _func_text(self, value: Any) -> str | None:
        """A number or text as text; null stays null, which JMESPath's `to_string` makes a word."""
        if isinstance(value, bool | list | dict):
            raise Unconvertible(value, "not a number or a text")
        return None if value is None else str(value)

    @functions.signature(_TEXT, _WORD)
    def _func_without_prefix(self, text: str | None, prefix: str) -> str | None:
        """What follows the prefix, which has to be there: `Patient/7` without `Patient/` is `7`."""
        if text is None:
            return None
        if not text.startswith(prefix):
            raise Unconvertible(text, f"does not begin with {prefix}")
        return text.removeprefix(prefix)

    @functions.signature(_TEXT, _WORD)
    def _func_split(self, text: str | None, at: str) -> list[str] | None:
        """The parts of a text between separators, without white space around them."""
        if text is None:
            return None
        if not at:
            raise Unconvertible(at, "not a separator")
        return [part.strip() for part in text.split(at)]

    @functions.signature(_ANY, _TABLE)
    def _func_lookup(self, value: Any, table: dict[str, Any]) -> Any:
        """What a table has for a value. A value that it does not have is not passed on."""
        if value is None:
            return None
        if str(value) not in table:
            raise Unconvertible(value, "not in the table")
        return table[str(value)]

    @functions.signature(_TEXT)
    def _func_digest(self, text: str | None) -> str | None:
        """The first 32 digits of the SHA-256: a short name for what has a long one."""
        return None if text is None else hashlib.sha256(text.encode()).hexdigest()[:32]


NAMES = sorted(name.removeprefix("_func_") for name in vars(Conversions) if name.startswith("_func_"))
"""Every conversion of ours."""


def _read(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unconvertible(text, "not a moment") from None
    if moment.tzinfo is None:
        raise Unconvertible(text, "a moment has an offset")
    return moment


def _moment(text: str, aware: datetime) -> str:
    try:
        return iso(aware)
    except (OverflowError, ValueError):
        raise Unconvertible(text, "outside the calendar") from None


def _since_epoch(number: float, micros: int) -> str:
    try:
        return iso(_EPOCH + timedelta(microseconds=round(number * micros)))
    except (OverflowError, ValueError):
        raise Unconvertible(number, "outside the calendar") from None
