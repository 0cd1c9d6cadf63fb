"""JSON that both databases can keep and that has one canonical form."""

import json
import re
from typing import Any, NoReturn

from schemas.canonical import canonical_json
from schemas.errors import Flaw, Invalid

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def read_json(raw: bytes) -> Any:
    """The decoded body. Raises `Invalid` (`not_json`), also for what only Python takes for JSON."""
    try:
        value = json.loads(raw, parse_constant=_no_constant)
        # Refuses what no other system reads: numbers beyond all limits, halves of characters.
        canonical = canonical_json(value)
    except (ValueError, RecursionError):
        raise _not_json("The body is not JSON.") from None
    if _NUL.search(canonical):
        raise _not_json("The body holds the character U+0000, which PostgreSQL cannot store.")
    return value


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _not_json(detail: str) -> Invalid:
    return Invalid("not_json", detail, [Flaw(pointer="", code="not_json", detail=detail)])
