"""A receiver that takes nothing is waited for, for days, and then given up until its owner speaks."""

from datetime import datetime, timedelta

from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from schemas.subscriptions import GivenUp, Served, Serving, Standing
from tests.waiting import until
from tests.workflows.conftest import time_skipping_server
from tests.workflows.sandbox import sandbox
from workflows.names import OWNER_SPOKE, SUBSCRIPTION_QUEUE
from workflows.ports import SubscriberPort
from workflows.subscription import LONGEST_PAUSE, PATIENCE, Subscription, pause

ID = "sub-00000000000000000000"


class Deaf(SubscriberPort):
    """A receiver that takes nothing; `served`: when it was tried."""

    def __init__(self, environment: WorkflowEnvironment, *, gone: bool = False) -> None:
        self.environment = environment
        self.gone = gone
        self.standing = Standing.ACTIVE
        self.tried: list[datetime] = []
        self.given_up: list[GivenUp] = []

    @activity.defn(name="serve_subscription")
    async def serve_subscription(self, serving: Serving) -> Served:
        told = {"position": serving.position, "replays": serving.replays, "revision": 1, "standing": self.standing}
        if self.standing is not Standing.ACTIVE:
            return Served.model_validate(told)
        self.tried.append(await self.environment.get_current_time())
        return Served.model_validate({**told, "problem": "not_taken", "gone": self.gone})

    @activity.defn(name="disable_subscription")
    async def disable_subscription(self, given_up: GivenUp) -> None:
        self.given_up.append(given_up)
        self.standing = Standing.DISABLED


async def begun(environment: WorkflowEnvironment) -> WorkflowHandle[Subscription, None]:
    return await environment.client.start_workflow(
        Subscription.run, Serving(id=ID, position=7), id=f"subscription/{ID}", task_queue=SUBSCRIPTION_QUEUE
    )


def working(environment: WorkflowEnvironment, deaf: Deaf) -> Worker:
    return Worker(
        environment.client,
        task_queue=SUBSCRIPTION_QUEUE,
        workflows=[Subscription],
        activities=[deaf.serve_subscription, deaf.disable_subscription],
        workflow_runner=sandbox(),
        workflow_failure_exception_types=[Exception],
    )


async def test_it_is_tried_for_five_days_less_and_less_often_and_disabled_then() -> None:
    async with time_skipping_server() as environment:
        deaf = Deaf(environment)
        async with working(environment, deaf):
            handle = await begun(environment)
            await environment.sleep(PATIENCE - timedelta(hours=1))
            assert deaf.given_up == [], "given up too early"
            await environment.sleep(timedelta(hours=3))
            await until(lambda: deaf.given_up, "it is given up")
            assert deaf.given_up == [GivenUp(id=ID, revision=1, reason="failed_too_long")]
            gaps = [later - sooner for sooner, later in zip(deaf.tried, deaf.tried[1:], strict=False)]
            assert max(gaps) < LONGEST_PAUSE + timedelta(minutes=1)
            assert gaps[0] < timedelta(seconds=10) < gaps[8]
            tried = len(deaf.tried)
            assert tried > PATIENCE / LONGEST_PAUSE
            deaf.standing = Standing.ACTIVE
            await handle.signal(OWNER_SPOKE)
            await until(lambda: len(deaf.tried) > tried, "it is tried again")
            assert len(deaf.given_up) == 1, "its patience did not begin anew"
            deaf.standing = Standing.REMOVED
            await handle.signal(OWNER_SPOKE)
            await handle.result()


async def test_one_that_is_gone_is_given_up_at_once() -> None:
    async with time_skipping_server() as environment:
        deaf = Deaf(environment, gone=True)
        async with working(environment, deaf):
            handle = await begun(environment)
            await until(lambda: deaf.given_up, "it is given up")
            assert (len(deaf.tried), deaf.given_up[0].reason) == (1, "gone")
            deaf.standing = Standing.REMOVED
            await handle.signal(OWNER_SPOKE)
            await handle.result()


def test_pauses_double_up_to_an_hour_and_are_never_shorter_than_asked() -> None:
    seconds = [pause(failures, None).total_seconds() for failures in (1, 2, 3, 12, 13, 500)]
    assert seconds == [1, 2, 4, 2048, 3600, 3600]
    assert pause(1, 7200) == timedelta(hours=2)
    assert pause(3, 1) == timedelta(seconds=4)
    assert pause(1, 10_000_000) == timedelta(days=1)
