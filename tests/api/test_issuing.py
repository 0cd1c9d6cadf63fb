"""Whose chain-of-identity id a journey gets, and that it is known under it everywhere."""

from collections.abc import AsyncIterator

import pytest

from ledger.database import Database
from ledger.issuing import Opaque
from schemas.identity import new_coi
from schemas.settings import Settings
from tests.api.clinic import Clinic, away, clinic, collected

ISBT = Settings(coi_issuer="isbt128-040", isbt_facility="A9999")


@pytest.fixture
async def licensed(database: Database) -> AsyncIterator[Clinic]:
    """A clinic whose ids are ISBT 128's."""
    async with clinic(database, ISBT, connect=away) as opened:
        await opened.ready()
        yield opened


class Drawing:
    """An issuer that gives these ids."""

    def __init__(self, *cois: str) -> None:
        self.left = list(cois)

    async def issue(self) -> str:
        return self.left.pop(0)


async def test_a_journey_bears_the_id_of_the_configured_issuer(licensed: Clinic) -> None:
    coi = await licensed.patient("ORD-1")
    assert coi.startswith("CHA9999")
    assert len({await licensed.patient(f"ORD-{number}") for number in range(2, 6)} | {coi}) == 5
    http = licensed.http
    assert (await http.get(f"/v1/journeys/{coi}")).json()["coi"] == coi
    assert [each["coi"] for each in (await http.get("/v1/journeys", params={"q": coi})).json()["items"]] == [coi]
    for route in ("/v1/tasks", "/v1/deviations", "/v1/deliveries", "/v1/events"):
        assert (await http.get(route, params={"journey": coi})).status_code == 200, route


async def test_pages_go_on_from_an_isbt_id(licensed: Clinic) -> None:
    for number in range(3):
        await licensed.patient(f"ORD-{number}")
    first = (await licensed.http.get("/v1/journeys", params={"limit": 2})).json()
    rest = (await licensed.http.get("/v1/journeys", params={"limit": 2, "cursor": first["next"]})).json()
    assert len({each["coi"] for each in first["items"] + rest["items"]}) == 3


@pytest.mark.parametrize("spelling", ["{}", "&/{}"])
async def test_an_event_finds_its_journey_by_the_id_as_written_and_as_scanned(licensed: Clinic, spelling: str) -> None:
    coi = await licensed.patient()
    answer = await licensed.say(collected(spelling.format(coi)))
    assert (answer.status_code, answer.json()["journey"]) == (202, coi)


async def test_an_id_that_is_taken_is_drawn_again(ward: Clinic) -> None:
    taken, fresh = await ward.patient("ORD-1"), new_coi()
    ward.issue_from(Drawing(taken, taken, fresh))
    assert await ward.patient("ORD-2") == fresh


async def test_an_issuer_that_gives_only_what_is_taken_is_told_of(ward: Clinic) -> None:
    taken = await ward.patient("ORD-1")
    ward.issue_from(Drawing(*[taken] * 20))
    answer = await ward.order("ORD-2")
    assert (answer.status_code, answer.json()["code"]) == (503, "no_coi_left")
    ward.issue_from(Opaque())
    assert (await ward.order("ORD-2")).status_code == 202
