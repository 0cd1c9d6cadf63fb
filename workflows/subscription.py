"""The Subscription: sends the feed to one receiver, entry by entry, for as long as the receiver is wanted.

It carries the cursor. What the owner wants (where to, which entries, from where again) stands in the database and is
read anew with each serving; the signal only ends a pause.
"""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

from schemas.subscriptions import GivenUp, Served, Serving, Standing
from workflows.names import OWNER_SPOKE, SUBSCRIPTION_WORKFLOW
from workflows.ports import SubscriberPort

FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(hours=1)
"""Between two attempts to deliver the same entry; each pause is twice the one before it."""

LONGEST_WISH = timedelta(days=1)
"""A receiver may ask us to wait so long (`Retry-After`)."""

PATIENCE = timedelta(days=5)
"""How long nothing may be taken before the subscription is disabled."""

LOOK_AGAIN = timedelta(days=1)
"""A disabled subscription is looked at so often, should the signal that it was enabled have been lost."""

SERVING_WITHIN = timedelta(minutes=10)
HEARTBEAT_WITHIN = timedelta(seconds=10)
"""A worker that has not been heard of for so long has died; the next one goes on where its last heartbeat was."""

PATIENT: dict[str, Any] = {"failures": 0, "failing_since": None}

DISABLING_WITHIN = timedelta(seconds=30)
DATABASE_AWAY = RetryPolicy(maximum_interval=timedelta(minutes=1))


@workflow.defn(name=SUBSCRIPTION_WORKFLOW)
class Subscription:
    """Ends when the subscription is removed."""

    @workflow.init
    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        self.heard = 0

    @workflow.run
    async def run(self, serving: Serving) -> None:
        while not workflow.info().is_continue_as_new_suggested():
            served = await self.serve()
            if served.standing is Standing.REMOVED:
                return
            if served.standing is Standing.DISABLED:
                await self.rest(LOOK_AGAIN, "disabled: waiting for its owner")
            elif served.problem is not None:
                await self.not_taken(served)
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(self.serving)

    @workflow.signal(name=OWNER_SPOKE)
    def hear(self, revision: int) -> None:
        """The owner has said something: if that is not followed yet, nobody waits for the end of a pause."""
        self.heard = max(self.heard, revision)

    async def serve(self) -> Served:
        """Send what there is, and what comes, for a while; the cursor moves with it.

        Patience begins anew with an entry that is taken, and with a new word of the owner's.
        """
        served = await workflow.execute_activity_method(
            SubscriberPort.serve_subscription,
            self.serving,
            start_to_close_timeout=SERVING_WITHIN,
            heartbeat_timeout=HEARTBEAT_WITHIN,
            retry_policy=DATABASE_AWAY,
            summary=f"on from {self.serving.position}",
        )
        fresh = served.moved or served.problem is None or served.revision != self.serving.revision
        stands = {name: getattr(served, name) for name in ("position", "replays", "revision")}
        self.serving = self.serving.model_copy(update=stands | (PATIENT if fresh else {}))
        return served

    async def not_taken(self, served: Served) -> None:
        """Wait longer from time to time, and give up in the end."""
        since = self.serving.failing_since or workflow.now()
        failures = self.serving.failures + 1
        self.serving = self.serving.model_copy(update={"failures": failures, "failing_since": since})
        if served.gone or workflow.now() - since >= PATIENCE:
            await self.give_up(served, "gone" if served.gone else "failed_too_long")
        else:
            await self.rest(pause(failures, served.pause), f"{served.problem}: attempt {failures} was not taken")

    async def give_up(self, served: Served, reason: str) -> None:
        await workflow.execute_activity_method(
            SubscriberPort.disable_subscription,
            GivenUp(id=self.serving.id, revision=served.revision, reason=reason),
            start_to_close_timeout=DISABLING_WITHIN,
            retry_policy=DATABASE_AWAY,
            summary=reason,
        )

    def owner_spoke(self) -> bool:
        return self.heard > self.serving.revision

    async def rest(self, duration: timedelta, why: str) -> None:
        """Until the pause is over or the owner has spoken."""
        try:
            await workflow.wait_condition(self.owner_spoke, timeout=duration, timeout_summary=why)
        except TimeoutError:
            return


def pause(failures: int, wish: float | None) -> timedelta:
    """How long to wait after so many failures in a row: at least as long as the receiver asked."""
    doubled = FIRST_PAUSE * (1 << min(failures - 1, 12))
    wished = min(timedelta(seconds=wish or 0), LONGEST_WISH)
    return max(min(doubled, LONGEST_PAUSE), wished)
