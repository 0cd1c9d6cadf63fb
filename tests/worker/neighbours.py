"""Partners on real sockets that do as they are told, and journeys that listen for what became of their commands."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import select
from sqlmodel import col

from ledger.database import Database
from ledger.deliveries import Asker
from ledger.registry import register_partner
from ledger.tables import AttemptRow, DeliveryRow, PartnerRow
from partners.client import ClewDoor
from partners.door import Answered, Door
from partners.simulator.server import Server
from schemas.commands import PartnerCommand
from schemas.deliveries import OPEN, Outcome
from schemas.identity import new_coi
from schemas.partners import PartnerAddress
from tests.partners.clinic import command
from worker.dispatch.dispatcher import Dispatcher
from worker.dispatch.telling import Teller

OK, HANGS, DOWN, REFUSES, FAILS, FORGETFUL = "ok", "hangs", "down", "refuses", "fails", "says nothing after it took it"


class Partner:
    """Takes each command once by its key. `mood` says how it behaves; `moods` how with single commands."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mood = OK
        self.moods: dict[str, str] = {}
        self.retry_after: str | None = None
        self.taken: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.bodies: list[dict[str, object]] = []
        self.headers: list[dict[str, str]] = []
        self.at_once = self.most_at_once = 0
        self.takes = 0.0
        app = FastAPI(openapi_url=None)
        app.post("/commands")(self._take)
        app.get("/commands")(self._look_up)
        self._app = app
        self.server = Server(app, "127.0.0.1", 0)

    async def comes_back(self) -> None:
        """At the address where it was."""
        self.server = Server(self._app, "127.0.0.1", int(self.server.url.rpartition(":")[2]))
        await self.server.start()

    @property
    def sent(self) -> Counter[str]:
        return Counter(key for method, key in self.asked if method == "POST")

    async def _take(self, request: Request) -> Response:
        key = request.headers["Idempotency-Key"]
        mood = self.moods.get(key, self.mood)
        self.asked.append(("POST", key))
        self.headers.append(dict(request.headers))
        self.bodies.append(await request.json())
        if mood == DOWN:
            return Response(status_code=503, headers={"Retry-After": self.retry_after} if self.retry_after else {})
        if mood == REFUSES:
            return Response("the ward of Ana Example is full", status_code=422)
        if mood == FAILS:
            return Response(status_code=500)
        await self._work(request, mood)
        if key not in self.taken:
            self.taken.append(key)
        if mood == FORGETFUL:
            await _hung_up(request)
        return JSONResponse({"reference": f"R{self.taken.index(key)}"}, status_code=202)

    async def _work(self, request: Request, mood: str) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.takes)
            if mood == HANGS:
                await _hung_up(request)
        finally:
            self.at_once -= 1

    async def _look_up(self, request: Request, key: str) -> Response:
        self.asked.append(("GET", key))
        mood = self.moods.get(key, self.mood)
        if mood == DOWN:
            return Response(status_code=503)
        if mood == HANGS:
            await _hung_up(request)
        if key not in self.taken:
            return Response(status_code=404)
        return JSONResponse({"reference": f"R{self.taken.index(key)}"})


async def _hung_up(request: Request) -> None:
    """Until the caller has gone; a command that was waited for so long is not taken any more."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    raise asyncio.CancelledError


class CannotBeAsked(ClewDoor):
    """A partner without a way to ask what became of a command."""

    async def look_up(self, command: PartnerCommand) -> Answered:
        return Answered(Outcome.NO_LOOK_UP, problem="the partner cannot be asked")


class Journeys(Teller):
    """Hear what became of their commands, without a Temporal server between."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.heard: dict[str, DeliveryRow] = {}

    def tell(self, row: DeliveryRow) -> None:
        if row.status not in OPEN:
            self.heard[row.key] = row

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def finish(self, within: float) -> None:
        pass


@dataclass
class Office:
    """A worker's dispatcher, the partners that it knows, and the journeys that ask it."""

    database: Database
    journeys: Journeys
    dispatcher: Dispatcher

    async def knows(self, partner: Partner, at_once: int = 4, rate: float | None = None) -> None:
        address = PartnerAddress(url=partner.server.url, at_once=at_once, rate=rate)
        async with self.database.writing() as session:
            await register_partner(session, partner.name, address, datetime.now(UTC))

    async def asks(self, order: PartnerCommand, activity: str = "1") -> DeliveryRow:
        return await self.dispatcher.put(order, Asker("journey", "run", activity))

    async def delivery(self, order: PartnerCommand) -> DeliveryRow:
        async with self.database.reading() as session:
            found = await session.execute(select(DeliveryRow).where(col(DeliveryRow.key) == order.key))
            return found.scalar_one()

    async def attempts(self, order: PartnerCommand) -> list[AttemptRow]:
        row = await self.delivery(order)
        query = select(AttemptRow).where(col(AttemptRow.delivery) == row.number).order_by(col(AttemptRow.number))
        async with self.database.reading() as session:
            return list((await session.execute(query)).scalars())


def office(database: Database, http: httpx.AsyncClient, door: type[ClewDoor] = ClewDoor) -> Office:
    """An office whose worker is yet to run: `async with office.dispatcher.running(grace)`."""

    async def door_to(partner: PartnerRow) -> Door:
        return door(http, partner.url)

    journeys = Journeys(database)
    return Office(database, journeys, Dispatcher(database, door_to, journeys))


def order(partner: Partner, coi: str | None = None, name: str = "book_pickup", visit: int = 1) -> PartnerCommand:
    """A command to this partner, of a new patient unless one is named."""
    return command(name, coi=coi or new_coi(), visit=visit).model_copy(update={"partner": partner.name})
