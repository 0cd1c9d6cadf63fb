"""Commands reach their partners once and in order, whatever partners, networks and workers do."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

from ledger import desk, lanes
from ledger.database import Database
from ledger.deliveries import Asker
from ledger.tables import LaneRow
from schemas.commands import PartnerCommand
from schemas.deliveries import AttemptKind, DeliveryStatus, Outcome
from schemas.errors import NotFound
from schemas.identity import new_coi
from tests.waiting import until
from tests.worker.neighbours import (
    DOWN,
    FAILS,
    FORGETFUL,
    HANGS,
    OK,
    REFUSES,
    CannotBeAsked,
    Office,
    Partner,
    office,
    order,
)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def says(reason: str = "usual_practice") -> desk.Says:
    return desk.Says("olga", reason, datetime.now(UTC))


async def heard(clew: Office, *orders: PartnerCommand, within: float = 15) -> None:
    await until(lambda: all(each.key in clew.journeys.heard for each in orders), "the outcome of each command", within)


async def stands_at(clew: Office, asked: PartnerCommand, status: DeliveryStatus) -> None:
    async def there() -> bool:
        return (await clew.delivery(asked)).status == status

    await until(there, f"a delivery that is {status}", 10)


def in_order(taken: Sequence[str], orders: Sequence[PartnerCommand]) -> bool:
    """Whether the partner took each journey's commands in the order in which they were asked."""
    of = {each.key: each.coi for each in orders}
    return all(
        [key for key in taken if of[key] == coi] == [each.key for each in orders if each.coi == coi]
        for coi in set(of.values())
    )


async def test_a_partner_takes_a_command_and_its_journey_hears_of_it(clew: Office, courier: Partner) -> None:
    pickup = order(courier)
    await clew.asks(pickup)
    await heard(clew, pickup)
    told = clew.journeys.heard[pickup.key]
    assert (told.status, told.reference, told.activity) == (DeliveryStatus.DELIVERED, "R0", "1")
    (attempt,) = await clew.attempts(pickup)
    assert (attempt.kind, attempt.outcome, attempt.status, attempt.answer) == (
        "send",
        "taken",
        202,
        '{"reference":"R0"}',
    )


async def test_the_same_command_asked_again_is_sent_once(clew: Office, courier: Partner) -> None:
    pickup = order(courier)
    await asyncio.gather(*(clew.asks(pickup) for _ in range(5)))
    await heard(clew, pickup)
    assert (await clew.asks(pickup)).status == DeliveryStatus.DELIVERED
    assert courier.asked == [("POST", pickup.key)]


async def test_an_activity_that_is_cut_off_takes_nothing_with_it(clew: Office, courier: Partner) -> None:
    cut_off, other = order(courier), order(courier)
    asking = asyncio.create_task(clew.asks(cut_off))
    await asyncio.sleep(0)
    asking.cancel()
    await clew.asks(other)
    await heard(clew, cut_off, other)


async def test_a_lost_answer_is_looked_up_and_nothing_is_sent_again(clew: Office, courier: Partner) -> None:
    courier.mood = FORGETFUL
    pickup = order(courier)
    await clew.asks(pickup)
    await heard(clew, pickup)
    assert courier.asked == [("POST", pickup.key), ("GET", pickup.key)]
    assert [each.kind for each in await clew.attempts(pickup)] == [AttemptKind.SEND, AttemptKind.LOOK_UP]


async def test_a_command_that_was_lost_on_the_way_is_sent_after_the_look_up(clew: Office, courier: Partner) -> None:
    pickup = order(courier)
    courier.moods[pickup.key] = FAILS
    await clew.asks(pickup)
    await stands_at(clew, pickup, DeliveryStatus.UNKNOWN)
    courier.moods.clear()
    await heard(clew, pickup)
    assert courier.asked == [("POST", pickup.key), ("GET", pickup.key), ("POST", pickup.key)]
    outcomes = [each.outcome for each in await clew.attempts(pickup)]
    assert outcomes == [Outcome.UNKNOWN, Outcome.NOT_TAKEN, Outcome.TAKEN]


