"""What owners say about their subscriptions reaches Temporal, also where it was away when they said it.

Their word is on record first; then the subscription's workflow is started or woken, which reads it there. Whatever it
has not heard is found by a look around, so a word that is on record is followed sooner or later.
"""

from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncSession
from structlog.stdlib import BoundLogger
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from api.rounds import ANSWER_WITHIN, Rounds
from ledger import subscriptions
from ledger.tables import SubscriptionRow
from schemas.errors import ClewError
from telemetry.logs import logger
from telemetry.redaction import describe
from workflows.names import OWNER_SPOKE, SUBSCRIPTION_QUEUE, SUBSCRIPTION_WORKFLOW, subscription_workflow_id


class Owners(Rounds[SubscriptionRow]):
    """Tells the workflows of subscriptions what their owners have said."""

    log: ClassVar[BoundLogger] = logger("owners")

    async def tell(self, row: SubscriptionRow) -> bool:
        """Start or wake the subscription's workflow; whether Temporal has heard. If not, it will later."""
        try:
            await self._tell(row)
        except (ClewError, RPCError) as error:
            self.log.warning("owner_not_heard", error=describe(error))
            return False
        return True

    async def _untold(self, session: AsyncSession, limit: int) -> Sequence[SubscriptionRow]:
        return await subscriptions.untold(session, limit)

    def _workflow_of(self, item: SubscriptionRow) -> str:
        return subscription_workflow_id(item.id)

    async def _tell(self, item: SubscriptionRow) -> None:
        await self._temporal.call(lambda client: _start_or_wake(client, item), ANSWER_WITHIN)
        async with self._database.writing() as session:
            await subscriptions.mark_told(session, item.id, item.revision)


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
