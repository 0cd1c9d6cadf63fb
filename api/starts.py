"""Recorded journeys become workflows, once each however often it is tried."""

from datetime import UTC, datetime
from typing import Any

from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from api.temporal_link import TemporalLink
from api.tracing import travelling_in
from ledger.database import Database
from ledger.registry import find_journey, mark_started, start_of
from schemas.facts import JourneyStatus
from schemas.identity import Role
from schemas.orders import JourneyStart
from workflows.names import (
    AT_RISK,
    CHAIN_OF_IDENTITY,
    JOURNEY_QUEUE,
    JOURNEY_STATUS,
    JOURNEY_WORKFLOW,
    PROTOCOL,
    TREATMENT_CENTRE,
    journey_workflow_id,
)


async def start_journey(database: Database, temporal: TemporalLink, coi: str, within: float) -> None:
    """Have Temporal take a recorded journey. Raises `Unavailable` if it does not answer within so many seconds."""
    async with database.reading() as session:
        journey = await find_journey(session, coi)
        start = await start_of(session, journey)
    with travelling_in(journey.traceparent):
        await temporal.call(lambda client: _start(client, start), within)
    async with database.writing() as session:
        await mark_started(session, coi, datetime.now(UTC))


async def _start(client: Client, start: JourneyStart) -> None:
    try:
        await client.start_workflow(
            JOURNEY_WORKFLOW,
            start,
            id=journey_workflow_id(start.coi),
            task_queue=JOURNEY_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            search_attributes=_search_attributes(start),
            static_summary=f"{start.protocol.title} · {start.order}",
            static_details=_details(start),
        )
    except WorkflowAlreadyStartedError:
        # It ran and has ended: an answer to an earlier attempt was lost.
        return


def _search_attributes(start: JourneyStart) -> TypedSearchAttributes:
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(CHAIN_OF_IDENTITY, start.coi),
        SearchAttributePair(PROTOCOL, f"{start.protocol.protocol}@{start.protocol.version}"),
        SearchAttributePair(JOURNEY_STATUS, JourneyStatus.RUNNING.value),
        SearchAttributePair(AT_RISK, False),
    ]
    centre = start.parties.get(Role.TREATMENT_CENTRE)
    if centre is not None:
        pairs.append(SearchAttributePair(TREATMENT_CENTRE, centre))
    return TypedSearchAttributes(pairs)


def _details(start: JourneyStart) -> str:
    parties = "\n".join(f"- {role.value.replace('_', ' ')}: **{name}**" for role, name in start.parties.items())
    stages = " → ".join(stage.id for stage in start.protocol.stages)
    return (
        f"**{start.protocol.title}** ({start.protocol.protocol}@{start.protocol.version})\n\n"
        f"Chain of identity `{start.coi}`, order `{start.order}`\n\n{parties}\n\n{stages}"
    )
