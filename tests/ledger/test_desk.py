"""What operators do about deliveries and partners: it has its effect, and it is on the ledger; or neither."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger import desk
from ledger.desk import Says
from ledger.tables import DeliveryRow, EntryRow
from schemas.deliveries import DeliveryStatus, Outcome
from schemas.errors import Conflict, NotFound
from tests.ledger.courier import COURIER, Courier, pickup, tried
from tests.ledger.scribe import MORNING

LATER = MORNING + timedelta(hours=1)
SAYS = Says("operator-3", "courier_closed", LATER)
Work = Callable[[AsyncSession, DeliveryRow], Awaitable[Any]]


async def a_delivery(courier: Courier, status: DeliveryStatus) -> DeliveryRow:
    """One that stands at this."""
    turned = await courier.turn(MORNING, asked=[pickup()], room=0 if status is DeliveryStatus.WAITING else 1)
    assert turned is not None
    (row,) = turned.put
    outcomes = {
        DeliveryStatus.FAILING: tried(row.number, Outcome.LATER, 503),
        DeliveryStatus.UNKNOWN: tried(row.number, Outcome.UNKNOWN, 500),
        DeliveryStatus.DELIVERED: tried(row.number, Outcome.TAKEN, 202),
        DeliveryStatus.REFUSED: tried(row.number, Outcome.REFUSED, 422),
    }
    if status in outcomes:
        await courier.turn(MORNING, tried=[outcomes[status]], room=0)
    return row


async def undecided(courier: Courier) -> DeliveryRow:
    row = await a_delivery(courier, DeliveryStatus.UNKNOWN)
    await courier.turn(MORNING, tried=[tried(row.number, Outcome.NO_LOOK_UP)], room=0)
    return row


async def acted(courier: Courier, row: DeliveryRow, work: Work) -> tuple[DeliveryRow, list[EntryRow]]:
    """The delivery after it, and what is on the ledger."""
    async with courier.database.writing() as session:
        await work(session, row)
    return await as_it_is(courier, row), await on_the_ledger(courier)


async def as_it_is(courier: Courier, row: DeliveryRow) -> DeliveryRow:
    async with courier.database.reading() as session:
        return await desk.find(session, row.id)


async def on_the_ledger(courier: Courier) -> list[EntryRow]:
    async with courier.database.reading() as session:
        return list((await session.execute(select(EntryRow).order_by(col(EntryRow.position)))).scalars())


async def refused(courier: Courier, row: DeliveryRow, work: Work) -> str:
    with pytest.raises(Conflict) as conflict:
        await acted(courier, row, work)
    assert await on_the_ledger(courier) == []
    return conflict.value.code


def resends(details: dict[str, Any] | None = None) -> Work:
    return lambda session, row: desk.resend(session, row.id, details, SAYS)


def confirms(session: AsyncSession, row: DeliveryRow) -> Awaitable[Any]:
    return desk.confirm(session, row.id, "R-7", SAYS)


def gives_up(session: AsyncSession, row: DeliveryRow) -> Awaitable[Any]:
    return desk.give_up(session, row.id, SAYS)


async def test_a_failing_delivery_is_tried_now(courier: Courier) -> None:
    row = await a_delivery(courier, DeliveryStatus.FAILING)
    found, (entry,) = await acted(courier, row, resends())
    assert (found.status, found.next_attempt_at) == (DeliveryStatus.FAILING, LATER)
    assert (await courier.lane()).resting_until is None
    assert (entry.type, entry.actor, entry.journey) == (
        "delivery.resent",
        "operator-3",
        f"operations/partner/{COURIER}",
    )
    assert (entry.data["delivery"], entry.data["reason"]) == (row.id, "courier_closed")


async def test_a_change_is_on_record_as_it_was_and_as_it_is(courier: Courier) -> None:
    row = await a_delivery(courier, DeliveryStatus.WAITING)
    _, (changed, resent) = await acted(courier, row, resends({"containers": ["DN-9"]}))
    assert (changed.type, resent.type) == ("delivery.changed", "delivery.resent")
    assert changed.data["before"]["containers"] == ["DN-1-A", "DN-1-B"]
    assert changed.data["after"] == {"containers": ["DN-9"]}


async def test_an_unknown_outcome_is_looked_up_before_it_is_sent_with_other_details(courier: Courier) -> None:
    row = await a_delivery(courier, DeliveryStatus.UNKNOWN)
    assert await refused(courier, row, resends({"containers": ["DN-9"]})) == "delivery_unknown"
    found, _ = await acted(courier, row, resends())
    assert (found.status, found.next_attempt_at) == (DeliveryStatus.UNKNOWN, LATER)


async def test_where_nobody_can_be_asked_a_person_has_it_sent_again(courier: Courier) -> None:
    row = await undecided(courier)
    async with courier.database.reading() as session:
        (standing,) = await desk.standings(session)
    assert (standing.unknown, standing.undecided, standing.next_attempt_at) == (1, 1, None)
    found, _ = await acted(courier, row, resends({"containers": ["DN-9"]}))
    assert (found.status, found.details) == (DeliveryStatus.FAILING, {"containers": ["DN-9"]})


async def test_only_an_unknown_outcome_is_confirmed(courier: Courier) -> None:
    waiting = await a_delivery(courier, DeliveryStatus.WAITING)
    assert await refused(courier, waiting, confirms) == "delivery_not_unknown"


async def test_a_confirmed_delivery_is_settled_under_the_partners_name(courier: Courier) -> None:
    found, (entry,) = await acted(courier, await undecided(courier), confirms)
    assert (found.status, found.reference, found.settled_at) == (DeliveryStatus.DELIVERED, "R-7", LATER)
    assert (entry.type, entry.data["reference"]) == ("delivery.confirmed", "R-7")


async def test_a_delivery_that_was_given_up_is_sent_no_more(courier: Courier) -> None:
    row = await a_delivery(courier, DeliveryStatus.FAILING)
    found, (entry,) = await acted(courier, row, gives_up)
    assert (found.status, found.reason, entry.type) == (DeliveryStatus.GIVEN_UP, "courier_closed", "delivery.given_up")
    assert await courier.taken(LATER + timedelta(days=1)) == []


@pytest.mark.parametrize("status", [DeliveryStatus.DELIVERED, DeliveryStatus.REFUSED])
async def test_what_is_settled_is_not_given_up(courier: Courier, status: DeliveryStatus) -> None:
    assert await refused(courier, await a_delivery(courier, status), gives_up) == "delivery_settled"


async def test_what_the_partner_has_taken_is_not_sent_again(courier: Courier) -> None:
    row = await a_delivery(courier, DeliveryStatus.DELIVERED)
    assert await refused(courier, row, resends()) == "delivery_settled"


@pytest.mark.parametrize("work", [resends(), confirms, gives_up])
async def test_nothing_is_done_about_a_delivery_while_its_partner_is_asked(courier: Courier, work: Work) -> None:
    turned = await courier.turn(MORNING, asked=[pickup()])
    assert turned is not None
    assert await refused(courier, turned.taken[0], work) == "delivery_under_way"


async def test_a_paused_partner_is_asked_nothing(courier: Courier) -> None:
    await a_delivery(courier, DeliveryStatus.WAITING)
    async with courier.database.writing() as session:
        await desk.pause(session, COURIER, SAYS)
        await desk.pause(session, COURIER, SAYS)
    assert await courier.taken(LATER) == []
    assert await courier.with_work(LATER, "one") == []
    async with courier.database.writing() as session:
        await desk.resume(session, COURIER, SAYS)
        await desk.resume(session, COURIER, SAYS)
    assert len(await courier.taken(LATER)) == 1
    assert [entry.type for entry in await on_the_ledger(courier)] == ["partner.paused", "partner.resumed"]


async def test_all_that_waits_for_a_partner_is_tried_now_but_for_what_a_person_decides(courier: Courier) -> None:
    stays = await undecided(courier)
    failing = await a_delivery(courier, DeliveryStatus.FAILING)
    waiting = await a_delivery(courier, DeliveryStatus.WAITING)
    async with courier.database.writing() as session:
        assert await desk.resend_all(session, COURIER, SAYS) == 2
    found = [(await as_it_is(courier, each)).next_attempt_at for each in (stays, failing, waiting)]
    assert found == [None, LATER, LATER]
    assert [entry.type for entry in await on_the_ledger(courier)] == ["partner.resent"]


async def test_how_it_stands_with_a_partner(courier: Courier) -> None:
    for status in (DeliveryStatus.FAILING, DeliveryStatus.REFUSED, DeliveryStatus.WAITING, DeliveryStatus.DELIVERED):
        await a_delivery(courier, status)
    async with courier.database.reading() as session:
        (standing,) = await desk.standings(session)
        assert await desk.standings(session, "nobody") == []
    counts = (standing.waiting, standing.failing, standing.refused, standing.unknown, standing.given_up)
    assert counts == (1, 1, 1, 0, 0)
    assert (standing.oldest, standing.partner) == (MORNING, COURIER)


async def test_a_delivery_that_nobody_knows(courier: Courier) -> None:
    async with courier.database.writing() as session:
        with pytest.raises(NotFound) as unknown:
            await desk.give_up(session, "D0", SAYS)
    assert unknown.value.code == "unknown_delivery"
