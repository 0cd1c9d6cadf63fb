"""One attempt at one delivery: traced, timed, counted."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from opentelemetry import trace
from opentelemetry.context import get_current
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ledger.deliveries import command_of
from ledger.lanes import Tried, kind_of
from ledger.tables import DeliveryRow
from partners.door import Answered, Door
from schemas.commands import PartnerCommand
from schemas.deliveries import AttemptKind, Outcome
from schemas.errors import ClewError
from telemetry import metrics
from telemetry.logs import logger

log = logger("worker.dispatch")
_tracer = trace.get_tracer(__name__)

OpenDoor = Callable[[], Awaitable[Door]]


async def attempt(row: DeliveryRow, open_door: OpenDoor) -> Tried:
    """Send the command, or look up what became of it. A defect of ours leaves the outcome unknown."""
    command, kind, at, began = command_of(row), kind_of(row.status), datetime.now(UTC), time.perf_counter()
    with _traced(command):
        try:
            door = await open_door()
            answered = await (door.look_up(command) if kind is AttemptKind.LOOK_UP else door.send(command))
        except ClewError as refusal:
            # Before anything was sent: the database or the partner's connector is not there.
            answered = Answered(Outcome.LATER, problem=refusal.detail)
        except Exception:
            log.exception("attempt_failed", delivery=row.id)
            answered = Answered(Outcome.UNKNOWN, problem="Clew failed while it asked; its log says more")
    metrics.COMMANDS_SENT.labels(command.command, answered.outcome).inc()
    metrics.COMMAND_SECONDS.labels(command.role).observe(time.perf_counter() - began)
    return Tried(
        delivery=row.number,
        kind=kind,
        at=at,
        outcome=answered.outcome,
        problem=answered.problem,
        status=answered.status,
        answer=answered.kept,
        seconds=answered.seconds,
        reference=answered.acknowledgement.reference if answered.acknowledgement else None,
        retry_after=answered.retry_after,
    )


@contextmanager
def _traced(command: PartnerCommand) -> Iterator[None]:
    """A span in the trace of the event that led to the command, where the command names one."""
    carrier = {"traceparent": command.traceparent} if command.traceparent else {}
    context = TraceContextTextMapPropagator().extract(carrier, context=get_current())
    with _tracer.start_as_current_span(f"tell {command.command}", context=context) as span:
        span.set_attributes({"clew.command": command.command, "clew.partner": command.partner, "clew.coi": command.coi})
        yield
