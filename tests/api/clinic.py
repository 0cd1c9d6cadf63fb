"""The API as its partners and people use it, and what they say."""

import base64
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from temporalio.client import Client

from api.app import CONNECT_WHEN_NEEDED, Connect, create_app
from ledger.append import append_alone
from ledger.database import Database
from ledger.issuing import Issuer
from ledger.tail import Tail
from schemas.facts import Batch, Fact
from schemas.settings import Settings

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PARTIES = {
    "treatment_centre": "st-anna",
    "collection_centre": "apheresis-east",
    "courier": "coldline",
    "manufacturer": "cellworks",
    "laboratory": "qc-lab",
}
PROTOCOL = Path(__file__).parents[2] / "protocols" / "autologous-car-t.yaml"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def away(_settings: Settings) -> Client:
    """Temporal, where nothing listens."""
    raise RuntimeError("Failed client connect: connection refused")


class Clinic:
    """A running API, and the words to use it with."""

    def __init__(self, http: httpx.AsyncClient, database: Database, app: FastAPI | None = None) -> None:
        self.http = http
        self.database = database
        self.app = app

    def tail_is_watched(self) -> bool:
        """Whether the API looks for new entries on the ledger."""
        assert self.app is not None, "the API runs in another process"
        tail: Tail = self.app.state.services.tail
        return tail.is_watching

    async def ready(self) -> None:
        """Publish a protocol and register everybody who takes part."""
        body = PROTOCOL.read_bytes()
        answer = await self.http.post("/v1/protocols", content=body, headers={"content-type": "application/yaml"})
        assert answer.status_code in (200, 201), answer.text
        for name in PARTIES.values():
            registered = await self.http.put(f"/v1/partners/{name}", json={"url": f"http://{name}.example"})
            assert registered.status_code == 200, registered.text

    async def order(self, number: str = "ORD-1", **headers: str) -> httpx.Response:
        """Order a journey; a header's name is given with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post("/v1/journeys", json=order(number), headers=named)

    async def patient(self, number: str = "ORD-1") -> str:
        """The chain-of-identity id of a fresh journey."""
        answer = await self.order(number)
        assert answer.status_code in (201, 202), answer.text
        coi: str = answer.json()["coi"]
        return coi

    async def say(self, event: Any, content_type: str = STRUCTURED, **headers: str) -> httpx.Response:
        """Post an event, or a list of them as a batch."""
        media = BATCH if isinstance(event, list) else content_type
        return await self.http.post("/v1/events", json=event, headers={"content-type": media, **headers})

    async def status(self, event: dict[str, Any]) -> str:
        """What became of an event."""
        for each in (await self.http.get("/v1/events", params={"limit": 200})).json()["items"]:
            if (each["source"], each["id"]) == (event["source"], event["id"]):
                return str(each["status"])
        raise AssertionError(f"{event['id']} is not on record")

    def issue_from(self, issuer: Issuer) -> None:
        """Have ids of journeys issued by somebody else from now on."""
        assert self.app is not None, "the API runs in another process"
        self.app.state.services = replace(self.app.state.services, issuer=issuer)

    async def record(self, coi: str, *facts: Fact) -> None:
        """Put facts on the ledger, as the journey's workflow would."""
        await append_alone(self.database, Batch(coi=coi, facts=facts), NOON)


@asynccontextmanager
async def clinic(
    database: Database, settings: Settings | None = None, connect: Connect = CONNECT_WHEN_NEEDED
) -> AsyncIterator[Clinic]:
    """An API over this database, in a home of its own. `connect`: how it reaches Temporal."""
    with tempfile.TemporaryDirectory() as home:
        chosen = settings or Settings(temporal_address="127.0.0.1:1", relay_interval=0.05)
        if "home" not in chosen.model_fields_set:
            chosen = chosen.model_copy(update={"home": Path(home)})
        app = create_app(chosen, database=database, connect=connect)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://clew.example") as http:
                yield Clinic(http, database, app)


def spelt_out(history: str) -> str:
    """A workflow's history as JSON with its payloads, which stand in it encoded, readable."""
    payloads = [base64.b64decode(each) for each in re.findall(r'"data": "([^"]*)"', history)]
    return history + b"".join(payloads).decode()


def order(number: str = "ORD-1") -> dict[str, Any]:
    """An order for a journey."""
    return {"protocol": "autologous-car-t", "order": number, "parties": PARTIES}


def collected(subject: str, event_id: str = "evt-1", **changes: Any) -> dict[str, Any]:
    """The apheresis centre says that it has collected; `changes` replace attributes of the envelope."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "//hospital.example/apheresis",
        "type": "clew.sample.collected.v1",
        "subject": subject,
        "time": "2026-03-02T10:15:00Z",
        "data": {
            "donation": "G171726000001",
            "containers": [{"id": "BAG-1", "volume_ml": 120.5}],
            "ended_at": "2026-03-02T10:10:00Z",
            "verified_by": ["nurse-17", "nurse-23"],
        },
        **changes,
    }


def booked(subject: str, event_id: str = "evt-2", **changes: Any) -> dict[str, Any]:
    """The courier says that it has booked the shipment."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "//courier.example",
        "type": "clew.shipment.booked.v1",
        "subject": subject,
        "time": "2026-03-02T11:00:00Z",
        "data": {"reference": subject},
        **changes,
    }


def withdrawn(subject: str, event_id: str = "evt-9") -> dict[str, Any]:
    """The treatment centre says that the patient has withdrawn."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "//hospital.example/oncology",
        "type": "clew.patient.withdrawn.v1",
        "subject": subject,
        "time": "2026-03-02T11:00:00Z",
        "data": {"reason": "patient_request"},
    }


def fact(seq: int, fact_type: str, **data: Any) -> Fact:
    """A fact of the journey's own."""
    return Fact(seq=seq, type=fact_type, occurred_at=NOON, actor="clew", data=data)


def started(seq: int = 1, number: str = "ORD-1") -> Fact:
    """The first fact of every journey."""
    return fact(
        seq,
        "journey.started",
        order=number,
        protocol="autologous-car-t",
        version=1,
        protocol_hash="0" * 64,
        parties=PARTIES,
        stages=["enrolment", "collection", "infusion"],
        engine_version=1,
    )
