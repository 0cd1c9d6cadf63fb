"""Whoever subscribes is sent every entry that it wants, in order, signed, until it has taken it."""

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from ledger.verify import verify
from tests.subscriptions.house import House
from tests.waiting import until


async def test_a_subscriber_is_sent_what_there_is_and_what_comes(house: House) -> None:
    await house.journey(3)
    subscription = await house.subscribe(after=0)
    await house.taken(1, 2, 3, 4)
    await house.journey(2)
    await house.taken(1, 2, 3, 4, 5, 6)
    event = house.receiver.taken[0]
    feed = (await house.http.get("/v1/feed")).json()["items"]
    assert [each["data"] for each in house.receiver.taken] == feed
    assert (event["id"], event["type"], event["source"]) == ("1", "clew.entry.journey.started.v1", "/v1/feed")
    assert (event["subject"], event["time"]) == (feed[0]["journey"], feed[0]["occurred_at"])
    assert house.receiver.ids == [f"{subscription}-{position}" for position in range(1, 7)]
    assert house.receiver.forged == 0


async def test_without_a_position_it_begins_with_what_comes(house: House) -> None:
    await house.journey(2)
    await house.subscribe()
    # The entry that says so is the first that the subscriber sees.
    await house.journey(1)
    await house.taken(3, 4)


async def test_only_what_the_filters_let_through_is_sent(house: House) -> None:
    await house.journey(3)
    subscription = await house.subscribe(after=0, types=["stage.began"], protocol="autologous-car-t", party="swift")
    await house.taken(2, 3)
    assert (await house.change(subscription, types=None, party="nobody")).status_code == 200
    await house.journey(1)
    await until(lambda: house.stands_at(subscription, 6), "a look at the journey of others")
    assert (await house.change(subscription, party=None, protocol=None)).status_code == 200
    await until(lambda: len(house.receiver.positions) > 2, "an entry that the new filters let through")
    assert 6 not in house.receiver.positions, "it was sent to one who did not want it"


async def test_what_is_not_taken_is_sent_again_before_anything_else(house: House) -> None:
    await house.journey(3)
    house.receiver.answers = [204, 500, 503]
    subscription = await house.subscribe(after=0)
    await house.taken(1, 2, 3, 4)
    assert house.receiver.refused == 2
    assert house.receiver.ids == [f"{subscription}-{position}" for position in range(1, 5)]
    await until(lambda: house.stands_at(subscription, 4), "a note of how far it came")
    shown = await house.shown(subscription)
    assert (shown["failures"], shown["failing_since"], shown["problem"]) == (0, None, None)


async def test_a_receiver_that_asks_for_a_pause_gets_it_until_its_owner_speaks(house: House) -> None:
    await house.journey(1)
    house.receiver.answers, house.receiver.retry_after = [503], "3600"
    subscription = await house.subscribe(after=0)
    await until(lambda: house.receiver.refused == 1, "the first attempt")
    await until(lambda: shows_a_failure(house, subscription), "a note of it")
    await house.change(subscription, types=["journey.started"])
    await house.taken(1)


async def shows_a_failure(house: House, subscription: str) -> bool:
    shown = await house.shown(subscription)
    return (shown["problem"], shown["status"], shown["failures"]) == ("not_taken", 503, 1)


async def test_a_redirect_is_not_followed(house: House) -> None:
    await house.journey(1)
    house.receiver.answers = [307]
    await house.subscribe(after=0, types=["journey.started"])
    await house.taken(1)
    assert (house.receiver.refused, house.receiver.strayed) == (1, 0)


async def test_a_replay_sends_again_under_the_same_ids(house: House) -> None:
    await house.journey(3)
    subscription = await house.subscribe(after=0, types=["stage.began", "journey.started"])
    await house.taken(1, 2, 3)
    assert (await house.say(subscription, "replay", after=1)).status_code == 200
    await until(lambda: len(house.receiver.taken) == 5, "two entries again")
    assert [each["id"] for each in house.receiver.taken] == ["1", "2", "3", "2", "3"]
    assert house.receiver.ids[1:3] == house.receiver.ids[3:]


async def test_with_a_new_secret_the_former_one_signs_too(house: House) -> None:
    subscription = await house.subscribe()
    former = house.receiver.secret
    rotated = await house.say(subscription, "rotate-secret")
    house.receiver.secret = rotated.json()["secret"]
    assert former and house.receiver.secret != former
    await house.journey(1)
    await until(lambda: any(each["type"].startswith("clew.entry.journey") for each in house.receiver.taken), "an entry")
    last = house.receiver.bodies[-1]
    assert Webhook(former).verify(last, house.receiver.headers[-1]) == house.receiver.taken[-1]
    with pytest.raises(WebhookVerificationError):
        Webhook(former).verify(last + b" ", house.receiver.headers[-1])


async def test_a_removed_subscription_is_sent_nothing_and_keeps_no_secret(house: House) -> None:
    subscription = await house.subscribe(types=["journey.started"])
    removed = await house.remove(subscription)
    assert removed.json()["standing"] == "removed"
    await house.ended(subscription)
    await house.journey(1)
    again = await house.remove(subscription)
    assert (again.status_code, again.json()["code"]) == (409, "subscription_removed")
    assert house.receiver.taken == []
    house.forget(subscription)


async def test_what_owners_do_is_on_the_record(house: House) -> None:
    subscription = await house.subscribe()
    await house.change(subscription, types=["journey.started"])
    await house.say(subscription, "replay", after=0)
    chain = f"operations/subscription/{subscription}"
    entries = (await house.http.get("/v1/feed", params={"journey": chain})).json()["items"]
    assert [(each["type"], each["actor"]) for each in entries] == [
        ("subscription.created", "integrator-2"),
        ("subscription.changed", "integrator-2"),
        ("subscription.replayed", "integrator-2"),
    ]
    assert entries[1]["data"]["host"] == "127.0.0.1"
    assert "hook" not in str(entries) and "whsec" not in str(entries)
    assert (await verify(house.database)).first_bad is None


async def test_nothing_of_an_entry_and_no_secret_is_in_temporal(house: House) -> None:
    scribe = await house.journey(1)
    subscription = await house.subscribe(after=0)
    await house.taken(1, 2)
    await house.remove(subscription)
    await house.ended(subscription)
    house.forget(subscription)
    history = (await house.client.get_workflow_handle(f"subscription/{subscription}").fetch_history()).to_json()
    assert subscription in history
    for secret in (scribe.coi, house.receiver.url, house.receiver.secret):
        assert secret and secret not in history
