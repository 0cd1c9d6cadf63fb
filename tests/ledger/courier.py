"""The lane to a courier, turn by turn, with a clock of its own."""

from collections.abc import Sequence
from datetime import datetime

from ledger.database import Database
from ledger.deliveries import Asker, with_work
from ledger.lanes import Tried, Turn, Turned, take_turn
from ledger.tables import LaneRow
from schemas.commands import PartnerCommand
from schemas.deliveries import AttemptKind, Outcome
from schemas.identity import new_coi
from tests.ledger.scribe import MORNING
from tests.partners.clinic import command

COURIER = "swift-courier"
ASKER = Asker("journey", "run", "1")


class Courier:
    """The lane to a courier, as one worker after the other holds it."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def turn(
        self,
        at: datetime,
        *,
        holder: str = "one",
        asked: Sequence[PartnerCommand] = (),
        tried: Sequence[Tried] = (),
        under_way: int = 0,
        room: int = 10,
    ) -> Turned | None:
        given = [(each, ASKER) for each in asked]
        turn = Turn(COURIER, holder, lambda _: room, given, tried, under_way)
        async with self.database.writing() as session:
            return await take_turn(session, turn, at)

    async def taken(self, at: datetime, **given: object) -> list[str]:
        turned = await self.turn(at, **given)  # type: ignore[arg-type]  # the words of `turn`
        assert turned is not None, "another worker holds the lane"
        return [row.key for row in turned.taken]

    async def lane(self) -> LaneRow:
        async with self.database.reading() as session:
            return await session.get_one(LaneRow, COURIER)

    async def with_work(self, at: datetime, *holders: str) -> list[str]:
        async with self.database.reading() as session:
            return list(await with_work(session, holders, at))


def pickup(coi: str | None = None, visit: int = 1) -> PartnerCommand:
    return command("book_pickup", coi=coi or new_coi(), visit=visit)


def tried(number: int, outcome: Outcome, status: int | None = None, **more: object) -> Tried:
    return Tried(number, AttemptKind.SEND, MORNING, outcome, status=status, **more)  # type: ignore[arg-type]
