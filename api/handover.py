"""Events into their journey: as a signal while it runs, straight onto the ledger once it has closed."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, islice

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

MOST_IN_ONE_SIGNAL = 20
"""Events: far from what Temporal takes in one message, and few enough to be read in its Web UI."""


def in_signals(events: Iterable[Waiting]) -> Iterator[list[Waiting]]:
    """The events of one journey, in their order; neighbours of one type together.

    A signal costs Temporal and the journey the same however many events it carries, and its name is their type.
    """
    for _, alike in groupby(events, key=lambda each: each.event.type):
        while together := list(islice(alike, MOST_IN_ONE_SIGNAL)):
            yield together


async def deliver(database: Database, temporal: TemporalLink, together: Sequence[Waiting], within: float) -> None:
    """Hand over the events of one signal. Raises `Unavailable` if Temporal does not answer, or has lost the journey.

    The signal travels in the trace of the first; each event carries its own on into the commands that it causes.
    """
    journey, events = together[0].journey, [each.event for each in together]

    async def signal(client: Client) -> None:
        await client.get_workflow_handle(journey_workflow_id(journey)).signal(events[0].type, args=events)

    try:
        with travelling_in(events[0].traceparent):
            await temporal.call(signal, within)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        if not await is_closed(database, temporal, journey, within):
            raise Unavailable("temporal_unavailable", "Temporal does not know a journey that it has taken.") from error
        async with database.writing() as session:
            await append_after_close(session, journey, events, datetime.now(UTC))


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
