"""A subscriber on a real socket, which checks every signature with the library that receivers use."""

import asyncio
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from standardwebhooks import Webhook, WebhookVerificationError

from partners.simulator.server import Server


class Receiver:
    """`taken`: the entries that it took, in order of arrival. `answers`: the statuses of its next answers, then 204.

    `always`: the status of all its answers. `silent_after`: it takes so many, and never answers the last of them.
    """

    def __init__(self, port: int = 0) -> None:
        self.secret: str | None = None
        self.silent_after: int | None = None
        self.bodies: list[bytes] = []
        self.taken: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.refused = 0
        self.forged = 0
        self.strayed = 0
        self.answers: list[int] = []
        self.always: int | None = None
        self.retry_after: str | None = None
        self.ended = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self.server = Server(self._app(), "127.0.0.1", port)

    @property
    def url(self) -> str:
        return f"{self.server.url}/hook?from=clew"

    @property
    def positions(self) -> list[int]:
        """Of the entries that it took, without what came again."""
        return list(dict.fromkeys(each["data"]["position"] for each in self.taken))

    def _app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.post("/hook")
        async def hook(request: Request) -> Response:
            await self.open.wait()
            answer = self._answer(await request.body(), dict(request.headers))
            if self.silent_after is not None and len(self.taken) >= self.silent_after:
                await self.ended.wait()
            return answer

        @app.post("/elsewhere")
        async def elsewhere() -> Response:
            self.strayed += 1
            return Response(status_code=204)

        return app

    def _answer(self, body: bytes, headers: dict[str, str]) -> Response:
        assert self.secret is not None, "it came before anybody knew the secret"
        try:
            event = Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            self.forged += 1
            return Response(status_code=401)
        status = self.always or (self.answers.pop(0) if self.answers else 204)
        said = {"Retry-After": self.retry_after} if self.retry_after and status >= 400 else {}
        if status >= 300:
            self.refused += 1
            return Response(status_code=status, headers={**said, "Location": "/elsewhere"})
        self.taken.append(event)
        self.ids.append(headers["webhook-id"])
        self.headers.append(headers)
        self.bodies.append(body)
        return Response(status_code=status)
