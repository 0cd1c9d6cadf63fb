"""The simulated city's way out: Clew's API, and the docks of other partners."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from standards.fhir.ids import journey_of
from standards.fhir.requests import asking_for

SECONDS_TO_ANSWER = 10


class NotNow(Exception):
    """The other side did not answer, or not in a way that settles anything. Try again."""


class Rejected(Exception):
    """The other side will never take it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"rejected with status {status}")
        self.status = status


class Outside:
    """Each method is one request: it returns what came back, or raises `NotNow` or `Rejected`."""

    def __init__(self, http: httpx.AsyncClient, api_url: str) -> None:
        self._http = http
        self._api = api_url.rstrip("/")

    async def send_event(self, event: dict[str, Any]) -> None:
        headers = {"Content-Type": "application/cloudevents+json", "traceparent": event["traceparent"]}
        await self._call("POST", f"{self._api}/v1/events", event, headers)

    async def send_readings(self, readings: list[dict[str, Any]]) -> None:
        await self._call("POST", f"{self._api}/v1/readings", readings)

    async def place_journey(self, order: dict[str, Any]) -> dict[str, Any]:
        return await self._placed(f"{self._api}/v1/journeys", order, {"Idempotency-Key": order["order"]})

    async def place_service_request(self, order: dict[str, Any]) -> dict[str, Any]:
        """The same order in FHIR; the answer as `place_journey` has it."""
        request = asking_for(order, {"reference": f"Patient/{order['order']}"})
        url = f"{self._api}/fhir/R4/ServiceRequest"
        answer = await self._placed(url, request, {"Content-Type": "application/fhir+json"})
        return {"coi": journey_of(answer["id"])}

    async def _placed(self, url: str, order: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        try:
            return await self._call("POST", url, order, headers)
        except Rejected as rejected:
            # The protocol may be published a moment later; an order is not given up for that.
            if rejected.status == httpx.codes.NOT_FOUND:
                raise NotNow("the protocol is not published") from None
            raise

    async def register(self, organisation: str, url: str) -> None:
        await self._call("PUT", f"{self._api}/v1/partners/{organisation}", {"url": url})

    async def open_tasks(self) -> list[dict[str, Any]]:
        page = await self._call("GET", f"{self._api}/v1/tasks?status=open")
        return list(page.get("items", []))

    async def decide(self, coi: str, decision: dict[str, Any]) -> None:
        await self._call("POST", f"{self._api}/v1/journeys/{coi}/decisions", decision)

    async def hand_over(self, url: str, handover: dict[str, Any]) -> None:
        await self._call("POST", f"{url.rstrip('/')}/dock", handover)

    async def enrol(self, centre_url: str, patient: dict[str, Any]) -> None:
        await self._call("POST", f"{centre_url.rstrip('/')}/patients", patient)

    async def _call(
        self, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        sent = {"Content-Type": "application/json", **(headers or {})}
        try:
            answer = await self._http.request(
                method, url, content=None if body is None else json.dumps(body), headers=sent
            )
        except httpx.HTTPError as error:
            raise NotNow(type(error).__name__) from None
        if answer.is_success:
            return _object(answer)
        if answer.status_code >= 500 or answer.status_code in (408, 425, 429):
            raise NotNow(f"status {answer.status_code}")
        raise Rejected(answer.status_code)


@asynccontextmanager
async def open_outside(api_url: str) -> AsyncIterator[Outside]:
    async with httpx.AsyncClient(timeout=SECONDS_TO_ANSWER) as http:
        yield Outside(http, api_url)


def _object(answer: httpx.Response) -> dict[str, Any]:
    if not answer.content:
        return {}
    try:
        said = answer.json()
    except ValueError:
        raise NotNow("an answer that cannot be read") from None
    return said if isinstance(said, dict) else {"items": said}
