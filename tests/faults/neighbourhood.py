"""The simulated partners of one drill: organisations of its own, on ports of their own, in our process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import select
from sqlmodel import col

from ledger.tables import JourneyRow
from partners.simulator.city import SimulatedPartners
from partners.simulator.config import PARTIES, Faults, Rates, SimulatorConfig
from tests.faults.site import Site
from tests.waiting import until

TIME_LAPSE = 400_000
"""So fast that due times pass: harmless, and the reminders are on record."""

CALM = Rates(shipment_delayed=0)
"""The therapy itself goes as planned."""

SHORT = "fault-drill"
SHORT_PROTOCOL = {
    "protocol": SHORT,
    "version": 1,
    "title": "Every kind of partner, once",
    "stages": [
        {"id": "enrolment", "kind": "enrolment", "evidence": ["consent"], "due": "5d"},
        {
            "id": "collection",
            "kind": "collection",
            "after": ["enrolment"],
            "at": "collection_centre",
            "material": "leukapheresis",
            "due": "14d",
        },
        {
            "id": "transport",
            "kind": "shipment",
            "after": ["collection"],
            "from": "collection_centre",
            "to": "manufacturer",
            "due": "48h",
        },
        {
            "id": "report",
            "kind": "milestone",
            "after": ["enrolment"],
            "at": "laboratory",
            "milestones": ["typed"],
            "due": "14d",
        },
    ],
}
"""All five partners get a command, and a journey takes seconds."""


@asynccontextmanager
async def neighbourhood(
    site: Site,
    home: Path,
    seed: int,
    *,
    journeys: int = 1,
    protocol: str = SHORT,
    rates: Rates = CALM,
    faults: Faults | None = None,
    api_url: str | None = None,
    time_lapse: float = TIME_LAPSE,
) -> AsyncIterator[SimulatedPartners]:
    """Partners whose names end in the seed, and their patients, all enrolled. The seed is the drill's own."""
    (await site.http.post("/v1/protocols", json=SHORT_PROTOCOL)).raise_for_status()
    config = SimulatorConfig(
        api_url=api_url or site.url,
        home=home / f"partners-{seed}",
        seed=seed,
        rates=rates,
        faults=faults or Faults(),
        parties={role: f"{name}-{seed}" for role, name in PARTIES.items()},
        journeys=journeys,
        protocols={protocol: 1.0},
        time_lapse=time_lapse,
    )
    async with SimulatedPartners(config) as city:
        yield city


async def journeys_of(site: Site, city: SimulatedPartners) -> Mapping[str, JourneyRow]:
    """The city's journeys, by chain-of-identity id."""
    of_city = select(JourneyRow).where(col(JourneyRow.order_number).like(f"ORD-{city.config.seed}-%"))
    async with site.database.reading() as session:
        return {row.coi: row for row in (await session.execute(of_city)).scalars()}


async def all_treated(site: Site, city: SimulatedPartners, within: float) -> None:
    """Wait until all of the city's journeys have come to their end."""

    async def ended() -> bool:
        rows = (await journeys_of(site, city)).values()
        return len(rows) == city.config.journeys and all(row.closed_at is not None for row in rows)

    await until(ended, f"the end of {city.config.journeys} journeys", within)
