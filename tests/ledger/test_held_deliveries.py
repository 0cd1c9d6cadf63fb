"""What goes out by a partner's lane while identity is in doubt."""

import pytest

from ledger.database import Database
from ledger.deliveries import delivery_id
from ledger.desk import Says, find, resend
from ledger.kept_back import give_up_crossed, kept_back
from ledger.tables import IdentityHoldRow, IdentityHoldSideRow
from schemas.commands import COMMANDS, MOVES_CELLS, TAKE_BACKS, PartnerCommand
from schemas.deliveries import Outcome
from schemas.errors import Conflict
from schemas.identity import new_coi
from tests.ledger.courier import COURIER, Courier, pickup, tried
from tests.ledger.scribe import HOUR, MORNING
from tests.partners.clinic import command

HOLD = "hold-" + "0" * 20


async def doubt(database: Database, *journeys: str) -> None:
    async with database.writing() as session:
        session.add(IdentityHoldRow(id=HOLD, reason="identity_mismatch", journey=journeys[0], opened_at=MORNING))
        for coi in journeys:
            session.add(IdentityHoldSideRow(hold=HOLD, journey=coi, joined_at=MORNING))


def order(name: str, coi: str) -> PartnerCommand:
    """Any command, by the courier's lane."""
    return command(name, coi=coi).model_copy(update={"partner": COURIER})


async def is_signed(database: Database, finding: str = "not_crossed") -> None:
    async with database.writing() as session:
        row = await session.get_one(IdentityHoldRow, HOLD)
        row.finding, row.closed_at = finding, MORNING
        await session.flush()
        if finding == "crossed":
            await give_up_crossed(session, HOLD, MORNING)


async def is_looked_up(courier: Courier, ana: PartnerCommand) -> int:
    """Nobody knows whether a command was taken, identity is in doubt meanwhile, and the courier is being asked."""
    (key,) = await courier.taken(MORNING, asked=[ana])
    async with courier.database.reading() as session:
        number = (await find(session, delivery_id(key))).number
    await courier.turn(MORNING, tried=[tried(number, Outcome.UNKNOWN, 500)])
    await doubt(courier.database, ana.coi)
    assert await courier.taken(MORNING + HOUR) == [key]
    return number


async def test_only_what_takes_a_command_back_goes_out_for_a_held_journey(courier: Courier) -> None:
    held = {name: order(name, new_coi()) for name in COMMANDS}
    free = {name: order(name, new_coi()) for name in COMMANDS}
    await doubt(courier.database, *(each.coi for each in held.values()))
    taken = await courier.taken(MORNING, asked=[*held.values(), *free.values()], room=100)
    assert taken == [held[name].key for name in held if name in TAKE_BACKS] + [each.key for each in free.values()]


async def test_what_was_kept_back_goes_out_once_two_have_signed(courier: Courier) -> None:
    ana = pickup()
    await doubt(courier.database, ana.coi)
    assert await courier.taken(MORNING, asked=[ana]) == []
    assert await courier.with_work(MORNING) == []
    await is_signed(courier.database)
    assert await courier.with_work(MORNING) == ["swift-courier"]
    assert await courier.taken(MORNING) == [ana.key]


async def test_what_is_kept_back_keeps_no_recall_back(courier: Courier) -> None:
    """The courier is to bring back what went before, although another pick-up waits in front of that."""
    ana = pickup()
    recall = order("recall_pickup", ana.coi)
    await doubt(courier.database, ana.coi)
    assert await courier.taken(MORNING, asked=[ana, recall]) == [recall.key]


async def test_what_became_of_a_command_is_looked_up_but_it_is_not_sent_again(courier: Courier) -> None:
    ana = pickup()
    number = await is_looked_up(courier, ana)
    await courier.turn(MORNING + HOUR, tried=[tried(number, Outcome.NOT_TAKEN, 200)])
    assert await courier.taken(MORNING + 2 * HOUR) == []


async def test_a_person_cannot_send_it_around_the_hold(courier: Courier) -> None:
    ana = pickup()
    recall = order("recall_pickup", ana.coi)
    await doubt(courier.database, ana.coi)
    await courier.turn(MORNING, asked=[ana, recall], room=0)
    says = Says("operator-3", "courier_back", MORNING)
    async with courier.database.writing() as session:
        with pytest.raises(Conflict, match="identity_held"):
            await resend(session, delivery_id(ana.key), None, says)
    async with courier.database.writing() as session:
        with pytest.raises(Conflict, match="identity_held"):
            await resend(session, delivery_id(ana.key), {"containers": ["BAG-2"]}, says)
    async with courier.database.writing() as session:
        await resend(session, delivery_id(recall.key), None, says)
        rows = [await find(session, delivery_id(each.key)) for each in (ana, recall)]
        assert await kept_back(session, rows) == {rows[0].number}


async def test_what_was_planned_for_cells_that_were_crossed_is_given_up_and_never_sent(courier: Courier) -> None:
    ana = {name: order(name, new_coi()) for name in COMMANDS}
    await doubt(courier.database, *(each.coi for each in ana.values()))
    await courier.turn(MORNING, asked=list(ana.values()), room=0)
    await is_signed(courier.database, "crossed")
    async with courier.database.reading() as session:
        rows = {name: await find(session, delivery_id(each.key)) for name, each in ana.items()}
    assert {name for name, row in rows.items() if row.status == "given_up"} == MOVES_CELLS
    assert {row.reason for row in rows.values() if row.status == "given_up"} == {"identity_crossed"}
    sent = await courier.taken(MORNING + HOUR, room=100)
    assert sorted(sent) == sorted(each.key for name, each in ana.items() if name not in MOVES_CELLS)


async def test_what_was_asked_before_it_was_crossed_is_not_sent_by_asking_again(courier: Courier) -> None:
    """Its outcome was unknown, so it was not given up; it turns out that the courier never had it."""
    ana = pickup()
    (key,) = await courier.taken(MORNING, asked=[ana])
    async with courier.database.reading() as session:
        number = (await find(session, delivery_id(key))).number
    await courier.turn(MORNING, tried=[tried(number, Outcome.UNKNOWN, 500)])
    await doubt(courier.database, ana.coi)
    async with courier.database.writing() as session:
        row = await session.get_one(IdentityHoldRow, HOLD)
        row.finding, row.closed_at = "crossed", MORNING + HOUR
        await session.flush()
        await give_up_crossed(session, HOLD, MORNING + HOUR)
    assert await courier.taken(MORNING + 2 * HOUR) == [key]
    await courier.turn(MORNING + 2 * HOUR, tried=[tried(number, Outcome.NOT_TAKEN, 200)])
    async with courier.database.writing() as session:
        await resend(session, delivery_id(key), None, Says("operator-3", "courier_back", MORNING + 3 * HOUR))
    again = pickup(ana.coi, visit=2)
    later = MORNING + 4 * HOUR
    assert await courier.taken(later, asked=[again]) == [again.key]


async def test_what_was_being_looked_up_when_its_cells_were_found_crossed_is_given_up_once_it_was_not_taken(
    courier: Courier,
) -> None:
    ana = pickup()
    number = await is_looked_up(courier, ana)
    await is_signed(courier.database, "crossed")
    await courier.turn(MORNING + HOUR, tried=[tried(number, Outcome.NOT_TAKEN, 200)])
    async with courier.database.reading() as session:
        row = await find(session, delivery_id(ana.key))
    assert (row.status, row.reason) == ("given_up", "identity_crossed")
    assert await courier.taken(MORNING + 2 * HOUR) == []
