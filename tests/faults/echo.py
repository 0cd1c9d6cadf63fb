"""A network between partners and Clew that delivers everything more than once, and in whichever form."""

import asyncio
import json
from collections.abc import Iterator
from random import Random
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response

from partners.simulator.server import Server

Spelt = dict[str, Any]
"""A request's content and headers."""

MODES = ("structured", "binary", "batch")

_KEPT = ("content-type", "idempotency-key")


def spelt(event: dict[str, Any], mode: str) -> Spelt:
    """One event as CloudEvents over HTTP has it in a mode."""
    if mode == "binary":
        attributes = {f"ce-{name}": str(value) for name, value in event.items() if name != "data"}
        attributes.pop("ce-datacontenttype", None)
        headers = {**attributes, "content-type": "application/json"}
        return {"content": json.dumps(event["data"]), "headers": headers}
    batch = mode == "batch"
    media = "application/cloudevents-batch+json" if batch else "application/cloudevents+json"
    return {"content": json.dumps([event] if batch else event), "headers": {"content-type": media}}


class Echo:
    """Stands at `url` in front of the API: what is told once arrives three times at the same moment, in three forms,
    and something that was told long ago once more behind it. The order of all that is the seed's."""

    def __init__(self, api_url: str, seed: int) -> None:
        app = FastAPI(openapi_url=None)
        app.api_route("/v1/events", methods=["POST"])(self._heard)
        app.api_route("/{path:path}", methods=["GET", "POST", "PUT"])(self._passed_on)
        self._server = Server(app, "127.0.0.1", 0)
        self._http = httpx.AsyncClient(base_url=api_url, timeout=20, trust_env=False)
        self._chance = Random(seed)
        self._told: list[dict[str, Any]] = []
        self.url = self._server.url
        self.sent = 0

    async def __aenter__(self) -> "Echo":
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop()
        await self._http.aclose()

    async def _heard(self, request: Request) -> Response:
        event = json.loads(await request.body())
        self._told.append(event)
        answers = await asyncio.gather(*(self._http.post("/v1/events", **each) for each in self._copies(event)))
        self.sent += len(answers)
        refused = [each for each in answers if each.status_code != 202]
        answer = (refused or answers)[0]
        return Response(answer.content, answer.status_code, {"content-type": answer.headers["content-type"]})

    def _copies(self, event: dict[str, Any]) -> Iterator[Spelt]:
        for mode in self._chance.sample(MODES, len(MODES)):
            yield spelt(event, mode)
        yield spelt(self._chance.choice(self._told), self._chance.choice(MODES))

    async def _passed_on(self, request: Request, path: str) -> Response:
        headers = {name: request.headers[name] for name in _KEPT if name in request.headers}
        where = f"/{path}?{request.url.query}"
        answer = await self._http.request(request.method, where, content=await request.body(), headers=headers)
        return Response(answer.content, answer.status_code, {"content-type": answer.headers.get("content-type", "")})
