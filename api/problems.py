"""Every refusal as RFC 9457 `application/problem+json`, whoever refused."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from opentelemetry import trace
from pydantic import Field
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from ledger.trouble import database_trouble
from schemas.base import Strict
from schemas.errors import CODES, ClewError, Flaw, Unavailable, flaw_of, pointer
from telemetry.logs import logger
from telemetry.redaction import describe

log = logger("api")

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_SECONDS = 2


class Problem(Strict):
    """Why it was refused. `code` is stable; `errors` point into what was sent."""

    type: str = Field(description="`urn:clew:problem:` and the code.")
    title: str
    status: int
    detail: str
    code: str = Field(description="One of the refusal codes of the reference.")
    errors: tuple[Flaw, ...] = ()
    retry_can_help: bool = Field(description="Whether the same request can succeed later.")
    trace_id: str | None = Field(default=None, description="Names the request in logs and traces.")


_OF_STATUS: dict[int, tuple[str, str]] = {
    404: ("unknown_route", "There is nothing at this path"),
    405: ("method_not_allowed", "The route exists, with other methods"),
    413: ("body_too_large", "More than is taken in one piece"),
    415: ("unsupported_media_type", "The route does not read this content type"),
}

_STANDARD_TYPES = {
    "epcis_invalid": "epcisException:ValidationException",
    "epcis_query_invalid": "epcisException:QueryParameterException",
    "unknown_epcis_event": "epcisException:NoSuchResourceException",
    "unknown_capture": "epcisException:NoSuchResourceException",
}
"""EPCIS 2.0 (section 12) has names of its own for these."""


class ProblemResponse(JSONResponse):
    media_type = PROBLEM_JSON


def respond(error: ClewError) -> ProblemResponse:
    """A refusal of ours as an answer."""
    problem = _problem(error.code, error.status, error.title, error.detail, error.errors, error.retry_can_help)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if error.retry_can_help else {}
    if error.status == 401:
        # RFC 9110, 15.5.2, wants a challenge; there is no registered scheme for a partner's own signature.
        headers["WWW-Authenticate"] = "Signature"
    return _response(problem, headers)


def respond_to_status(status: int, headers: Mapping[str, str] | None = None) -> ProblemResponse:
    """An answer for what the framework refuses."""
    code, title = _OF_STATUS.get(status, ("malformed", "What was sent cannot be read"))
    return _response(_problem(code, status, title, CODES[code]), headers or {})


def respond_to_defect(error: Exception) -> ProblemResponse:
    """A defect of ours: its text stays out of the answer and out of the log, for it may quote what was sent."""
    log.error("request_failed", error=describe(error))
    return _response(_problem("internal", 500, "A defect of Clew's", CODES["internal"]), {})


def install(app: FastAPI, routes: Iterable[BaseRoute] = ()) -> None:
    """Have the application answer every refusal so. `routes`: those whose methods a 405 names."""
    known = [route for route in routes if isinstance(route, APIRoute)]

    async def http_exception(request: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        if error.status_code == 405:
            # The framework names the methods of the first route at the path only.
            fitting = (route.methods or () for route in known if route.path_regex.match(request.url.path))
            headers["Allow"] = ", ".join(sorted(set().union(*fitting))) or headers.get("Allow", "")
        return respond_to_status(error.status_code, headers)

    app.add_exception_handler(ClewError, _clew_error)
    app.add_exception_handler(HTTPException, http_exception)
    app.add_exception_handler(RequestValidationError, _validation_error)
    for away in (OperationalError, InterfaceError, PoolTimeoutError, OSError):
        app.add_exception_handler(away, _database_away)


async def _clew_error(_request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, ClewError)
    return respond(error)


async def _validation_error(_request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    flaws = [flaw_of(each, _place(each["loc"])) for each in found]
    not_json = any(flaw.code == "json_invalid" for flaw in flaws)
    code = "not_json" if not_json else "malformed"
    return _response(_problem(code, 422, "What was sent cannot be read", CODES[code], flaws), {})


async def _database_away(_request: Request, error: Exception) -> ProblemResponse:
    log.error("database_away", error=describe(error))
    try:
        with database_trouble():
            raise error
    except Unavailable as unavailable:
        return respond(unavailable)


def _place(loc: Sequence[str | int]) -> str:
    """A JSON pointer into the body; for what stands elsewhere, one that begins with `query`, `path` or `header`."""
    return pointer(loc[1:] if loc and loc[0] == "body" else loc)


def problem_type(code: str) -> str:
    """The `type` of a problem: a standard's own name for it where the route follows one."""
    return _STANDARD_TYPES.get(code, f"urn:clew:problem:{code}")


def _problem(
    code: str, status: int, title: str, detail: str, errors: Sequence[Flaw] = (), retry_can_help: bool = False
) -> Problem:
    return Problem(
        type=problem_type(code),
        title=title,
        status=status,
        detail=detail,
        code=code,
        errors=tuple(errors),
        retry_can_help=retry_can_help,
        trace_id=_trace_id(),
    )


def _response(problem: Problem, headers: Mapping[str, str]) -> ProblemResponse:
    content: dict[str, Any] = problem.model_dump(mode="json", exclude_none=True)
    return ProblemResponse(content, status_code=problem.status, headers=dict(headers))


def _trace_id() -> str | None:
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None
