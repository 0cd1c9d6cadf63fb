"""How a command fails: one sentence on standard error and an exit code, never a traceback."""

import json
import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from pydantic import ValidationError

from schemas.errors import ClewError, Flaw, Invalid, flaws_of
from telemetry.redaction import frames, type_name


class Exit(IntEnum):
    """What a script can tell apart."""

    DONE = 0
    REFUSED = 1
    """It could be asked, and the answer is no (also: a check that did not hold)."""
    USAGE = 2
    """It was not asked properly."""
    UNAVAILABLE = 3
    """Something that is needed is away; the same command later can succeed."""
    DEFECT = 70
    """Clew is wrong."""


class ApiRefused(Exception):
    """The API answered with a problem (RFC 9457)."""

    def __init__(self, status: int, code: str, detail: str, errors: Sequence[Flaw] = ()) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)

    @property
    def retry_can_help(self) -> bool:
        return self.status in {429, 502, 503, 504}


def setting_error(error: ValidationError) -> Invalid:
    """A setting that cannot be read, by the name of its environment variable; its value is not repeated."""
    flaws = flaws_of(error)
    told = "; ".join(f"CLEW_{flaw.pointer.strip('/').upper()}: {flaw.detail}".removeprefix("CLEW_: ") for flaw in flaws)
    return Invalid("bad_setting", f"A setting cannot be read. {told}", flaws)


def report(error: Exception, *, as_json: bool) -> Exit:
    """Tell the person (or, as JSON, the program), and say which exit code fits."""
    if not isinstance(error, ClewError | ApiRefused):
        _tell(_defect(error), as_json=as_json)
        return Exit.DEFECT
    _tell(error, as_json=as_json)
    return Exit.UNAVAILABLE if error.retry_can_help else Exit.REFUSED


def _defect(error: Exception) -> ClewError:
    """What nobody thought of: which kind and where, without its text, which could quote a value."""
    where = ", in ".join(reversed(frames(error.__traceback__)[-2:]))
    detail = f"A defect of Clew's: {type_name(error)} at {where}. CLEW_LOG_LEVEL=debug shows all of it."
    return ClewError("internal", detail)


def _tell(error: ClewError | ApiRefused, *, as_json: bool) -> None:
    if as_json:
        problem: dict[str, Any] = {"code": error.code, "detail": error.detail}
        problem["errors"] = [flaw.model_dump(exclude_none=True) for flaw in error.errors]
        print(json.dumps(problem), file=sys.stderr)
    else:
        print(f"clew: {error.detail} [{error.code}]", file=sys.stderr)
        for flaw in _not_in(error.detail, error.errors):
            print(f"  {flaw.pointer or '/'}: {flaw.detail}", file=sys.stderr)


def _not_in(detail: str, flaws: Sequence[Flaw]) -> list[Flaw]:
    return [flaw for flaw in flaws if flaw.detail not in detail]
