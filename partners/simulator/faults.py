"""How a real partner's system misbehaves, on purpose and repeatably. Settings can change while it runs."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from partners.simulator.chance import chance_of
from partners.simulator.config import Faults


class Mishaps:
    """Draws each mishap from the seed, from what it happens to, and from how often that was tried."""

    def __init__(self, organisation: str, seed: int, faults: Faults) -> None:
        self.settings = faults
        self._seed = seed
        self._organisation = organisation
        self._tries: Counter[str] = Counter()

    async def before_answering(self, what: str) -> Response | None:
        """Perhaps takes its time. Returns the refusal of a system that is down."""
        if self._strikes("slow", what):
            await asyncio.sleep(self.settings.slow_by)
        if not self._strikes("down", what):
            return None
        wait = self.settings.retry_after
        headers = {} if wait is None else {"Retry-After": str(wait)}
        return JSONResponse({"detail": "down for a while"}, status_code=503, headers=headers)

    async def after_commit(self, request: Request, what: str) -> None:
        """Perhaps says nothing until the caller has hung up."""
        if not self._strikes("commit_then_timeout", what):
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(_hung_up(request), self.settings.silence)

    def holds_back(self, event_id: str) -> bool:
        return self._once("reorder", event_id)

    def is_late(self, event_id: str) -> bool:
        return self._once("late", event_id)

    def copies(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        """The event as often as it is sent: again under its own id, and again under a new one."""
        if not self._once("duplicate", event["id"]):
            return [event]
        return [event, event, event | {"id": f"{event['id']}/again"}]

    def embellished(self, event: dict[str, Any]) -> dict[str, Any]:
        """The event, perhaps with fields of the partner's own: some that nobody must pass on."""
        if not self._once("unknown_fields", event["id"]):
            return event
        own = {"patient_name": "Ana Example", "ward": "4 West", "internal": {"row": 17}}
        return event | {"data": {**event["data"], **own}, "operatorname": "Ben Example"}

    @property
    def lateness(self) -> timedelta:
        return self.settings.late_by

    def _once(self, fault: str, what: str) -> bool:
        return self._draw(fault, what).random() < self._rate(fault)

    def _strikes(self, fault: str, what: str) -> bool:
        self._tries[f"{fault} {what}"] += 1
        return self._draw(fault, what, self._tries[f"{fault} {what}"]).random() < self._rate(fault)

    def _rate(self, fault: str) -> float:
        return float(getattr(self.settings, fault))

    def _draw(self, fault: str, *what: object) -> Random:
        return chance_of(self._seed, self._organisation, fault, *what)


async def _hung_up(request: Request) -> None:
    """Returns when the caller has gone; the body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
