"""Words, numbers and moments as EPCIS 2.0 writes them, each as strict as the standard's schema."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AllowInfNan, BeforeValidator, Field, Strict, StringConstraints

from schemas.base import Instant
from standards.epcis.names import Uri, is_uri
from standards.epcis.vocabulary import (
    ALERTS,
    BIZ_STEPS,
    DISPOSITIONS,
    ERROR_REASONS,
    MEASUREMENTS,
    PARTIES,
    TRANSACTIONS,
    bare,
)

MOST_NAMES = 1_000
"""Names that one event may list."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("a name stands here twice")
    return values


Names = Annotated[tuple[Uri, ...], Field(max_length=MOST_NAMES), AfterValidator(_distinct)]
Term = Annotated[
    str,
    BeforeValidator(lambda value: bare(value) if isinstance(value, str) else value),
    StringConstraints(pattern=r"^[!-~]{1,200}$"),
]
"""A word of a vocabulary in its bare form, or a URI of somebody's own."""


def _among(words: frozenset[str]) -> Callable[[str], str]:
    def check(word: str) -> str:
        if word not in words and not is_uri(word):
            raise ValueError("neither a word of the CBV nor a URI of somebody's own")
        return word

    return check


BizStep = Annotated[Term, AfterValidator(_among(BIZ_STEPS))]
Disposition = Annotated[Term, AfterValidator(_among(DISPOSITIONS))]
Dispositions = Annotated[tuple[Disposition, ...], Field(min_length=1), AfterValidator(_distinct)]
TransactionType = Annotated[Term, AfterValidator(_among(TRANSACTIONS))]
PartyType = Annotated[Term, AfterValidator(_among(PARTIES))]
ErrorReason = Annotated[Term, AfterValidator(_among(ERROR_REASONS))]
Measurement = Annotated[Term, AfterValidator(_among(MEASUREMENTS))]
Alert = Annotated[Term, AfterValidator(_among(ALERTS))]


def _as_the_standard_writes_it(value: Any) -> Any:
    if not isinstance(value, datetime) and not (isinstance(value, str) and _TIME.fullmatch(value)):
        raise ValueError("a moment is written as 2026-03-02T13:40:00.000+01:00")
    return value


Moment = Annotated[Instant, BeforeValidator(_as_the_standard_writes_it)]
"""A moment as RFC 3339 has it, never a number of seconds."""

Number = Annotated[float, Strict(), AllowInfNan(False)]

Offset = Annotated[str, StringConstraints(pattern=r"^[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00)$")]


def _of_namespaces(values: dict[str, Any]) -> dict[str, Any]:
    if not all(is_uri(each) for each in values):
        raise ValueError("master data stand under names of somebody's own")
    return values


MasterData = Annotated[dict[str, Any], AfterValidator(_of_namespaces)]
