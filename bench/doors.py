"""Partners for the benchmarks: one that takes so many commands a second, one that never answers."""

import time
from collections import deque

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from bench.stack import LOOPBACK
from partners.simulator.server import Server

TOLERANCE = 1.2
"""How far over its rate a partner lets a single second go before it says so."""


class Partner:
    """Takes each command once, and says 429 to more a second than `rate`. Away until it is opened."""

    def __init__(self, port: int, rate: float | None = None, hangs: bool = False) -> None:
        self.url = f"http://{LOOPBACK}:{port}"
        self.taken: dict[str, float] = {}
        self.bodies: list[tuple[str, bytes]] = []
        self.refused = 0
        self._port = port
        self._rate = rate
        self._hangs = hangs
        self._lately: deque[float] = deque()
        self._app = FastAPI(openapi_url=None)
        self._app.post("/commands")(self._take)
        self._app.get("/commands")(self._look_up)
        self._server: Server | None = None

    async def open(self) -> None:
        self._server = Server(self._app, LOOPBACK, self._port)
        await self._server.start()

    async def close(self) -> None:
        if self._server is not None:
            await self._server.stop()

    @property
    def rate(self) -> float:
        """Commands taken a second, from the first to the last."""
        moments = sorted(self.taken.values())
        return (len(moments) - 1) / (moments[-1] - moments[0])

    async def _take(self, request: Request) -> Response:
        key, body = request.headers["Idempotency-Key"], await request.body()
        if self._hangs:
            return await _silence(request)
        if self._too_many():
            self.refused += 1
            return Response(status_code=429, headers={"Retry-After": "1"})
        if key not in self.taken:
            self.taken[key] = time.perf_counter()
            self.bodies.append((key, body))
        return JSONResponse({"reference": f"R-{len(self.taken)}"}, status_code=202)

    async def _look_up(self, request: Request, key: str) -> Response:
        if self._hangs:
            return await _silence(request)
        return Response(status_code=200 if key in self.taken else 404)

    def _too_many(self) -> bool:
        now = time.perf_counter()
        while self._lately and self._lately[0] < now - 1:
            self._lately.popleft()
        if self._rate is not None and len(self._lately) >= self._rate * TOLERANCE:
            return True
        self._lately.append(now)
        return False


async def _silence(request: Request) -> Response:
    """Until the caller has hung up; nobody hears the answer."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response(status_code=503)
