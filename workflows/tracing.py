"""The trace of a partner's event goes on in the commands that it causes."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator


@contextmanager
def caused_by(traceparent: str | None) -> Iterator[None]:
    """Make the W3C trace context that an event came with the current one.

    Nothing may be awaited inside: a journey that is taken from a worker's memory ends wherever it waits, in another
    context, and this one could not be put back.
    """
    if traceparent is None:
        yield
        return
    token = context.attach(TraceContextTextMapPropagator().extract({"traceparent": traceparent}))
    try:
        yield
    finally:
        context.detach(token)
