"""Which trace a piece of work belongs to, where it does not say so itself."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from telemetry.traces import current_traceparent

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@contextmanager
def travelling_in(traceparent: str | None) -> Iterator[None]:
    """Spans and calls inside belong to that trace; to none if there is none."""
    carrier = {"traceparent": traceparent} if traceparent else {}
    token = context.attach(TraceContextTextMapPropagator().extract(carrier, context=context.Context()))
    try:
        yield
    finally:
        context.detach(token)


def traceparent_of(headers: Mapping[str, str]) -> str | None:
    """The trace of a request: our own span in it, or the sender's header where we do not trace."""
    sent = headers.get("traceparent", "")
    return current_traceparent() or (sent if _TRACEPARENT.fullmatch(sent) else None)
