"""What surrounds every request: the limit on bodies, the answer to a defect, the clock."""

from time import perf_counter

from prometheus_client import Histogram
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import respond_to_defect, respond_to_status

REQUEST_SECONDS = Histogram(
    "clew_request_seconds",
    "One request, by its route.",
    ["method", "route", "status"],
    buckets=(0.005, 0.025, 0.1, 0.5, 2.5, 10),
)

LARGEST_BODY = 1_000_000
"""Bytes: an event is a few hundred, a batch of a thousand still fits."""


class BodyLimit:
    """Answers 413 to a longer body, announced or not.

    FastAPI's own limit replaces our problem document by plain text where the length was announced.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif _announced(scope) > LARGEST_BODY:
            await respond_to_status(413, {"Connection": "close"})(scope, receive, send)
        else:
            await self.app(scope, _counting(receive), send)


class Failsafe:
    """A defect is answered and logged without the exception's text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            if scope["type"] != "http" or started:
                raise
            await respond_to_defect(error)(scope, receive, send)


class Measure:
    """Times every request under its route's template: a path would name a journey."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            REQUEST_SECONDS.labels(scope["method"], route, status).observe(perf_counter() - began)


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _counting(receive: Receive) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > LARGEST_BODY:
            raise HTTPException(413)
        return message

    return counted
