"""Spans leave the process without exception texts, and without what was typed into a path or a query."""

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.contrib.opentelemetry import create_tracer_provider

from telemetry import traces
from telemetry.traces import WithoutValues, current_traceparent

NAME = "Ana Brezovnik"


def exported(work: str, **attributes: str) -> ReadableSpan:
    """The span of some work that failed, as it leaves."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(WithoutValues(kept)))
    try:
        with provider.get_tracer("test").start_as_current_span(work, attributes=attributes):
            raise ValueError(NAME)
    except ValueError:
        (span,) = kept.get_finished_spans()
    return span


def test_a_failed_span_says_that_and_what_failed_but_not_its_text() -> None:
    span = exported("append")
    assert not span.status.is_ok
    assert span.events[0].attributes is not None
    assert span.events[0].attributes["exception.type"] == "ValueError"
    assert NAME not in span.to_json()


def test_a_request_is_told_by_its_route_without_what_was_typed() -> None:
    query, route = f"q={NAME}", "/v1/journeys/{coi}"
    typed = {"url.full": f"http://api/v1/journeys?{query}", "url.query": query, "url.path": f"/v1/journeys/{NAME}"}
    span = exported(f"GET {route}", **typed, **{"http.route": route})
    assert span.attributes is not None
    assert span.attributes["url.full"] == "http://api/v1/journeys"
    assert span.attributes["http.route"] == route
    assert NAME not in span.to_json()


def test_the_trace_goes_on_outside_http() -> None:
    assert current_traceparent() is None
    with TracerProvider().get_tracer("test").start_as_current_span("receive") as span:
        carried = current_traceparent()
    assert carried is not None
    assert carried.split("-")[1] == f"{span.get_span_context().trace_id:032x}"


def test_what_still_waits_is_sent_before_the_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = InMemorySpanExporter()
    provider = create_tracer_provider()
    provider.add_span_processor(BatchSpanProcessor(kept))
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: provider)
    provider.get_tracer("test").start_span("work").end()
    traces.flush()
    assert [span.name for span in kept.get_finished_spans()] == ["work"]
