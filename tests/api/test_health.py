"""What operators see: whether it lives, whether it can do its work, what it counted."""

import httpx
from sqlalchemy import text

from api.app import create_app
from ledger.database import Database
from schemas.settings import Settings
from tests.api.clinic import Clinic, away, booked, clinic


async def test_it_is_ready_while_temporal_is_away(ward: Clinic) -> None:
    """Events can be acknowledged; that is what ready means."""
    answer = await ward.http.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "database": "reachable", "temporal": "away"},
    )


async def test_it_says_that_temporal_is_there(house: Clinic) -> None:
    assert (await house.http.get("/readyz")).json()["temporal"] == "reachable"


async def test_it_is_not_ready_before_the_database_is_migrated(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    async with clinic(database, connect=away) as opened:
        answer = await opened.http.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "ledger_unavailable")
        assert (await opened.http.get("/healthz")).json() == {"status": "alive"}
    await database.close()


async def test_it_is_not_ready_when_the_database_is_away() -> None:
    """It starts all the same, and answers when the database is back."""
    settings = Settings(database_url="postgresql+asyncpg://nobody@127.0.0.1:1/none", temporal_address="127.0.0.1:1")
    app = create_app(settings, connect=away)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://clew.example")
    async with app.router.lifespan_context(app), http:
        for path in ("/readyz", "/v1/events", "/v1/journeys"):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "ledger_unavailable"), path
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/metrics")).status_code == 200


async def test_it_is_not_ready_when_the_database_cannot_be_written_to(desk: Clinic) -> None:
    async with desk.database.writing() as session:
        await session.execute(text("PRAGMA query_only = ON"))
    answer = await desk.http.get("/readyz")
    assert answer.status_code == 503


async def test_it_counts_what_waits_and_what_nobody_knows(ward: Clinic) -> None:
    await ward.patient()
    await ward.say([booked("ORD-1", "evt-1"), booked("SHIP-1", "evt-2"), booked("SHIP-1", "evt-3")])
    page = (await ward.http.get("/metrics")).text
    for line in (
        "clew_relay_waiting 1.0",
        "clew_events_unmatched 2.0",
        'clew_journeys{status="ordered"} 1.0',
        "clew_temporal_reachable 0.0",
    ):
        assert line in page.splitlines()
    assert 'clew_request_seconds_count{method="POST",route="/v1/events",status="202"}' in page


async def test_metrics_name_no_journey(ward: Clinic) -> None:
    """A path in a label would be an id, and one time series a patient."""
    coi = await ward.patient()
    for path in (f"/v1/journeys/{coi}", f"/v1/journeys/{coi}/ledger", f"/nothing/{coi}"):
        await ward.http.get(path)
    page = (await ward.http.get("/metrics")).text
    assert coi not in page
    assert 'route="/v1/journeys/{coi}/ledger"' in page
