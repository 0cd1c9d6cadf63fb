"""What owners say, and what is appended meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from temporalio.client import Client

from activities.subscribers import SubscriberActivities
from ledger.database import Database
from ledger.tail import Tail
from schemas.settings import Settings
from tests.ledger.scribe import Scribe, put
from tests.subscriptions.receiver import Receiver
from tests.waiting import until
from worker.queues import subscription_worker

SAID = {"by": "integrator-2", "reason": "test"}


@asynccontextmanager
async def serving(client: Client, database: Database, settings: Settings) -> AsyncIterator[None]:
    """A worker that serves subscriptions, as in production."""
    tail = Tail(database)
    try:
        async with subscription_worker(client, SubscriberActivities(database, tail, settings)):
            yield
    finally:
        await tail.close()


class House:
    """The API, its ledger, and one who subscribes."""

    def __init__(self, http: httpx.AsyncClient, database: Database, receiver: Receiver, client: Client) -> None:
        self.http = http
        self.database = database
        self.receiver = receiver
        self.client = client
        self._subscriptions: list[str] = []

    async def subscribe(self, **asked: Any) -> str:
        """The id of a subscription whose secret the receiver knows."""
        # What is sent before the secret is known could not be checked.
        self.receiver.open.clear()
        answer = await self.http.post("/v1/subscriptions", json={"url": self.receiver.url, **SAID, **asked})
        assert answer.status_code == 201, answer.text
        self.receiver.secret = answer.json()["secret"]
        self.receiver.open.set()
        self._subscriptions.append(answer.json()["id"])
        return self._subscriptions[-1]

    async def say(self, subscription: str, what: str, **more: Any) -> httpx.Response:
        """The owner's word: `enable`, `replay`, `rotate-secret`."""
        return await self.http.post(f"/v1/subscriptions/{subscription}/{what}", json={**SAID, **more})

    async def change(self, subscription: str, **changes: Any) -> httpx.Response:
        return await self.http.patch(f"/v1/subscriptions/{subscription}", json={**SAID, **changes})

    async def remove(self, subscription: str) -> httpx.Response:
        return await self.http.delete(f"/v1/subscriptions/{subscription}", params=SAID)

    async def shown(self, subscription: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.http.get(f"/v1/subscriptions/{subscription}")).json()
        return found

    async def journey(self, visits: int) -> Scribe:
        """A journey with so many entries."""
        scribe = Scribe()
        facts = [scribe.started(), *(scribe.began("enrolment", visit=each) for each in range(2, visits + 1))]
        await put(self.database, scribe.batch(*facts))
        return scribe

    async def taken(self, *positions: int, within: float = 20) -> None:
        """Wait until the receiver has taken these, in this order and no others."""
        wanted = list(positions)
        await until(lambda: self.receiver.positions == wanted, f"{wanted} at the receiver", within)

    async def stands_at(self, subscription: str, position: int) -> bool:
        """Whether it is noted that everything was dealt with up to there."""
        return bool((await self.shown(subscription))["position"] == position)

    async def ended(self, subscription: str) -> None:
        """Wait for the end of its workflow."""
        async with asyncio.timeout(20):
            await self.client.get_workflow_handle(f"subscription/{subscription}").result()

    def forget(self, subscription: str) -> None:
        """It has come to its end."""
        self._subscriptions.remove(subscription)

    async def empty(self) -> None:
        """Let every workflow come to its end."""
        for each in self._subscriptions:
            await self.remove(each)
            await self.ended(each)
