"""JSON that both databases can keep and that has one canonical form."""

import json
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from schemas.canonical import canonical_json
from schemas.errors import Flaw, Invalid

MOST_DEEP = 100
"""Levels of lists and objects within each other: more than any format that we read has."""

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def read_json(raw: bytes) -> Any:
    """The decoded body. Raises `Invalid` (`not_json`), also for what only Python takes for JSON."""
    try:
        value = json.loads(raw, parse_constant=_no_constant)
        if _is_deeper(value, MOST_DEEP):
            raise ValueError("nested too deep")
        # Refuses what no other system reads: numbers beyond all limits, halves of characters.
        canonical = canonical_json(value)
    except (ValueError, RecursionError):
        raise _not_json("The body is not JSON.") from None
    if _NUL.search(canonical):
        raise _not_json("The body holds the character U+0000, which PostgreSQL cannot store.")
    return value


def _is_deeper(value: Any, most: int) -> bool:
    """Whether lists and objects are nested in more levels. Without recursion, which is what deep nesting breaks."""
    level = [value]
    for _ in range(most + 1):
        level = [each for inner in level for each in _inside(inner)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _not_json(detail: str) -> Invalid:
    return Invalid("not_json", detail, [Flaw(pointer="", code="not_json", detail=detail)])
