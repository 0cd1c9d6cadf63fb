"""For operators: whether the process lives, whether it can do its work, and what it counted."""

import asyncio
from datetime import UTC, datetime

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from api import examples
from api.answers import Liveness, Readiness
from api.callers import AsPublic
from api.documented import answer, problems
from api.services import Services, Using
from ledger import inbox, queries
from ledger.database import Database
from ledger.migrate import is_current
from schemas.errors import Unavailable
from telemetry import metrics

router = APIRouter(tags=["operation"])

PROBE_WITHIN = 2.0
"""Seconds that the database, or Temporal, has to show that it is there."""

RELAY_OLDEST = Gauge("clew_relay_oldest_seconds", "How long the oldest event that is not delivered has waited.")
EVENTS_UNMATCHED = Gauge("clew_events_unmatched", "Events whose subject nobody knows yet.")
JOURNEYS = Gauge("clew_journeys", "Journeys in each status.", ["status"])
TEMPORAL_REACHABLE = Gauge("clew_temporal_reachable", "1 if Temporal answered the last call, 0 if not.")


@router.get(
    "/healthz",
    operation_id="healthz",
    summary="Whether the process lives",
    response_model=Liveness,
    responses=answer(200, "It does.", examples.ALIVE),
)
async def healthz(_caller: AsPublic) -> Liveness:
    """Asks nothing of anybody else."""
    return Liveness(status="alive")


@router.get(
    "/readyz",
    operation_id="readyz",
    summary="Whether events can be acknowledged",
    response_model=Readiness,
    responses={
        **answer(200, "They can, whether or not Temporal is there.", examples.READY),
        **problems("ledger_unavailable"),
    },
)
async def readyz(_caller: AsPublic, using: Using) -> Readiness:
    """True when the database is there, can be written to and has this version's tables."""
    _, _ = await asyncio.gather(_can_acknowledge(using.database), using.temporal.probe(PROBE_WITHIN))
    return Readiness(status="ready", database="reachable", temporal=using.temporal.state)


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="What was counted",
    response_class=Response,
    responses={200: {"description": "Prometheus text.", "content": {"text/plain": {"example": examples.METRICS}}}},
)
async def read_metrics(_caller: AsPublic, using: Using) -> Response:
    """In Prometheus' text format; without the inbox's figures while the database is away."""
    try:
        async with asyncio.timeout(PROBE_WITHIN):
            await _measure(using)
    except (SQLAlchemyError, OSError):
        pass
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _can_acknowledge(database: Database) -> None:
    try:
        async with asyncio.timeout(PROBE_WITHIN):
            await database.ping()
            current = await is_current(database)
    except TimeoutError:
        raise Unavailable("ledger_unavailable", "The database does not answer.") from None
    if not current:
        raise Unavailable("ledger_unavailable", "The database is not migrated to this version: `clew migrate` does it.")


async def _measure(using: Services) -> None:
    async with using.database.reading() as session:
        backlog = await inbox.backlog(session)
        by_status = await queries.journeys_by_status(session)
    waited = (datetime.now(UTC) - backlog.oldest).total_seconds() if backlog.oldest else 0
    metrics.RELAY_WAITING.set(backlog.undelivered)
    RELAY_OLDEST.set(waited)
    EVENTS_UNMATCHED.set(backlog.unmatched)
    JOURNEYS.clear()
    for status, count in by_status.items():
        JOURNEYS.labels(status).set(count)
    TEMPORAL_REACHABLE.set(using.temporal.state == "reachable")
