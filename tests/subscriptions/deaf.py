"""A receiver that takes nothing, in place of the one that the activities would send to."""

from datetime import datetime

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from schemas.subscriptions import GivenUp, Served, Serving, Standing
from tests.workflows.conftest import IDENTITY
from tests.workflows.sandbox import sandbox
from workflows.names import OWNER_SPOKE, SUBSCRIPTION_QUEUE
from workflows.ports import SubscriberPort
from workflows.subscription import Subscription

ID = "sub-00000000000000000000"


class Deaf(SubscriberPort):
    """`tried`: when, in the server's time. `hears`: so many entries are taken first."""

    def __init__(self, *, gone: bool = False, hears: int = 0) -> None:
        self.gone = gone
        self.hears = hears
        self.standing = Standing.ACTIVE
        self.revision = 1
        self.tried: list[datetime] = []
        self.given_up: list[GivenUp] = []

    @activity.defn(name="serve_subscription")
    async def serve_subscription(self, serving: Serving) -> Served:
        position, self.hears = serving.position + self.hears, 0
        moved = position > serving.position
        told = {
            "position": position,
            "replays": serving.replays,
            "revision": self.revision,
            "standing": self.standing,
        }
        if self.standing is not Standing.ACTIVE:
            return Served.model_validate(told)
        self.tried.append(activity.info().current_attempt_scheduled_time)
        return Served.model_validate({**told, "moved": moved, "problem": "not_taken", "gone": self.gone})

    async def owner_says(self, handle: WorkflowHandle[Subscription, None], standing: Standing) -> None:
        """A new word, of which the workflow is told."""
        self.standing = standing
        self.revision += 1
        await handle.signal(OWNER_SPOKE, self.revision)

    @activity.defn(name="disable_subscription")
    async def disable_subscription(self, given_up: GivenUp) -> None:
        self.given_up.append(given_up)
        self.standing = Standing.DISABLED


async def begun(client: Client) -> WorkflowHandle[Subscription, None]:
    return await client.start_workflow(
        Subscription.run, Serving(id=ID, position=7), id=f"subscription/{ID}", task_queue=SUBSCRIPTION_QUEUE
    )


def working(client: Client, deaf: Deaf) -> Worker:
    """A worker with a fake at the edge. A defect in the workflow's code fails it, so that a test sees it."""
    return Worker(
        client,
        task_queue=SUBSCRIPTION_QUEUE,
        workflows=[Subscription],
        activities=[deaf.serve_subscription, deaf.disable_subscription],
        workflow_runner=sandbox(),
        workflow_failure_exception_types=[Exception],
        identity=IDENTITY,
    )
