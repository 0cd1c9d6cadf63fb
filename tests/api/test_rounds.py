"""Owners' words reach Temporal, each for itself."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from api.owners import Owners
from api.temporal_link import TemporalLink
from ledger import subscriptions
from ledger.database import Database
from schemas.errors import Unavailable
from schemas.subscriptions import NewSubscription
from workflows.names import subscription_workflow_id


class Refusing:
    """A Temporal that answers, and refuses one workflow; or, with another status, is too busy for it alone."""

    def __init__(self, refused: str, status: RPCStatusCode = RPCStatusCode.INVALID_ARGUMENT) -> None:
        self.refused = refused
        self.status = status
        self.heard: list[str] = []

    async def start_workflow(self, *_: Any, **asked: Any) -> None:
        if asked["id"] == self.refused:
            raise RPCError("no", self.status, b"")
        self.heard.append(asked["id"])


@pytest.fixture
async def two(database: Database) -> list[str]:
    """Two subscriptions that Temporal has not heard of, in the order in which they are told."""
    async with database.writing() as session:
        for number in (1, 2):
            asked = NewSubscription(url=f"https://hooks.example/{number}", by="operator-3", reason="new_receiver")
            await subscriptions.create(session, asked, datetime.now(UTC))
    return await untold(database)


async def untold(database: Database) -> list[str]:
    async with database.reading() as session:
        return [each.id for each in await subscriptions.untold(session, 10)]


def owners(database: Database, temporal: Refusing) -> Owners:
    async def connect() -> Client:
        return cast(Client, temporal)

    return Owners(database, TemporalLink(connect), 60)


async def test_a_subscription_that_temporal_refuses_keeps_no_other_waiting(database: Database, two: list[str]) -> None:
    first, second = two
    temporal = Refusing(subscription_workflow_id(first))
    await owners(database, temporal).look_around()
    assert temporal.heard == [subscription_workflow_id(second)]
    assert await untold(database) == [first]


async def test_one_that_gives_no_answer_comes_last_at_the_next_look(database: Database, two: list[str]) -> None:
    first, second = two
    temporal = Refusing(subscription_workflow_id(first), RPCStatusCode.RESOURCE_EXHAUSTED)
    rounds = owners(database, temporal)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await rounds.look_around()
    assert temporal.heard == [subscription_workflow_id(second)]
    temporal.refused = ""
    await rounds.look_around()
    assert await untold(database) == []


async def test_an_owner_whose_word_temporal_refuses_at_first_is_told_so(database: Database, two: list[str]) -> None:
    """The word is on record, and is told again at the next look around."""
    async with database.reading() as session:
        row = await subscriptions.find(session, two[0])
    assert not await owners(database, Refusing(subscription_workflow_id(two[0]))).tell(row)
