"""Whoever subscribes is sent every entry that it wants, in order, signed, until it has taken it."""

from tests.subscriptions.house import House


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
