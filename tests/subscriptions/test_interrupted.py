"""Whatever dies or is away while entries are sent: none is missing, and what comes twice can be told."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from ledger.database import Database
from schemas.settings import Settings
from tests.api.clinic import away, clinic
from tests.subscriptions.house import House, serving
from tests.subscriptions.receiver import Receiver
from tests.waiting import until

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def office(
    database: Database, settings: Settings, server: WorkflowEnvironment, receiver: Receiver
) -> AsyncIterator[House]:
    """A house in which no worker is at work yet."""
    async with clinic(database, settings) as opened:
        yield House(opened.http, database, receiver, server.client)


@contextmanager
def worker_process(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that is killed at the end."""
    given = settings.model_dump(include={"home", "database_url", "temporal_address", "allow_private_subscribers"})
    environment = {f"CLEW_{name.upper()}": str(value) for name, value in given.items()}
    command = [sys.executable, "-m", "tests.subscriptions.worker_process"]
    process = subprocess.Popen(command, env=os.environ | environment, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_a_worker_that_is_killed_between_an_entry_and_its_answer_loses_none(
    office: House, settings: Settings
) -> None:
    await office.journey(5)
    office.receiver.silent_after = 3
    with worker_process(settings) as process:
        subscription = await office.subscribe(after=0)
        await until(lambda: len(office.receiver.taken) == 3, "three entries", 60)
        process.kill()
        process.wait()
    office.receiver.silent_after = None
    with worker_process(settings):
        await office.taken(1, 2, 3, 4, 5, 6, within=60)
        repeated = [each for each in office.receiver.ids if office.receiver.ids.count(each) > 1]
        assert f"{subscription}-3" in repeated, "it was not killed in the middle"
        await office.empty()


async def test_what_an_owner_says_while_temporal_is_away_is_done_when_it_is_back(
    database: Database, settings: Settings, server: WorkflowEnvironment, receiver: Receiver
) -> None:
    async with clinic(database, settings, away) as opened:
        house = House(opened.http, database, receiver, server.client)
        await house.journey(2)
        subscription = await house.subscribe(after=0, types=["journey.started"])
        assert (await house.change(subscription, types=["stage.began"])).status_code == 200
    async with clinic(database, settings) as opened, serving(server.client, database, settings):
        house = House(opened.http, database, receiver, server.client)
        await house.taken(2)
        await house.remove(subscription)
        await house.ended(subscription)


async def test_one_that_an_operator_ended_in_temporal_goes_on_where_it_was_noted(house: House) -> None:
    await house.journey(2)
    subscription = await house.subscribe(after=0, types=["journey.started", "stage.began"])
    await house.taken(1, 2)
    await until(lambda: house.stands_at(subscription, 3), "a note of how far it came")
    await house.client.get_workflow_handle(f"subscription/{subscription}").terminate()
    await house.journey(1)
    await house.change(subscription, party="swift")
    await house.taken(1, 2, 4, within=30)
    # What the ended one had begun may still come, once more, but nothing from before.
    assert [house.receiver.ids.count(f"{subscription}-{position}") for position in (1, 2)] == [1, 1]


async def test_a_receiver_that_is_gone_is_given_up_on_the_record_and_enabled_by_its_owner(house: House) -> None:
    await house.journey(2)
    house.receiver.always = 410
    subscription = await house.subscribe(after=0, types=["journey.started", "subscription.disabled"])
    await until(lambda: _is_disabled(house, subscription), "it is disabled")
    shown = await house.shown(subscription)
    assert (shown["disabled_reason"], shown["problem"], shown["status"]) == ("gone", "not_taken", 410)
    assert house.receiver.refused == 1
    house.receiver.always = None
    assert (await house.say(subscription, "enable")).json()["standing"] == "active"
    again = await house.say(subscription, "enable")
    assert (again.status_code, again.json()["code"]) == (409, "not_disabled")
    await until(lambda: len(house.receiver.taken) == 2, "what was not sent meanwhile")
    assert [each["data"]["type"] for each in house.receiver.taken] == ["journey.started", "subscription.disabled"]
    assert house.receiver.taken[1]["data"]["actor"] == "clew"


async def _is_disabled(house: House, subscription: str) -> bool:
    return bool((await house.shown(subscription))["standing"] == "disabled")
