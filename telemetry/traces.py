"""One trace from a partner's request to the command that it caused; W3C `traceparent` between processes."""

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagators.textmap import CarrierT, Getter, default_getter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_NAMESPACE, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from temporalio.contrib.opentelemetry import ReplaySafeTracerProvider, create_tracer_provider

from schemas.settings import Settings

_PATH = "/v1/traces"
_QUOTING_EVENT = frozenset({"exception.message", "exception.stacktrace"})
_WITH_QUERY = ("url.full", "http.url", "http.target")
_TYPED = frozenset({"url.query", "url.path"})


def configure(settings: Settings, service: str) -> None:
    """Make this process trace. Spans are sent where `CLEW_OTLP_ENDPOINT` says; ids are there without it, too."""
    resource = Resource.create({SERVICE_NAME: f"clew-{service}", SERVICE_NAMESPACE: "clew"})
    # Temporal's own provider: plain ones give a span a new id and a second copy on each replay.
    provider = create_tracer_provider(resource=resource)
    if settings.otlp_endpoint is not None:
        exporter = OTLPSpanExporter(endpoint=_endpoint(settings.otlp_endpoint))
        provider.add_span_processor(BatchSpanProcessor(WithoutValues(exporter)))
    trace.set_tracer_provider(provider)
    propagate.set_global_textmap(TraceParentOnly())


def flush() -> None:
    """Send what is still waiting; call it before the process ends."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider | ReplaySafeTracerProvider):
        provider.shutdown()


def current_traceparent() -> str | None:
    """The `traceparent` of the current span, for whatever is not HTTP; None outside a trace."""
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


class TraceParentOnly(TraceContextTextMapPropagator):
    """W3C trace context, of which only `traceparent` is taken in: in `tracestate` a sender writes what it likes
    (invariant 6)."""

    def extract(
        self, carrier: CarrierT, context: Context | None = None, getter: Getter[CarrierT] = default_getter
    ) -> Context:
        found = getter.get(carrier, "traceparent")
        return super().extract({"traceparent": found[0]} if found else {}, context)


class WithoutValues(SpanExporter):
    """Passes spans on without exception texts, paths and query strings: all can quote what someone typed
    (invariant 6). Which route was asked is in the span's name."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_without_values(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _endpoint(base: str) -> str:
    return base if base.endswith(_PATH) else base.rstrip("/") + _PATH


def _without_values(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_without_typed(span.attributes or {}),
        events=[_quiet(event) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _without_typed(attributes: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in attributes.items() if key not in _TYPED}
    return kept | {key: str(kept[key]).partition("?")[0] for key in _WITH_QUERY if key in kept}


def _quiet(event: Event) -> Event:
    kept = {key: value for key, value in (event.attributes or {}).items() if key not in _QUOTING_EVENT}
    return Event(event.name, kept, event.timestamp)