async def test_where_a_partner_cannot_be_asked_a_person_decides(
    database: Database, http: httpx.AsyncClient, courier: Partner
) -> None:
    clew = office(database, http, CannotBeAsked)
    await clew.knows(courier)
    courier.mood = FORGETFUL
    lost, again = order(courier), order(courier)
    async with clew.dispatcher.running(grace=2):
        for each in (lost, again):
            await clew.asks(each)

        async def undecided() -> bool:
            async with database.reading() as session:
                (standing,) = await desk.standings(session, courier.name)
            return standing.undecided == 2

        await until(undecided, "two outcomes for a person", 10)
        courier.mood = OK
        lost_one, sent_again = await clew.delivery(lost), await clew.delivery(again)
        async with database.writing() as session:
            await desk.confirm(session, lost_one.id, "R-by-phone", says())
            await desk.resend(session, sent_again.id, None, says())
        await heard(clew, again)
    assert courier.sent == {lost.key: 1, again.key: 2}
    settled = await clew.delivery(lost)
    assert (settled.status, settled.reference) == (DeliveryStatus.DELIVERED, "R-by-phone")


async def test_after_an_outage_everything_goes_out_in_order_without_anyones_help(
    clew: Office, courier: Partner
) -> None:
    courier.mood = DOWN
    patients = [new_coi() for _ in range(8)]
    orders = [order(courier, coi, visit=visit) for visit in (1, 2, 3) for coi in patients]
    for each in orders:
        await clew.asks(each)

    async def rests() -> bool:
        async with clew.database.reading() as session:
            return (await session.get_one(LaneRow, courier.name)).failures >= 3

    await until(rests, "a partner that is left in peace", 10)
    knocks = len(courier.asked)
    assert knocks <= 8, "while a partner is away, one knocks for all"

    courier.mood = OK
    await heard(clew, *orders)
    assert sorted(courier.taken) == sorted(each.key for each in orders)
    assert in_order(courier.taken, orders)


async def test_a_partner_that_nobody_reaches_is_tried_until_it_is_there(
    database: Database, http: httpx.AsyncClient, courier: Partner
) -> None:
    clew = office(database, http)
    await clew.knows(courier)
    await courier.server.stop()
    async with clew.dispatcher.running(grace=2):
        pickup = order(courier)
        await clew.asks(pickup)
        await stands_at(clew, pickup, DeliveryStatus.FAILING)
        await courier.comes_back()
        await heard(clew, pickup)
    assert courier.asked == [("POST", pickup.key)]


async def test_a_partner_that_asks_for_time_gets_it(clew: Office, courier: Partner) -> None:
    courier.mood, courier.retry_after = DOWN, "120"
    pickup = order(courier)
    await clew.asks(pickup)
    await stands_at(clew, pickup, DeliveryStatus.FAILING)
    waits = (await clew.delivery(pickup)).next_attempt_at
    assert waits is not None and 100 < (waits - datetime.now(UTC)).total_seconds() <= 120
    others = [order(courier) for _ in range(3)]
    for each in others:
        await clew.asks(each)
    assert courier.asked == [("POST", pickup.key)]


async def test_a_refusal_stops_at_once_and_holds_up_nothing_else(clew: Office, courier: Partner) -> None:
    patient = new_coi()
    refused, next_one = order(courier, patient), order(courier, patient, visit=2)
    courier.moods[refused.key] = REFUSES
    for each in (refused, next_one):
        await clew.asks(each)
    await heard(clew, refused, next_one)
    told = clew.journeys.heard[refused.key]
    assert (told.status, told.reason) == (DeliveryStatus.REFUSED, "the partner refused with status 422")
    assert courier.sent == {refused.key: 1, next_one.key: 1}
    (attempt,) = await clew.attempts(refused)
    assert attempt.answer == "the ward of Ana Example is full"

    # The activity that heard of it does not ask once more; the next one does, because a person said so.
    assert (await clew.asks(refused, activity="1")).status == DeliveryStatus.REFUSED
    courier.moods.clear()
    await clew.asks(refused, activity="2")
    await stands_at(clew, refused, DeliveryStatus.DELIVERED)
    assert courier.sent[refused.key] == 2


