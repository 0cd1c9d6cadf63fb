"""Clew as its partners see it: a real HTTP server that records what it is told."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from partners.simulator.server import Server
from schemas.events import PartnerEvent, read_event
from schemas.identity import new_coi
from standards.fhir.ids import order_id
from standards.fhir.incoming import read_request
from standards.fhir.ordering import read_order

PATIENCE = 15.0
LOOK_EVERY = 0.01


async def eventually(condition: Callable[[], object], within: float = PATIENCE) -> None:
    """Returns as soon as the condition is true. Fails after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        if condition():
            return
        assert time.monotonic() < deadline, f"not within {within} s"
        await asyncio.sleep(LOOK_EVERY)


class FakeClew:
    """`events`: all that arrived, in order, as they stood on the wire. `answer`: the status to events from now on.

    `requested`: the orders that came as FHIR ServiceRequests.
    """

    def __init__(self, port: int = 0) -> None:
        self.wire: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []
        self.journeys: dict[str, dict[str, Any]] = {}
        self.cois: dict[str, str] = {}
        self.partners: dict[str, str] = {}
        self.readings: list[dict[str, Any]] = []
        self.tasks: list[dict[str, Any]] = []
        self.decisions: list[dict[str, Any]] = []
        self.answer = 202
        self.placed = 0
        self.requested: list[str] = []
        self.server = Server(self._app(), "127.0.0.1", port)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def events(self) -> list[PartnerEvent]:
        return [read_event(each) for each in self.wire]

    def told(self, *types: str) -> list[PartnerEvent]:
        """The events of these types, in the order in which they arrived."""
        return [event for event in self.events if event.type in types]

    def has_decided(self, count: int) -> bool:
        return len(self.decisions) == count

    async def hears(self, *types: str, count: int = 1) -> list[PartnerEvent]:
        """Waits for so many events of these types."""
        await eventually(lambda: len(self.told(*types)) >= count)
        return self.told(*types)

    def _app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.post("/v1/events")
        async def event(request: Request) -> Response:
            body = await request.json()
            assert request.headers["traceparent"] == body["traceparent"]
            (self.wire if self.answer == 202 else self.refused).append(body)
            return JSONResponse({}, status_code=self.answer)

        @app.post("/v1/readings")
        async def readings(request: Request) -> Response:
            self.readings += await request.json()
            return JSONResponse({})

        @app.post("/v1/journeys")
        async def journey(request: Request) -> Response:
            body = await request.json()
            assert request.headers["Idempotency-Key"] == body["order"]
            self.journeys[body["order"]] = body
            self.placed += 1
            coi = self.cois.setdefault(body["order"], new_coi())
            return JSONResponse({"coi": coi}, status_code=201)

        @app.post("/fhir/R4/ServiceRequest")
        async def service_request(request: Request) -> Response:
            order = read_order(read_request(await request.json())).order
            self.journeys[order.order] = order.model_dump(mode="json", exclude_none=True)
            self.requested.append(order.order)
            coi = self.cois.setdefault(order.order, new_coi())
            return JSONResponse({"id": order_id(coi)}, status_code=201)

        @app.put("/v1/partners/{name}")
        async def partner(name: str, request: Request) -> Response:
            self.partners[name] = (await request.json())["url"]
            return JSONResponse({"name": name})

        @app.get("/v1/tasks")
        async def tasks(status: str) -> Response:
            assert status == "open"
            decided = {each["task"] for each in self.decisions}
            return JSONResponse({"items": [each for each in self.tasks if each["id"] not in decided], "next": None})

        @app.post("/v1/journeys/{coi}/decisions")
        async def decide(coi: str, request: Request) -> Response:
            self.decisions.append({"coi": coi, **await request.json()})
            return JSONResponse({}, status_code=201)

        return app
