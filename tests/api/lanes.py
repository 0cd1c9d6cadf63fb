"""A shipment on its lane, and the logger that goes with it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from schemas.facts import Fact
from tests.api.clinic import Clinic, fact, started

PICKED_UP = datetime(2026, 3, 2, 12, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)
CONTAINER = {"kind": "container", "value": "BAG-1"}
BAG = {"id": "BAG-1", "kind": "starting_material", "form": "container", "parents": ["DIN-1"]}


class Lane:
    """A shipment of Ana's bag at 2 to 8 degrees, and the logger that goes with it."""

    def __init__(self, clinic: Clinic, coi: str) -> None:
        self.clinic = clinic
        self.coi = coi

    async def send(self, rows: list[dict[str, Any]]) -> httpx.Response:
        return await self.clinic.http.post("/v1/readings", json=rows)

    async def taken(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        answer = await self.send(rows)
        assert answer.status_code == 200, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    async def events(self) -> list[dict[str, Any]]:
        """What Ana's journey is told."""
        found = await self.clinic.http.get("/v1/events", params={"journey": self.coi, "limit": 200})
        return [each for each in found.json()["items"] if each["type"] == "shipment.excursion"]

    async def shown(self, name: str = "SHIP-1", **query: Any) -> dict[str, Any]:
        answer = await self.clinic.http.get(f"/v1/shipments/{name}/readings", params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def at(number: float) -> datetime:
    """Ten minutes a step, from the pick-up on."""
    return PICKED_UP + number * TEN_MINUTES


def row(number: float, value: float, device: str = "LOGGER-7", **more: Any) -> dict[str, Any]:
    return {"device": device, "at": at(number).isoformat(), "value": value, "shipment": "SHIP-1", **more}


def rows(*values: float, first: int = 0, **more: Any) -> list[dict[str, Any]]:
    """One reading every ten minutes."""
    return [row(number, value, **more) for number, value in enumerate(values, start=first)]


def moved(seq: int, fact_type: str, when: datetime, status: str, holder: str, **said: Any) -> Fact:
    data = {"stage": "to_manufacturer", "visit": 1, "subject": "SHIP-1", "said": {"reference": "SHIP-1", **said}}
    told = fact(seq, fact_type, **data, materials=[{**BAG, "status": status, "holder": holder}])
    return told.model_copy(update={"occurred_at": when, "event_id": f"e-{seq}", "source": "//courier"})


def booked() -> list[Fact]:
    """A journey whose bag was collected two hours before its courier is to come."""
    told = {"command": "book_pickup", "key": "k", "role": "courier", "partner": "coldline", "reference": "SHIP-1"}
    there = [{**BAG, "status": "available", "holder": "collection_centre"}]
    kept = fact(2, "materials.settled", disposition="retained", identifiers=[CONTAINER], materials=there)
    shipment = {"kind": "shipment", "value": "SHIP-1"}
    return [
        started(),
        kept.model_copy(update={"occurred_at": PICKED_UP - timedelta(hours=2)}),
        fact(3, "partner.told", **told, stage="to_manufacturer", identifiers=[shipment]),
    ]


def picked_up(seq: int = 4, when: datetime = PICKED_UP, **more: Any) -> Fact:
    return moved(seq, "shipment.picked_up", when, "in_transit", "courier", containers=["BAG-1"], **more)


def received(seq: int, when: datetime) -> Fact:
    said = {"containers": ["BAG-1"], "condition": "good"}
    return moved(seq, "material.received", when, "available", "manufacturer", **said)


async def lane(clinic: Clinic, *facts: Fact) -> Lane:
    """Booked, and picked up; or with these facts instead."""
    coi = await clinic.patient()
    await clinic.record(coi, *(facts or (*booked(), picked_up())))
    return Lane(clinic, coi)
