"""Orders, whichever way they come in: put on record, and started."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession
from temporalio.service import RPCError

from api.services import Services
from api.starts import start_journey
from api.transactions import settle
from ledger import registry
from ledger.registry import Ordered
from ledger.tables import JourneyRow
from schemas.errors import Unavailable
from schemas.events import TraceParent
from schemas.orders import JourneyOrder
from telemetry import metrics
from telemetry.logs import logger
from telemetry.redaction import describe

log = logger("api")

START_WITHIN = 2.0
"""Seconds that Temporal has to take a journey before the caller is told that it is recorded and will start."""

MOST_DRAWS = 5
"""Chain-of-identity ids that are drawn for one order before something is said to be wrong with their issuer."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A journey that is on record. `fresh`: this order put it there. `started`: Temporal has it."""

    journey: JourneyRow
    fresh: bool
    started: bool


async def take_order(
    using: Services,
    order: JourneyOrder,
    *,
    traceparent: TraceParent | None,
    key: str | None = None,
    by_number: bool = False,
) -> Taken:
    """Issue a chain-of-identity id and start the therapy; once it is recorded it will start, whatever happens.

    The same order again, by its `key` or `by_number`, is the same journey. Raises what `registry.order_journey` does.
    """
    ordered = await _on_record(using, order, traceparent, key, by_number)
    if ordered.fresh:
        metrics.JOURNEYS_ORDERED.labels(ordered.journey.protocol).inc()
    started = ordered.journey.started_at is not None or await _started(using, ordered.journey.coi)
    return Taken(ordered.journey, ordered.fresh, started)


async def _on_record(
    using: Services, order: JourneyOrder, traceparent: TraceParent | None, key: str | None, by_number: bool
) -> Ordered:
    """Under an id of its own: one that turns out to be taken is drawn again."""
    for _ in range(MOST_DRAWS):
        coi = await using.issuer.issue()

        async def record(session: AsyncSession, coi: str = coi) -> Ordered:
            before = await registry.ordered_before(session, order) if by_number else None
            if before is not None:
                return Ordered(before, fresh=False)
            return await registry.order_journey(
                session, order, coi=coi, key=key, traceparent=traceparent, now=datetime.now(UTC)
            )

        with suppress(registry.CoiTaken):
            return await settle(using.database, record)
    raise Unavailable(
        "no_coi_left", "Every chain-of-identity id that was drawn is taken: something else issues them too."
    )


async def _started(using: Services, coi: str) -> bool:
    try:
        await start_journey(using.database, using.temporal, coi, START_WITHIN)
    except (Unavailable, RPCError) as error:
        log.warning("journey_not_started", journey=coi, error=describe(error))
        return False
    return True
