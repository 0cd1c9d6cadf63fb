"""A relay of messages between Clew and its partners that notes what passes, and slips a name in wherever there is room.

Everything a sender controls beside what the catalogue knows gets the name: fields of the data, extensions of the
envelope, headers, the query; in answers, what stands beside the reference, and whole bodies of failures.
"""

import json
from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response
from starlette.datastructures import Headers

from partners.simulator.server import Server

NAME = "Ana-Canary-Example"
"""No space in it, so that it passes wherever an identifier would."""

_KEPT = ("content-type", "idempotency-key", "traceparent", "retry-after")


class Gossip:
    """Stands at `url` in front of the API, and at `url/to/{port}` in front of each partner."""

    def __init__(self, api_url: str) -> None:
        app = FastAPI(openapi_url=None)
        app.api_route("/to/{port}/{path:path}", methods=["GET", "POST"])(self._to_partner)
        app.api_route("/{path:path}", methods=["GET", "POST", "PUT"])(self._to_clew)
        self._api = api_url
        self._server = Server(app, "127.0.0.1", 0)
        self._http = httpx.AsyncClient(timeout=20, trust_env=False)
        self._failed: set[str] = set()
        self.url = self._server.url
        self.commands: dict[str, Mapping[str, str]] = {}
        self.told = 0

    async def __aenter__(self) -> "Gossip":
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop()
        await self._http.aclose()

    async def _to_clew(self, request: Request, path: str) -> Response:
        """What a partner says. Its own address is replaced by ours, so that commands come this way."""
        body = json.loads(await request.body() or b"null")
        if path == "v1/events":
            self.told += 1
            body = embellished(body)
        elif path.startswith("v1/partners/"):
            body = {"url": f"{self.url}/to/{body['url'].rpartition(':')[2]}"}
        content = None if body is None else json.dumps(body)
        # A query of its own, so only where there is none: a list's filters are checked.
        query = request.url.query or (f"patient={NAME}" if request.method == "POST" else "")
        return await self._passed_on(request, f"{self._api}/{path}?{query}", content)

    async def _to_partner(self, request: Request, port: int, path: str) -> Response:
        """A command. The first attempt at each fails, with a name in what the partner says of it."""
        key = request.headers.get("Idempotency-Key", "")
        if request.method == "POST" and key not in self._failed:
            self._failed.add(key)
            return Response(json.dumps({"detail": NAME}), 503, {"Retry-After": "0", "X-Patient": NAME})
        if request.method == "POST":
            self.commands[key] = dict(request.headers)
        url = f"http://127.0.0.1:{port}/{path}?{request.url.query}"
        answer = await self._passed_on(request, url, (await request.body()).decode() or None)
        said = json.loads(bytes(answer.body))
        return Response(json.dumps(said | {"patient_name": NAME}), answer.status_code, {"X-Patient": NAME})

    async def _passed_on(self, request: Request, url: str, content: str | None) -> Response:
        headers = _kept(request.headers) | {
            "User-Agent": NAME,
            "X-Patient-Name": NAME,
            "Baggage": f"patient={NAME}",
            "Tracestate": f"ward={NAME}",
            "Cookie": f"patient={NAME}",
        }
        answer = await self._http.request(request.method, url, content=content, headers=headers)
        return Response(answer.content, answer.status_code, _kept(Headers(answer.headers)))


def embellished(event: dict[str, Any]) -> dict[str, Any]:
    """The event with a name in every place that the catalogue leaves to the sender."""
    own = {"patient_name": NAME, "patient": {"name": NAME, NAME: [NAME]}, NAME: 1}
    return event | {
        "data": {**event["data"], **own},
        "operatorname": NAME,
        "dataschema": f"https://example.org/{NAME}",
        "datacontenttype": f"application/json; patient={NAME}",
    }


def _kept(headers: Headers) -> dict[str, str]:
    return {name: headers[name] for name in _KEPT if name in headers}
