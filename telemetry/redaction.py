"""What may be said of an exception: which kind, where, and our own words. Never its text, which may quote a value.

pydantic, drivers and partners' answers all put what they were given into their messages (invariant 6).
"""

import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from schemas.errors import ClewError

_DEPTH = 5
_FRAMES = 12


def describe(error: BaseException) -> dict[str, Any]:
    """The exception for a log line: `type`, `where`, our `code` or the system's `errno` where there is one, causes."""
    told: dict[str, Any] = {"type": type_name(error)}
    if isinstance(error, ClewError):
        told["code"] = error.code
    if isinstance(error, OSError) and error.errno is not None:
        told["errno"] = error.errno
    told["where"] = frames(error.__traceback__)
    causes = [type_name(each) for each in _causes(error)]
    return {**told, "causes": causes} if causes else told


def type_name(error: BaseException) -> str:
    """`sqlalchemy.exc.OperationalError`; built-in ones without their module."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def frames(trace: TracebackType | None) -> list[str]:
    """The innermost frames, outermost first: `append.py:42 append`."""
    found = [f"{Path(code.co_filename).name}:{line} {code.co_name}" for code, line in _walk(trace)]
    return found[-_FRAMES:]


def _walk(trace: TracebackType | None) -> Iterator[tuple[Any, int]]:
    for frame, line in traceback.walk_tb(trace):
        yield frame.f_code, line


def _causes(error: BaseException) -> Iterator[BaseException]:
    for _ in range(_DEPTH):
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None:
            return
        yield cause
        error = cause
