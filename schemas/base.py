"""The few value types that everything said is built from."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    WithJsonSchema,
)

from schemas.forms import form

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d{1,6})?)s)?")


class Strict(BaseModel):
    """For what we write or a person types: an unknown field is a mistake and is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Tolerant(BaseModel):
    """For what partners send: fields are only ever added, so an unknown one is left behind here.

    It goes no further than the inbox row. That also keeps a patient's name, sent by mistake in a field of
    the partner's own, out of Temporal, logs and the ledger.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


def parse_duration(text: str) -> timedelta:
    """Read `5d`, `72h`, `30m`, `1d12h` or `0.5s`. Raises `ValueError` for anything else."""
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise ValueError("a duration looks like 5d, 72h, 30m or 1d12h")
    seconds = sum(float(amount) * size for amount, size in zip(match.groups(), _UNITS.values(), strict=True) if amount)
    try:
        return timedelta(seconds=seconds)
    except OverflowError:
        raise ValueError("a duration of more than a million years") from None


def format_duration(value: timedelta) -> str:
    """Write a duration so that `parse_duration` reads the same one back."""
    rest = round(value.total_seconds(), 6)
    parts = []
    for unit, size in _UNITS.items():
        if unit == "s":
            break
        amount, rest = divmod(rest, size)
        if amount:
            parts.append(f"{int(amount)}{unit}")
    rest = round(rest, 6)
    if rest or not parts:
        parts.append(f"{rest:.6f}".rstrip("0").rstrip(".") + "s")
    return "".join(parts)


def _read_duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str) else value


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("a duration must be longer than nothing")
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(_read_duration),
    AfterValidator(_positive),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["5d", "72h", "30m"]}),
]
"""A length of time, written `5d`, `72h`, `30m`."""


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("in UTC the moment is outside the calendar") from None


Instant = Annotated[
    AwareDatetime,
    AfterValidator(_in_utc),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment; read with any offset, kept in UTC."""

Identifier = Annotated[
    str,
    form(
        r"^[A-Za-z0-9=&][A-Za-z0-9._:/+=&%()*\-]{0,63}$",
        "a pseudonym or number without blanks, such as nurse-17 or BAG-1, never a name; 64 characters at the most",
        strip=True,
    ),
]
"""A pseudonymous name of a thing: an order, a bag, a batch. Has no room for spaces, so none for a patient's name."""

Code = Annotated[str, form(r"^[a-z][a-z0-9_]{0,47}$", "a word in small letters, digits and _, such as not_needed")]
"""A word of a closed vocabulary (`sterility`, `consent`), never free text."""

Reading = Annotated[str, form(r"^[!-~]{1,64}$", "a value without blanks, such as <0.5; 64 characters at the most")]
"""A measured value, its unit or its limits as the laboratory writes them: `<0.5`, `EU/mL`, `>=70%`. No spaces."""


def people(names: Iterable[str | None]) -> set[str]:
    """Who these are: one person, however their name is capitalised."""
    return {person(each) for each in names if each is not None}


def person(name: str) -> str:
    """Who this is, however the name is capitalised."""
    return name.casefold()


def iso(moment: datetime) -> str:
    """UTC, microseconds, `Z`: the one spelling of a moment that is hashed and stored."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
