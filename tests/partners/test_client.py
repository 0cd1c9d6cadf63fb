"""What comes of one call: taken, refused, not now, or nobody knows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.contrib.opentelemetry import ReplaySafeTracerProvider, create_tracer_provider

from partners.client import ClewDoor, open_http
from partners.door import Answered, Door
from partners.simulator.server import Server
from schemas.commands import Acknowledgement
from schemas.deliveries import Outcome
from tests.partners.clinic import command

BOOKING = command("book_pickup")


class StubbornPartner:
    """Answers every request in the same way, and remembers the headers."""

    def __init__(self) -> None:
        self.answer = Response(status_code=202)
        self.pause = 0.0
        self.headers: list[dict[str, str]] = []
        app = FastAPI(openapi_url=None)
        app.api_route("/commands", methods=["GET", "POST"])(self._respond)
        self.server = Server(app, "127.0.0.1", 0)

    async def _respond(self, request: Request) -> Response:
        self.headers.append(dict(request.headers))
        await asyncio.sleep(self.pause)
        return self.answer


@pytest.fixture
async def partner() -> AsyncIterator[StubbornPartner]:
    stubborn = StubbornPartner()
    await stubborn.server.start()
    yield stubborn
    await stubborn.server.stop()


Call = Callable[[Door], Awaitable[Answered]]
CALLS: list[Call] = [lambda door: door.send(BOOKING), lambda door: door.look_up(BOOKING)]


@pytest.fixture
def door(partner: StubbornPartner, http: httpx.AsyncClient) -> Door:
    return ClewDoor(http, partner.server.url)


@pytest.mark.parametrize("status", [400, 404, 409, 410, 422])
async def test_a_no_is_for_good(status: int, partner: StubbornPartner, door: Door) -> None:
    partner.answer = Response(status_code=status)
    refused = await door.send(BOOKING)
    assert (refused.outcome, refused.status) == (Outcome.REFUSED, status)


@pytest.mark.parametrize("status", [400, 401, 403, 409, 422, 500, 502])
async def test_a_look_up_is_never_refused_for_good(status: int, partner: StubbornPartner, door: Door) -> None:
    partner.answer = Response(status_code=status)
    assert (await door.look_up(BOOKING)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("status", [301, 307, 401, 403, 500, 502])
async def test_a_status_that_says_neither_leaves_the_outcome_unknown(
    status: int, partner: StubbornPartner, door: Door
) -> None:
    partner.answer = Response(status_code=status, headers={"Location": "http://127.0.0.1:9/elsewhere"})
    answered = await door.send(BOOKING)
    assert (answered.outcome, answered.status) == (Outcome.UNKNOWN, status)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 7),
        ("999999999999999999999", 86_400, 86_400),
        (timedelta(hours=1), 3_000, 3_600),
        (format_datetime(datetime(2001, 1, 1, tzinfo=UTC), usegmt=True), 0, 0),
    ],
    ids=["seconds", "for ever", "a date", "a date gone by"],
)
async def test_a_partner_says_when_to_come_back(
    call: Call, status: int, header: str | timedelta, least: int, most: int, partner: StubbornPartner, door: Door
) -> None:
    if isinstance(header, timedelta):
        header = format_datetime(datetime.now(UTC) + header, usegmt=True)
    partner.answer = Response(status_code=status, headers={"Retry-After": header})
    away = await call(door)
    assert away.outcome is Outcome.LATER
    assert away.retry_after is not None
    assert least <= away.retry_after.total_seconds() <= most


async def test_a_wish_that_cannot_be_read_is_none(partner: StubbornPartner, door: Door) -> None:
    for headers in ({}, {"Retry-After": "soon"}):
        partner.answer = Response(status_code=503, headers=headers)
        away = await door.send(BOOKING)
        assert (away.outcome, away.retry_after) == (Outcome.LATER, None)


@pytest.mark.parametrize("call", CALLS)
async def test_silence_leaves_the_outcome_unknown(call: Call, partner: StubbornPartner) -> None:
    partner.pause = 5
    async with open_http(timeout=0.1) as impatient:
        silent = await call(ClewDoor(impatient, partner.server.url))
    assert (silent.outcome, silent.status) == (Outcome.UNKNOWN, None)
    assert silent.seconds >= 0.1


@pytest.mark.parametrize("call", CALLS)
async def test_a_partner_that_nobody_reaches_took_nothing(call: Call, partner: StubbornPartner, door: Door) -> None:
    await partner.server.stop()
    away = await call(door)
    assert (away.outcome, away.status) == (Outcome.LATER, None)


@pytest.mark.parametrize("said", [b"<html>", b"[]", b'{"reference": "Ana Example"}', b'{"reference": 7}'])
async def test_an_acknowledgement_that_cannot_be_read_is_none(
    said: bytes, partner: StubbornPartner, door: Door
) -> None:
    partner.answer = Response(said, status_code=202)
    unread = await door.send(BOOKING)
    assert (unread.outcome, unread.acknowledgement) == (Outcome.UNKNOWN, None)
    assert "Ana" not in (unread.problem or "")


async def test_a_reference_may_be_absent_and_other_words_are_left_behind(partner: StubbornPartner, door: Door) -> None:
    for said in (b"", b"{}", b'{"patient_name": "Ana Example"}'):
        partner.answer = Response(said, status_code=200)
        assert (await door.send(BOOKING)).acknowledgement == Acknowledgement()


@pytest.mark.parametrize("status", [409, 500, 503])
async def test_a_problem_never_quotes_what_the_partner_answered(
    status: int, partner: StubbornPartner, door: Door
) -> None:
    partner.answer = Response("no bed for Ana Example", status_code=status)
    answered = await door.send(BOOKING)
    assert answered.problem and "Ana" not in answered.problem
    assert answered.kept == "no bed for Ana Example"


async def test_two_kilobytes_of_an_answer_are_kept_as_text(partner: StubbornPartner, door: Door) -> None:
    partner.answer = Response(b"\xff\x00" + b"x" * 5_000, status_code=500)
    kept = (await door.send(BOOKING)).kept
    assert kept == "\N{REPLACEMENT CHARACTER}" * 2 + "x" * 2_046


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What is traced during the test, by whatever provider this process has."""
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider | ReplaySafeTracerProvider):
        # Later tests of this process may run journeys, which need one of this kind.
        provider = create_tracer_provider()
        trace.set_tracer_provider(provider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()


async def test_a_call_is_one_span_and_the_partner_is_told_of_it(
    spans: InMemorySpanExporter, partner: StubbornPartner, door: Door
) -> None:
    with trace.get_tracer("test").start_as_current_span("the journey"):
        await door.send(BOOKING)
    calls = [span for span in spans.get_finished_spans() if span.kind is trace.SpanKind.CLIENT]
    assert len(calls) == 1
    context = calls[0].context
    assert context is not None
    assert partner.headers[0]["traceparent"].startswith(f"00-{context.trace_id:032x}-{context.span_id:016x}-")
    assert partner.headers[0]["idempotency-key"] == BOOKING.key
