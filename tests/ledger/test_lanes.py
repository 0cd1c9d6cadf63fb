"""One partner's lane: who holds it, what goes out next, how long a partner is left in peace."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ledger import lanes
from ledger.deliveries import mark_told, put, untold
from ledger.lanes import HELD_FOR, LONGEST_REST, LONGEST_WISH, Tried, let_go
from schemas.deliveries import AttemptKind, DeliveryStatus, Outcome
from schemas.identity import new_coi
from tests.ledger.courier import ASKER, COURIER, Courier, pickup, tried
from tests.ledger.scribe import MORNING

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def without_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "JITTER", 0)


async def test_of_each_journey_one_is_asked_at_a_time_the_oldest_first(courier: Courier) -> None:
    ana, ben = new_coi(), new_coi()
    first, second, third = pickup(ana), pickup(ana, 2), pickup(ben)
    turned = await courier.turn(MORNING, asked=[first, second, third])
    assert turned is not None
    assert [row.key for row in turned.taken] == [first.key, third.key]
    done = tried(turned.taken[0].number, Outcome.TAKEN, 202, reference="R1")
    assert await courier.taken(MORNING + SECOND, tried=[done], under_way=1) == [second.key]


async def test_what_was_refused_is_tried_again_where_another_run_of_the_journey_asks(courier: Courier) -> None:
    order = pickup()
    turned = await courier.turn(MORNING, asked=[order])
    assert turned is not None
    await courier.turn(MORNING, tried=[tried(turned.taken[0].number, Outcome.REFUSED, 422)])
    assert await courier.taken(MORNING, asked=[order]) == []
    async with courier.database.writing() as session:
        again = await put(session, order, replace(ASKER, run="the next run"), MORNING)
    assert again.status == DeliveryStatus.WAITING


async def test_what_failed_comes_before_what_its_journey_asked_later(courier: Courier) -> None:
    ana = new_coi()
    first, second = pickup(ana), pickup(ana, 2)
    turned = await courier.turn(MORNING, asked=[first, second])
    assert turned is not None
    failed = tried(turned.taken[0].number, Outcome.UNKNOWN, 500)
    assert await courier.taken(MORNING, tried=[failed]) == []
    assert await courier.taken(MORNING + SECOND) == [first.key]


async def test_rests_double_until_somebody_gets_through(courier: Courier) -> None:
    at, orders, rests = MORNING, [pickup() for _ in range(3)], []
    turned = await courier.turn(at, asked=orders, room=1)
    for _ in range(8):
        assert turned is not None
        (knocks,) = turned.taken
        await courier.turn(at, tried=[tried(knocks.number, Outcome.LATER)])
        until = (await courier.lane()).resting_until
        assert until is not None
        assert await courier.taken(until - SECOND / 10) == []
        rests.append((until - at).total_seconds())
        at = until
        turned = await courier.turn(at)
    assert rests == [1, 2, 4, 8, 16, 30, 30, 30] and max(rests) == LONGEST_REST.total_seconds()
    assert turned is not None
    (knocks,) = turned.taken
    opened = await courier.taken(at, tried=[tried(knocks.number, Outcome.TAKEN, 202)])
    assert len(opened) == 2, "the first that gets through opens the lane for all"
    assert (await courier.lane()).failures == 0


@pytest.mark.parametrize(("wish", "rest"), [(7, 7), (9_999, LONGEST_WISH.total_seconds())])
async def test_a_partner_that_asks_for_time_gets_it_within_reason(courier: Courier, wish: int, rest: float) -> None:
    turned = await courier.turn(MORNING, asked=[pickup()])
    assert turned is not None
    later = tried(turned.taken[0].number, Outcome.LATER, 503, retry_after=timedelta(seconds=wish))
    await courier.turn(MORNING, tried=[later])
    assert (await courier.lane()).resting_until == MORNING + timedelta(seconds=rest)


async def test_another_one_knocks_the_next_time(courier: Courier) -> None:
    poison, other = pickup(), pickup()
    turned = await courier.turn(MORNING, asked=[poison, other], room=1)
    assert turned is not None
    assert [row.key for row in turned.taken] == [poison.key]
    await courier.turn(MORNING, tried=[tried(turned.taken[0].number, Outcome.UNKNOWN)])
    assert await courier.taken(MORNING + SECOND) == [other.key]


async def test_a_bad_answer_is_no_outage(courier: Courier) -> None:
    bad, other = pickup(), pickup()
    turned = await courier.turn(MORNING, asked=[bad, other], room=1)
    assert turned is not None
    assert await courier.taken(MORNING, tried=[tried(turned.taken[0].number, Outcome.UNKNOWN, 500)]) == [other.key]


async def test_a_lane_has_one_holder(courier: Courier) -> None:
    ours = pickup()
    await courier.turn(MORNING, asked=[ours])
    assert await courier.turn(MORNING + SECOND, holder="two", asked=[pickup()]) is None
    assert await courier.with_work(MORNING + SECOND, "two") == []


async def test_what_a_silent_holder_was_asking_is_of_unknown_outcome(courier: Courier) -> None:
    ours = pickup()
    turned = await courier.turn(MORNING, asked=[ours])
    assert turned is not None
    later = MORNING + HELD_FOR
    assert await courier.with_work(later, "two") == [COURIER]
    found = await courier.turn(later, holder="two")
    assert found is not None
    assert [(row.key, row.status, row.attempts) for row in found.taken] == [(ours.key, DeliveryStatus.UNKNOWN, 1)]
    # What the first one learns after all is not taken from it: the second one asks the partner itself.
    assert await courier.turn(later, tried=[tried(turned.taken[0].number, Outcome.TAKEN, 202)]) is None


async def test_a_lane_that_was_let_go_leaves_its_marks_to_the_next(courier: Courier) -> None:
    ours = pickup()
    await courier.turn(MORNING, asked=[ours])
    async with courier.database.writing() as session:
        await let_go(session, COURIER, "one")
    found = await courier.turn(MORNING, holder="two")
    assert found is not None
    assert [(row.key, row.status) for row in found.taken] == [(ours.key, DeliveryStatus.UNKNOWN)]


async def test_a_look_up_that_is_not_answered_leaves_the_outcome_unknown(courier: Courier) -> None:
    turned = await courier.turn(MORNING, asked=[pickup()])
    assert turned is not None
    number = turned.taken[0].number
    await courier.turn(MORNING, tried=[tried(number, Outcome.UNKNOWN, 500)])
    away = Tried(number, AttemptKind.LOOK_UP, MORNING, Outcome.LATER)
    found = await courier.turn(MORNING, tried=[away])
    assert found is not None
    assert [row.status for row in found.tried] == [DeliveryStatus.UNKNOWN]


async def test_a_partner_that_cannot_be_asked_waits_for_a_person(courier: Courier) -> None:
    turned = await courier.turn(MORNING, asked=[pickup()])
    assert turned is not None
    number = turned.taken[0].number
    await courier.turn(MORNING, tried=[Tried(number, AttemptKind.LOOK_UP, MORNING, Outcome.NO_LOOK_UP)])
    assert await courier.with_work(MORNING + timedelta(days=30), "one") == []


async def test_journeys_are_told_until_it_is_noted(courier: Courier) -> None:
    turned = await courier.turn(MORNING, asked=[pickup()])
    assert turned is not None
    number = turned.taken[0].number
    await courier.turn(MORNING, tried=[tried(number, Outcome.TAKEN, 202)])
    async with courier.database.writing() as session:
        assert [row.number for row in await untold(session, MORNING, 10)] == [number]
        await mark_told(session, [number], MORNING)
        assert await untold(session, MORNING, 10) == []
