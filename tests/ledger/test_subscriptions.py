"""What an owner wants stands in the database, and the last word is the owner's."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger import subscriptions
from ledger.database import Database
from ledger.subscriptions import BOTH_SECRETS, Noted, secrets_of, serving_of
from ledger.tables import SubscriptionRow
from schemas.errors import Invalid
from schemas.operations import Said
from schemas.subscriptions import ChangedSubscription, GivenUp, NewSubscription, Replay, Standing
from tests.ledger.scribe import Scribe, put

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OWNER = Said(by="integrator-2", reason="test")


async def subscribed(database: Database) -> SubscriptionRow:
    asked = NewSubscription(url="https://warehouse.example/hook", **OWNER.model_dump())
    async with database.writing() as session:
        return await subscriptions.create(session, asked, NOW)


async def as_it_is(database: Database, row: SubscriptionRow) -> SubscriptionRow:
    async with database.reading() as session:
        return await subscriptions.find(session, row.id)


async def give_up(database: Database, row: SubscriptionRow) -> SubscriptionRow:
    async with database.writing() as session:
        await subscriptions.disable(session, GivenUp(id=row.id, revision=row.revision, reason="failed_too_long"), NOW)
    return await as_it_is(database, row)


async def test_it_is_not_given_up_if_its_owner_has_said_something_since(database: Database) -> None:
    row = await subscribed(database)
    changed = ChangedSubscription(url="https://new.example/hook", **OWNER.model_dump())
    async with database.writing() as session:
        newer = await subscriptions.change(session, row.id, changed, NOW)
    assert (await give_up(database, row)).standing == Standing.ACTIVE
    assert (await give_up(database, newer)).standing == Standing.DISABLED


async def test_a_former_secret_signs_for_a_day_and_no_longer(database: Database) -> None:
    row = await subscribed(database)
    former = row.secret
    async with database.writing() as session:
        row = await subscriptions.rotate_secret(session, row.id, OWNER, NOW)
    assert list(secrets_of(row, NOW)) == [row.secret, former]
    assert list(secrets_of(row, NOW + BOTH_SECRETS - timedelta(seconds=1))) == [row.secret, former]
    assert list(secrets_of(row, NOW + BOTH_SECRETS)) == [row.secret]
    async with database.writing() as session:
        row = await subscriptions.remove(session, row.id, OWNER, NOW)
    assert (row.secret, row.former_secret) == ("", None)


async def test_nothing_is_replayed_from_beyond_the_ledger(database: Database) -> None:
    row = await subscribed(database)
    with pytest.raises(Invalid) as refused:
        async with database.writing() as session:
            await subscriptions.replay(session, row.id, Replay(after=2, **OWNER.model_dump()), NOW)
    assert refused.value.errors[0].pointer == "/after"
    assert (await as_it_is(database, row)).replays == 0


async def test_a_new_workflow_begins_where_the_one_before_it_was_noted(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started(), ana.began("enrolment")))
    row = await subscribed(database)
    async with database.writing() as session:
        await subscriptions.replay(session, row.id, Replay(after=0, **OWNER.model_dump()), NOW)
    begun = serving_of(await as_it_is(database, row))
    assert (begun.position, begun.replays) == (2, 0), "the replay is still to be followed"
    async with database.writing() as session:
        await subscriptions.note(session, row.id, Noted(1, 1, moved=True), NOW)
    begun = serving_of(await as_it_is(database, row))
    assert (begun.position, begun.replays) == (1, 1)
