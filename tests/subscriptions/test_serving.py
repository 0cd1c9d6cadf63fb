"""Where a serving goes on that was cut off."""

import dataclasses

from temporalio.testing import ActivityEnvironment

from activities.serving import as_last_heard
from schemas.subscriptions import Serving

ID = "sub-00000000000000000000"


def heard(serving: Serving, *told: int) -> Serving:
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, heartbeat_details=told)
    return environment.run(as_last_heard, serving)


def test_it_goes_on_from_the_last_heartbeat() -> None:
    assert heard(Serving(id=ID, position=7)).position == 7
    assert heard(Serving(id=ID, position=7), 0, 12) == Serving(id=ID, position=12)


def test_it_follows_no_replay_twice() -> None:
    """It had begun again at 3, as its owner wished, and had come to 5."""
    assert heard(Serving(id=ID, position=900), 1, 5) == Serving(id=ID, position=5, replays=1)
