"""One event into its journey: as a signal while it runs, straight onto the ledger once it has closed."""

from datetime import UTC, datetime

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from api.temporal_link import TemporalLink
from api.tracing import travelling_in
from ledger.append import append_after_close
from ledger.database import Database
from ledger.inbox import Waiting
from ledger.registry import find_journey
from schemas.errors import Unavailable
from workflows.names import journey_workflow_id


async def deliver(database: Database, temporal: TemporalLink, waiting: Waiting, within: float) -> None:
    """Hand over one event. Raises `Unavailable` if Temporal does not answer, or has lost the journey."""

    async def signal(client: Client) -> None:
        await client.get_workflow_handle(journey_workflow_id(waiting.journey)).signal(waiting.event.type, waiting.event)

    try:
        with travelling_in(waiting.event.traceparent):
            await temporal.call(signal, within)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        if not await is_closed(database, temporal, waiting.journey, within):
            raise Unavailable("temporal_unavailable", "Temporal does not know a journey that it has taken.") from error
        async with database.writing() as session:
            await append_after_close(session, waiting.journey, [waiting.event], datetime.now(UTC))


async def is_closed(database: Database, temporal: TemporalLink, coi: str, within: float) -> bool:
    """Whether a workflow that takes nothing any more has ended, as opposed to being unknown to this Temporal."""

    async def describe(client: Client) -> bool:
        description = await client.get_workflow_handle(journey_workflow_id(coi)).describe()
        return description.status is not WorkflowExecutionStatus.RUNNING

    try:
        return await temporal.call(describe, within)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
    # Temporal forgets closed workflows after a while; the ledger does not.
    async with database.reading() as session:
        return (await find_journey(session, coi)).closed_at is not None
