"""What owners say about their subscriptions reaches Temporal, also where it was away when they said it.

Their word is on record first; then the subscription's workflow is started or woken, which reads it there. Whatever it
has not heard is found by a look around, so a word that is on record is followed sooner or later.
"""

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from api.rounds import keep_looking
from api.temporal_link import TemporalLink
from ledger import subscriptions
from ledger.database import Database
from ledger.tables import SubscriptionRow
from schemas.errors import ClewError
from telemetry.logs import logger
from telemetry.redaction import describe
from workflows.names import OWNER_SPOKE, SUBSCRIPTION_QUEUE, SUBSCRIPTION_WORKFLOW, subscription_workflow_id

log = logger("owners")

AT_ONCE = 100
"""Subscriptions that one look around takes care of."""

ANSWER_WITHIN = 5.0
"""Seconds that Temporal has."""


class Owners:
    """Tells the workflows of subscriptions what their owners have said; `interval`: seconds between looks around."""

    def __init__(self, database: Database, temporal: TemporalLink, interval: float) -> None:
        self._database = database
        self._temporal = temporal
        self._interval = interval

    async def run(self) -> None:
        """Look around until cancelled."""
        await keep_looking(self._look_around, self._interval, log)

    async def tell(self, row: SubscriptionRow) -> bool:
        """Start or wake the subscription's workflow; whether Temporal has heard. If not, it will later."""
        try:
            await self._tell(row)
        except ClewError as away:
            log.warning("owner_not_heard", error=describe(away))
            return False
        return True

    async def _look_around(self) -> None:
        async with self._database.reading() as session:
            untold = await subscriptions.untold(session, AT_ONCE)
        for row in untold:
            await self._tell(row)

    async def _tell(self, row: SubscriptionRow) -> None:
        await self._temporal.call(lambda client: _start_or_wake(client, row), ANSWER_WITHIN)
        async with self._database.writing() as session:
            await subscriptions.mark_told(session, row.id, row.revision)


async def _start_or_wake(client: Client, row: SubscriptionRow) -> None:
    await client.start_workflow(
        SUBSCRIPTION_WORKFLOW,
        subscriptions.serving_of(row),
        id=subscription_workflow_id(row.id),
        task_queue=SUBSCRIPTION_QUEUE,
        start_signal=OWNER_SPOKE,
        start_signal_args=[row.revision],
        # One that an operator has ended begins anew; one that has ended because it was removed finds that at once.
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=f"Subscription {row.id}",
    )
