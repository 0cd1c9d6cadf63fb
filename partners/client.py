"""The door to a partner that speaks Clew's own form: `POST {url}/commands`, `GET {url}/commands?key=`."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from pydantic import ValidationError

from partners.door import Answered
from schemas.commands import Acknowledgement, PartnerCommand
from schemas.deliveries import Outcome

REFUSALS = frozenset({400, 404, 409, 410, 422})
"""Statuses that no retry can change."""

NOT_NOW = frozenset({429, 503})
"""Statuses with which a partner asks to come back later."""

_A_DAY = 86_400

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Failures that happen before the request leaves us."""


class ClewDoor:
    """Keeps the promise of `partners.door.Door`. Each call is one client span and carries `traceparent`."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._commands = url.rstrip("/") + "/commands"

    async def send(self, command: PartnerCommand) -> Answered:
        body = command.model_dump_json(exclude={"traceparent"})
        headers = {"Idempotency-Key": command.key, "Content-Type": "application/json"}
        answered = await ask(
            self._http, self._http.build_request("POST", self._commands, content=body, headers=headers)
        )
        if answered.status in REFUSALS:
            return answered.but(Outcome.REFUSED, f"the partner refused with status {answered.status}")
        return acknowledged(answered)

    async def look_up(self, command: PartnerCommand) -> Answered:
        answered = await ask(self._http, self._http.build_request("GET", self._commands, params={"key": command.key}))
        if answered.status == httpx.codes.NOT_FOUND:
            return answered.but(Outcome.NOT_TAKEN)
        return acknowledged(answered)


@asynccontextmanager
async def open_http(timeout: float) -> AsyncIterator[httpx.AsyncClient]:
    """One pool of connections to all partners. `timeout`: seconds to wait for a partner's answer.

    Without a limit of its own: a partner that hangs must not use up the connections of others.
    """
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
    async with httpx.AsyncClient(timeout=timeout, limits=limits) as http:
        HTTPXClientInstrumentor.instrument_client(http)
        yield http


async def ask(http: httpx.AsyncClient, request: httpx.Request) -> Answered:
    """One request, and what is known of its outcome from the status alone: `taken`, `later` or `unknown`."""
    began = time.perf_counter()
    try:
        response = await http.send(request)
    except NEVER_SENT as error:
        problem, outcome = f"the partner cannot be reached: {type(error).__name__}", Outcome.LATER
    except httpx.HTTPError as error:
        problem, outcome = f"the partner did not answer: {type(error).__name__}", Outcome.UNKNOWN
    else:
        return _judged(response, time.perf_counter() - began)
    return Answered(outcome, problem=problem, seconds=time.perf_counter() - began)


def acknowledged(answered: Answered) -> Answered:
    """With the partner's reference, where it took the command. Whatever else it says goes no further."""
    if answered.outcome is not Outcome.TAKEN:
        return answered
    try:
        said = json.loads(answered.body) if answered.body else {}
        return answered.with_reference(Acknowledgement(reference=said.get("reference")))
    except (ValueError, ValidationError, AttributeError):
        return answered.but(Outcome.UNKNOWN, "the partner's acknowledgement cannot be read")


def _judged(response: httpx.Response, seconds: float) -> Answered:
    status = response.status_code
    answered = Answered(Outcome.TAKEN, status=status, body=response.content, seconds=seconds)
    if response.is_success:
        return answered
    if status in NOT_NOW:
        wish = _retry_after(response.headers.get("Retry-After"))
        return answered.but(Outcome.LATER, f"the partner asks to come back later, with status {status}", wish)
    return answered.but(Outcome.UNKNOWN, f"the partner failed with status {status}")


def _retry_after(header: str | None) -> timedelta | None:
    """RFC 9110, 10.2.3: seconds, or a date. None where it says nothing that can be used."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return timedelta(seconds=min(int(header), _A_DAY))
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC), timedelta(0))
