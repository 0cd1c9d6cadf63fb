"""Systems of partners that speak forms of their own: small, real HTTP servers that remember what they were told."""

import hashlib
import hmac
import json
from base64 import b64encode
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from partners.simulator.server import Server

SECRET = "our-key"


class ForeignSystem:
    """Takes a command once; `conflict`: what it answers when it is told again. `broken`: what it answers to all."""

    conflict = 409

    def __init__(self) -> None:
        self.taken: dict[str, Any] = {}
        self.headers: dict[str, str] = {}
        self.broken: Response | None = None
        self.loses_answers = False
        app = FastAPI(openapi_url=None)
        app.api_route("/{path:path}", methods=["GET", "POST", "PUT"])(self._respond)
        self.server = Server(app, "127.0.0.1", 0)

    async def _respond(self, request: Request, path: str) -> Response:
        body = await request.body()
        self.headers = dict(request.headers)
        if self.broken is not None:
            return self.broken
        if not self.knows_us(request, body):
            return Response(status_code=403)
        if request.method == "GET":
            return self.found(request, path)
        key = self.key(request, json.loads(body))
        if key in self.taken:
            return Response(status_code=self.conflict)
        self.taken[key] = json.loads(body)
        return Response(status_code=500) if self.loses_answers else JSONResponse(self.named(), status_code=201)

    def knows_us(self, request: Request, body: bytes) -> bool:
        return request.headers.get("authorization") == f"Bearer {SECRET}"

    def key(self, request: Request, body: Any) -> str:
        return request.headers["x-request-id"]

    def named(self) -> dict[str, Any]:
        return {"awb": "SC-1"}

    def found(self, request: Request, path: str) -> Response:
        has = request.query_params["request"] in self.taken
        return JSONResponse({"shipments": [self.named()] if has else []})


class Forgetful(ForeignSystem):
    """Says that it has a command, and does not find it."""

    def found(self, request: Request, path: str) -> Response:
        return JSONResponse({"shipments": []})


class Laboratory(ForeignSystem):
    """Its requests are resources: put once under a name that we give."""

    def knows_us(self, request: Request, body: bytes) -> bool:
        return request.headers.get("x-api-key") == SECRET

    def key(self, request: Request, body: Any) -> str:
        return request.url.path.rpartition("/")[2]

    def named(self) -> dict[str, Any]:
        return {"request": "REQ-1"}

    def found(self, request: Request, path: str) -> Response:
        has = path.rpartition("/")[2] in self.taken
        return JSONResponse(self.named()) if has else Response(status_code=404)

    async def _respond(self, request: Request, path: str) -> Response:
        answer = await super()._respond(request, path)
        answer.status_code = 202 if answer.status_code in (200, 201) else answer.status_code
        return answer


class Manufacturer(ForeignSystem):
    """Every request is signed, also one without a body."""

    def knows_us(self, request: Request, body: bytes) -> bool:
        signature = b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha512)).decode()
        return request.headers.get("x-signature") == signature

    def key(self, request: Request, body: Any) -> str:
        return request.headers["idempotency-key"]

    def named(self) -> dict[str, Any]:
        return {"order": {"number": 4711}}

    def found(self, request: Request, path: str) -> Response:
        has = path.partition("by-key/")[2] in self.taken
        return JSONResponse(self.named()) if has else Response(status_code=404)


class Hospital(ForeignSystem):
    """A FHIR server with conditional create."""

    conflict = 412

    def key(self, request: Request, body: Any) -> str:
        return request.headers["if-none-exist"].removeprefix("identifier=urn:clew:key|")

    def named(self) -> dict[str, Any]:
        return {"resourceType": "ServiceRequest", "id": "sr-1"}

    def found(self, request: Request, path: str) -> Response:
        has = request.query_params["identifier"].removeprefix("urn:clew:key|") in self.taken
        entry = [{"resource": self.named()}] if has else []
        return JSONResponse({"resourceType": "Bundle", "total": len(entry), "entry": entry})
