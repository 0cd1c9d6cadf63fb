"""What journeys ask of their partners, over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from opentelemetry import trace
from opentelemetry.context import get_current
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from temporalio import activity
from temporalio.exceptions import ApplicationError

from ledger.database import Database
from ledger.tables import PartnerRow
from partners.client import PartnerClient
from partners.errors import OutcomeUnknown, Refused, Unavailable
from schemas.commands import Acknowledgement, PartnerCommand
from workflows.ports import PartnerPort

LONGEST_PAUSE = timedelta(minutes=10)
"""A partner may ask us to wait, but not for so long that nobody notices that it is back."""

_tracer = trace.get_tracer(__name__)


class PartnerActivities(PartnerPort):
    """Tells partners what to do. A partner is found by the name under which it is registered."""

    def __init__(self, database: Database, client: PartnerClient) -> None:
        self._database = database
        self._client = client

    @activity.defn(name="tell_partner")
    async def tell_partner(self, command: PartnerCommand) -> Acknowledgement:
        with _traced(command), _failing_as_the_journey_expects():
            url = await self._url(command.partner)
            taken = await self._taken_before(url, command)
            return taken or await self._client.send(url, command)

    async def _url(self, partner: str) -> str:
        async with self._database.reading() as session:
            row = await session.get(PartnerRow, partner)
        if row is None:
            # An operator can still register it, so this is no reason to give up.
            raise ApplicationError(f"no partner is registered as {partner}", type="unknown_partner")
        return row.url

    async def _taken_before(self, url: str, command: PartnerCommand) -> Acknowledgement | None:
        """An attempt before this one may have been taken without our hearing of it (invariant 9)."""
        if activity.info().attempt == 1:
            return None
        return await self._client.look_up(url, command.key)


@contextmanager
def _failing_as_the_journey_expects() -> Iterator[None]:
    """The partner's failures as `ApplicationError`s, by the codes of `schemas.errors`."""
    try:
        yield
    except Refused as refused:
        raise ApplicationError(str(refused), type="partner_refused", non_retryable=True) from None
    except Unavailable as away:
        pause = None if away.retry_after is None else min(away.retry_after, LONGEST_PAUSE)
        raise ApplicationError(str(away), type="partner_unavailable", next_retry_delay=pause) from None
    except OutcomeUnknown as unknown:
        raise ApplicationError(str(unknown), type="partner_unavailable") from None


@contextmanager
def _traced(command: PartnerCommand) -> Iterator[None]:
    """A span in the trace of the event that led to the command, where the command names one."""
    carrier = {"traceparent": command.traceparent} if command.traceparent else {}
    context = TraceContextTextMapPropagator().extract(carrier, context=get_current())
    with _tracer.start_as_current_span(f"tell {command.command}", context=context) as span:
        span.set_attributes({"clew.command": command.command, "clew.partner": command.partner, "clew.coi": command.coi})
        yield