async def test_a_partner_that_hangs_slows_no_other(clew: Office, courier: Partner, laboratory: Partner) -> None:
    await clew.knows(laboratory)
    courier.mood = HANGS
    hanging = [order(courier) for _ in range(20)]
    for each in hanging:
        await clew.asks(each)
    await until(lambda: courier.at_once > 0, "a courier that hangs", 5)
    samples = [order(laboratory) for _ in range(20)]
    for each in samples:
        await clew.asks(each)
    await heard(clew, *samples, within=10)
    assert not set(clew.journeys.heard) & {each.key for each in hanging}


async def test_one_command_on_which_a_partner_chokes_holds_up_only_its_own_journey(
    clew: Office, courier: Partner
) -> None:
    poison = order(courier)
    behind, others = order(courier, poison.coi, visit=2), [order(courier) for _ in range(6)]
    courier.moods[poison.key] = HANGS
    for each in (poison, behind, *others):
        await clew.asks(each)
    await heard(clew, *others)
    assert behind.key not in courier.taken
    courier.moods.clear()
    await heard(clew, poison, behind)
    assert courier.taken.index(poison.key) < courier.taken.index(behind.key)


async def test_a_partner_is_asked_so_much_at_a_time_and_no_more(clew: Office, courier: Partner) -> None:
    await clew.knows(courier, at_once=3)
    courier.takes = 0.05
    orders = [order(courier) for _ in range(12)]
    await asyncio.gather(*(clew.asks(each) for each in orders))
    await heard(clew, *orders)
    assert courier.most_at_once == 3


async def test_a_partner_is_asked_at_its_pace(clew: Office, courier: Partner) -> None:
    await clew.knows(courier, at_once=50, rate=10)
    orders = [order(courier) for _ in range(11)]
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(clew.asks(each) for each in orders))
    await heard(clew, *orders)
    assert asyncio.get_running_loop().time() - began >= 0.9


async def test_a_paused_partner_gets_nothing_until_it_is_resumed(clew: Office, courier: Partner) -> None:
    async with clew.database.writing() as session:
        await desk.pause(session, courier.name, says("maintenance"))
    orders = [order(courier) for _ in range(3)]
    for each in orders:
        await clew.asks(each)
    async with clew.database.writing() as session:
        await desk.resend_all(session, courier.name, says())
    assert courier.asked == []
    async with clew.database.writing() as session:
        await desk.resume(session, courier.name, says("maintenance_over"))
    await heard(clew, *orders)


async def test_what_is_changed_is_sent_as_it_was_changed(clew: Office, courier: Partner) -> None:
    courier.mood, courier.retry_after = DOWN, "60"
    pickup = order(courier)
    await clew.asks(pickup)
    await stands_at(clew, pickup, DeliveryStatus.FAILING)
    courier.mood = OK
    row = await clew.delivery(pickup)
    async with clew.database.writing() as session:
        await desk.resend(session, row.id, {"containers": ["DN-9-A"]}, says("wrong_container"))
    await heard(clew, pickup)
    assert courier.bodies[-1]["details"] == {"containers": ["DN-9-A"]}
    assert courier.headers[-1]["idempotency-key"] == pickup.key


