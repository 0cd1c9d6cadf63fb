"""A receiver that takes nothing is waited for, for days, and then given up until its owner speaks."""

from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from schemas.subscriptions import GivenUp, Standing
from tests.subscriptions.deaf import ID, Deaf, begun, working
from tests.subscriptions.record import HISTORIES
from tests.waiting import until
from tests.workflows.conftest import time_skipping_server
from tests.workflows.sandbox import sandbox
from workflows.subscription import LONGEST_PAUSE, PATIENCE, Subscription, pause

WHAT_TO_DO = """{name} cannot be replayed: subscriptions that are served would stop.
Keep the old behaviour for them (a new field of `Serving` with a default tells the two apart), and record a new history
beside the old (python -m tests.subscriptions.record). Do not record the old one anew.
{error}"""


async def test_it_is_tried_for_five_days_less_and_less_often_and_disabled_then() -> None:
    async with time_skipping_server() as environment:
        deaf = Deaf()
        async with working(environment.client, deaf):
            handle = await begun(environment.client)
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
            await deaf.owner_says(handle, Standing.ACTIVE)
            await environment.sleep(timedelta(minutes=1))
            await until(lambda: len(deaf.tried) > tried + 2, "it is tried again and again")
            assert len(deaf.given_up) == 1, "its patience did not begin anew"
            await deaf.owner_says(handle, Standing.REMOVED)
            await handle.result()


@pytest.mark.parametrize("by", ["an entry that is taken", "the owner's word"])
async def test_patience_begins_anew(by: str) -> None:
    async with time_skipping_server() as environment:
        deaf = Deaf()
        async with working(environment.client, deaf):
            handle = await begun(environment.client)
            await environment.sleep(PATIENCE - timedelta(hours=3))
            if by == "the owner's word":
                deaf.revision = 2
            else:
                deaf.hears = 1
            await environment.sleep(PATIENCE - timedelta(hours=3))
            assert deaf.given_up == []
            await deaf.owner_says(handle, Standing.REMOVED)
            await handle.result()


async def test_one_that_is_gone_is_given_up_at_once() -> None:
    async with time_skipping_server() as environment:
        deaf = Deaf(gone=True)
        async with working(environment.client, deaf):
            handle = await begun(environment.client)
            await until(lambda: deaf.given_up, "it is given up")
            assert (len(deaf.tried), deaf.given_up[0].reason) == (1, "gone")
            await deaf.owner_says(handle, Standing.REMOVED)
            await handle.result()


def test_pauses_double_up_to_an_hour_and_are_never_shorter_than_asked() -> None:
    seconds = [pause(failures, None).total_seconds() for failures in (1, 2, 3, 12, 13, 500)]
    assert seconds == [1, 2, 4, 2048, 3600, 3600]
    assert pause(1, 7200) == timedelta(hours=2)
    assert pause(3, 1) == timedelta(seconds=4)
    assert pause(1, 10_000_000) == timedelta(days=1)


def recorded(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text())


@pytest.mark.parametrize("path", sorted(HISTORIES.glob("*.json")), ids=lambda path: path.stem)
async def test_a_subscription_that_is_served_goes_on_with_todays_code(path: Path) -> None:
    replayer = Replayer(workflows=[Subscription], data_converter=pydantic_data_converter, workflow_runner=sandbox())
    result = await replayer.replay_workflow(recorded(path), raise_on_replay_failure=False)
    if result.replay_failure is not None:
        pytest.fail(WHAT_TO_DO.format(name=path.name, error=result.replay_failure))


def test_a_history_is_recorded() -> None:
    assert list(HISTORIES.glob("*.json"))
