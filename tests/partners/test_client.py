"""What comes of one call: taken, refused, not now, or nobody knows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.contrib.opentelemetry import ReplaySafeTracerProvider

from partners.client import PartnerClient, open_client
from partners.errors import OutcomeUnknown, PartnerFailure, Refused, Unavailable
from partners.simulator.server import Server
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


Call = Callable[[PartnerClient, str], Awaitable[object]]
CALLS: list[Call] = [
    lambda client, url: client.send(url, BOOKING),
    lambda client, url: client.look_up(url, BOOKING.key),
]


@pytest.mark.parametrize("status", [400, 404, 409, 410, 422])
async def test_a_no_is_for_good(status: int, partner: StubbornPartner, client: PartnerClient) -> None:
    partner.answer = Response(status_code=status)
    with pytest.raises(Refused) as refused:
        await client.send(partner.server.url, BOOKING)
    assert refused.value.status == status


@pytest.mark.parametrize("status", [400, 401, 403, 409, 422, 500, 502])
async def test_a_look_up_is_never_refused_for_good(
    status: int, partner: StubbornPartner, client: PartnerClient
) -> None:
    partner.answer = Response(status_code=status)
    with pytest.raises(OutcomeUnknown):
        await client.look_up(partner.server.url, BOOKING.key)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 7),
        ("999999999999999999999", 86_400, 86_400),
        (format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True), 3_000, 3_600),
        (format_datetime(datetime(2001, 1, 1, tzinfo=UTC), usegmt=True), 0, 0),
    ],
)
async def test_a_partner_says_when_to_come_back(
    call: Call, status: int, header: str, least: int, most: int, partner: StubbornPartner, client: PartnerClient
) -> None:
    partner.answer = Response(status_code=status, headers={"Retry-After": header})
    with pytest.raises(Unavailable) as away:
        await call(client, partner.server.url)
    assert away.value.retry_after is not None
    assert least <= away.value.retry_after.total_seconds() <= most


async def test_a_wish_that_cannot_be_read_is_none(partner: StubbornPartner, client: PartnerClient) -> None:
    for headers in ({}, {"Retry-After": "soon"}):
        partner.answer = Response(status_code=503, headers=headers)
        with pytest.raises(Unavailable) as away:
            await client.send(partner.server.url, BOOKING)
        assert away.value.retry_after is None


@pytest.mark.parametrize("call", CALLS)
async def test_silence_leaves_the_outcome_unknown(call: Call, partner: StubbornPartner) -> None:
    partner.pause = 5
    async with open_client(timeout=0.1) as impatient:
        with pytest.raises(OutcomeUnknown):
            await call(impatient, partner.server.url)


async def test_a_partner_that_nobody_reaches_took_nothing(partner: StubbornPartner, client: PartnerClient) -> None:
    await partner.server.stop()
    with pytest.raises(Unavailable):
        await client.send(partner.server.url, BOOKING)


@pytest.mark.parametrize("said", [b"<html>", b"[]", b'{"reference": "Ana Example"}', b'{"reference": 7}'])
async def test_an_acknowledgement_that_cannot_be_read_is_none(
    said: bytes, partner: StubbornPartner, client: PartnerClient
) -> None:
    partner.answer = Response(said, status_code=202)
    with pytest.raises(OutcomeUnknown) as unknown:
        await client.send(partner.server.url, BOOKING)
    assert "Ana" not in str(unknown.value)


async def test_a_reference_may_be_absent_and_other_words_are_left_behind(
    partner: StubbornPartner, client: PartnerClient
) -> None:
    for said in (b"", b"{}", b'{"patient_name": "Ana Example"}'):
        partner.answer = Response(said, status_code=200)
        assert (await client.send(partner.server.url, BOOKING)).reference is None


@pytest.mark.parametrize("status", [409, 500, 503])
async def test_a_failure_never_quotes_what_the_partner_answered(
    status: int, partner: StubbornPartner, client: PartnerClient
) -> None:
    partner.answer = Response("no bed for Ana Example", status_code=status)
    with pytest.raises(PartnerFailure) as failure:
        await client.send(partner.server.url, BOOKING)
    assert "Ana" not in repr(failure.value)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What is traced during the test, by whatever provider this process has."""
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider | ReplaySafeTracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()


async def test_a_call_is_one_span_and_the_partner_is_told_of_it(
    spans: InMemorySpanExporter, partner: StubbornPartner, client: PartnerClient
) -> None:
    with trace.get_tracer("test").start_as_current_span("the journey"):
        await client.send(partner.server.url, BOOKING)
    calls = [span for span in spans.get_finished_spans() if span.kind is trace.SpanKind.CLIENT]
    assert len(calls) == 1
    context = calls[0].context
    assert context is not None
    assert partner.headers[0]["traceparent"].startswith(f"00-{context.trace_id:032x}-{context.span_id:016x}-")
    assert partner.headers[0]["idempotency-key"] == BOOKING.key
