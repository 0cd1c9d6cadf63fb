"""Partners without patience: they take commands as the simulated ones do, and say at once what follows, in its order.

All times are those of the story, so nothing is late; only the waiting is left out. The five share one port.
"""

import heapq
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from bench.wire import LOOPBACK
from partners.simulator.city import PRACTICES
from partners.simulator.config import PARTIES, Rates
from partners.simulator.dock import Handover, receive
from partners.simulator.server import Server
from partners.simulator.story import Outgoing, Setting, story_of
from schemas.commands import PartnerCommand

SMOOTH = Rates(shipment_delayed=0)


class Neighbours:
    """`told[coi]`: what is to be said of a journey next; take it with `next_word`."""

    def __init__(self, protocol: str, seed: int = 0) -> None:
        self._protocol = protocol
        self._seed = seed
        self._ahead: dict[str, list[tuple[Any, int, Outgoing]]] = defaultdict(list)
        self._count = 0
        self.taken: set[str] = set()
        self.app = FastAPI(openapi_url=None)
        self.app.post("/commands")(self.take_command)
        self.app.get("/commands")(self.look_up)

    async def take_command(self, request: Request) -> JSONResponse:
        command = PartnerCommand.model_validate_json(await request.body())
        practice = next(each for each in PRACTICES if each.role is command.role)
        story = story_of(self._setting(command.partner), command, self._protocol)
        reference = practice.commands[command.command](story)
        if command.key not in self.taken:
            self.taken.add(command.key)
            self._plan(command.coi, story.messages)
        return JSONResponse({"reference": reference} if reference else {}, status_code=202)

    async def look_up(self, key: str) -> JSONResponse:
        return JSONResponse({}, status_code=200 if key in self.taken else 404)

    def has_words(self, coi: str) -> bool:
        """Whether something is left to say."""
        return bool(self._ahead[coi])

    def next_word(self, coi: str) -> dict[str, Any] | None:
        """The event that comes next in a journey's story, as a CloudEvent; None where all is said so far."""
        while self._ahead[coi]:
            _, _, message = heapq.heappop(self._ahead[coi])
            if message.target == "event":
                return message.body
            story = receive(self._setting(message.to or ""), Handover.model_validate(message.body))
            self._plan(coi, story.messages)
        return None

    def _setting(self, organisation: str) -> Setting:
        return Setting(organisation, self._seed, SMOOTH)

    def _plan(self, coi: str, messages: list[Outgoing]) -> None:
        for message in messages:
            self._count += 1
            heapq.heappush(self._ahead[coi], (message.at, self._count, message))


@asynccontextmanager
async def neighbours(protocol: str) -> AsyncIterator[tuple[Neighbours, dict[str, str]]]:
    """Neighbours that answer, and where each organisation of the simulated city is."""
    them = Neighbours(protocol)
    server = Server(them.app, LOOPBACK, 0)
    await server.start()
    try:
        yield them, dict.fromkeys(PARTIES.values(), server.url)
    finally:
        await server.stop()
