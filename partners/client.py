"""The door to a partner that speaks Clew's own form: `POST {url}/commands`, `GET {url}/commands?key=`."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

from partners.door import Answered
from schemas.commands import PartnerCommand
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
        request = self._http.build_request("POST", self._commands, content=body, headers=headers)
        answered = await ask(self._http, request)
        return answered.refused() if answered.status in REFUSALS else _understood(answered)

    async def look_up(self, command: PartnerCommand) -> Answered:
        answered = await ask(self._http, self._http.build_request("GET", self._commands, params={"key": command.key}))
        return answered.but(Outcome.NOT_TAKEN) if answered.status == httpx.codes.NOT_FOUND else _understood(answered)


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
    """One request. What was answered is of unknown outcome until somebody has understood it."""
    began = time.perf_counter()
    try:
        response = await http.send(request)
    except NEVER_SENT as error:
        problem, outcome = f"the partner cannot be reached: {type(error).__name__}", Outcome.LATER
    except httpx.HTTPError as error:
        problem, outcome = f"the partner did not answer: {type(error).__name__}", Outcome.UNKNOWN
    else:
        return Answered(
            Outcome.UNKNOWN,
            problem=f"the partner failed with status {response.status_code}",
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=response.content,
            seconds=time.perf_counter() - began,
            retry_after=retry_after(response.headers.get("Retry-After")),
        )
    return Answered(outcome, problem=problem, seconds=time.perf_counter() - began)


def _understood(answered: Answered) -> Answered:
    if answered.status is None:
        return answered
    if answered.status in NOT_NOW:
        return answered.later()
    if not httpx.codes.is_success(answered.status):
        return answered
    try:
        said = json.loads(answered.body) if answered.body else {}
        return answered.taken_as(said.get("reference"))
    except (ValueError, RecursionError, AttributeError):
        return answered.unreadable()


def retry_after(header: str | None) -> timedelta | None:
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