async def test_a_partner_that_nobody_registered_may_still_be(
    database: Database, http: httpx.AsyncClient, courier: Partner
) -> None:
    clew = office(database, http)
    pickup = order(courier)
    async with clew.dispatcher.running(grace=2):
        with pytest.raises(NotFound) as unknown:
            await clew.asks(pickup)
        assert unknown.value.code == "unknown_partner"
        await clew.knows(courier)
        await clew.asks(pickup)
        await heard(clew, pickup)


async def test_what_a_dead_worker_was_asking_is_looked_up_by_the_next(
    database: Database, http: httpx.AsyncClient, courier: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    clew = office(database, http)
    await clew.knows(courier)
    sent, lost = order(courier), order(courier)
    courier.taken.append(sent.key)
    dead = lanes.Turn(courier.name, "dead", lambda _: 9, [(each, Asker("j", "r", "1")) for each in (sent, lost)])
    async with database.writing() as session:
        turned = await lanes.take_turn(session, dead, datetime.now(UTC) - lanes.HELD_FOR)
    assert turned is not None and len(turned.taken) == 2

    async with clew.dispatcher.running(grace=2):
        await heard(clew, sent, lost)
    asked = {key: [method for method, each in courier.asked if each == key] for key in (sent.key, lost.key)}
    assert asked == {sent.key: ["GET"], lost.key: ["GET", "POST"]}


async def test_workers_side_by_side_send_each_command_once_and_in_order(
    database: Database, http: httpx.AsyncClient, courier: Partner
) -> None:
    offices = [office(database, http) for _ in range(3)]
    await offices[0].knows(courier, at_once=4)
    courier.takes = 0.005
    patients = [new_coi() for _ in range(6)]
    orders = [order(courier, coi, visit=visit) for visit in range(1, 6) for coi in patients]
    async with (
        offices[0].dispatcher.running(2),
        offices[1].dispatcher.running(2),
        offices[2].dispatcher.running(2),
    ):
        for number, each in enumerate(orders):
            await offices[number % 3].asks(each)
        everyone = [each.journeys.heard for each in offices]
        await until(lambda: sum(map(len, everyone)) >= len(orders), "all outcomes", 20)
    assert courier.sent == {each.key: 1 for each in orders}
    assert in_order(courier.taken, orders)
    assert courier.most_at_once <= 4


async def test_a_worker_that_stops_ends_what_is_under_way_and_leaves_the_rest_to_the_next(
    database: Database, http: httpx.AsyncClient, courier: Partner
) -> None:
    first, second = office(database, http), office(database, http)
    await first.knows(courier, at_once=2)
    courier.takes = 0.2
    orders = [order(courier) for _ in range(6)]
    async with first.dispatcher.running(grace=2):
        await asyncio.gather(*(first.asks(each) for each in orders))
        await until(lambda: courier.at_once == 2, "two under way", 5)
    assert len(first.journeys.heard) == 2
    async with second.dispatcher.running(grace=2):
        await until(lambda: len(second.journeys.heard) == 4, "the other four", 10)
    assert courier.sent == {each.key: 1 for each in orders}
    assert {method for method, _ in courier.asked} == {"POST"}


async def test_the_command_stays_in_the_trace_of_the_event_that_led_to_it(clew: Office, courier: Partner) -> None:
    pickup = order(courier).model_copy(update={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    await clew.asks(pickup)
    await heard(clew, pickup)
    assert [each["traceparent"].split("-")[1] for each in courier.headers] == [TRACE]


async def test_nothing_is_left_marked_as_being_asked(clew: Office, courier: Partner) -> None:
    orders = [order(courier) for _ in range(5)]
    for each in orders:
        await clew.asks(each)
    await heard(clew, *orders)

    async def free() -> bool:
        async with clew.database.reading() as session:
            lane = await session.execute(select(col(LaneRow.held_by)).where(col(LaneRow.partner) == courier.name))
            return lane.scalar_one() is None

    await until(free, "a lane that was let go", 5)
    assert [(await clew.delivery(each)).sending_since for each in orders] == [None] * 5
