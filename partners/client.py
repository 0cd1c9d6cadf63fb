"""One HTTP call to a partner, and what came of it. Nothing is repeated here: that is the caller's to decide."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from pydantic import ValidationError

from partners.errors import OutcomeUnknown, Refused, Unavailable
from schemas.commands import Acknowledgement, PartnerCommand

REFUSALS = frozenset({400, 404, 409, 410, 422})
"""Statuses that no retry can change."""

_A_DAY = 86_400

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Failures that happen before the request leaves us."""


class PartnerClient:
    """Calls partners over one shared pool of connections; each call is one client span and carries `traceparent`."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def send(self, url: str, command: PartnerCommand) -> Acknowledgement:
        """Hand a command over. Raises `Refused`, `Unavailable` or `OutcomeUnknown`."""
        body = command.model_dump_json(exclude={"traceparent"})
        headers = {"Idempotency-Key": command.key, "Content-Type": "application/json"}
        answer = await self._call(self._http.build_request("POST", _commands(url), content=body, headers=headers))
        if answer.is_success:
            return _acknowledgement(answer)
        if answer.status_code in REFUSALS:
            raise Refused(answer.status_code)
        raise _not_now(answer)

    async def look_up(self, url: str, key: str) -> Acknowledgement | None:
        """What became of a command: its acknowledgement, or None if the partner never took it.

        Raises `Unavailable` or `OutcomeUnknown`; a look-up is never refused for good.
        """
        answer = await self._call(self._http.build_request("GET", _commands(url), params={"key": key}))
        if answer.is_success:
            return _acknowledgement(answer)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        raise _not_now(answer)

    async def _call(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._http.send(request)
        except NEVER_SENT as error:
            raise Unavailable(f"the partner cannot be reached: {type(error).__name__}") from None
        except httpx.HTTPError as error:
            raise OutcomeUnknown(f"the partner did not answer: {type(error).__name__}") from None


@asynccontextmanager
async def open_client(timeout: float) -> AsyncIterator[PartnerClient]:
    """A client for as long as the block lasts. `timeout`: seconds to wait for a partner's answer."""
    async with httpx.AsyncClient(timeout=timeout) as http:
        HTTPXClientInstrumentor.instrument_client(http)
        yield PartnerClient(http)


def _commands(url: str) -> str:
    return url.rstrip("/") + "/commands"


def _acknowledgement(answer: httpx.Response) -> Acknowledgement:
    """Only the reference is read; whatever else the partner says stays outside."""
    try:
        said = answer.json() if answer.content else {}
        return Acknowledgement(reference=said.get("reference"))
    except (ValueError, ValidationError, AttributeError):
        raise OutcomeUnknown("the partner's acknowledgement cannot be read") from None


def _not_now(answer: httpx.Response) -> Unavailable | OutcomeUnknown:
    if answer.status_code in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE):
        why = f"the partner asks to come back later, with status {answer.status_code}"
        return Unavailable(why, retry_after=retry_after(answer.headers.get("Retry-After")))
    return OutcomeUnknown(f"the partner failed with status {answer.status_code}")


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
