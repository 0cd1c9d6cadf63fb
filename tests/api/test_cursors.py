"""A cursor that somebody made up: it leads to a page or is refused, and breaks nothing."""

from collections.abc import Iterator
from typing import Any

import httpx

from api.cursors import encode
from tests.api.clinic import Clinic
from tests.api.lanes import booked, picked_up

MOMENT = "2026-03-02T12:00:00Z"
MADE_UP: tuple[Any, ...] = (
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-03-02T12:00:00",
    "a\0b",
    "",
    -1,
    2**31,
    2**63,
    10**30,
    None,
    [],
)


def places(coi: str) -> dict[str, tuple[str, list[Any]]]:
    """Every list that comes in pages: the name that its cursors bear, and a place that it could have."""
    return {
        "/v1/events": ("events", [MOMENT, "//hospital.example/apheresis", "evt-1"]),
        "/v1/journeys": ("journeys", [MOMENT, coi]),
        "/v1/journeys/{coi}/ledger": (f"ledger/{coi}", [1]),
        "/v1/journeys/{coi}/labels": (f"labels/{coi}", [MOMENT, "LS0123456789"]),
        "/v1/labels": ("labels", [MOMENT, "LS0123456789"]),
        "/v1/tasks": ("tasks", [MOMENT, coi, "T1"]),
        "/v1/deviations": ("deviations", [MOMENT, coi, "D1"]),
        "/v1/protocols": ("protocols", ["autologous-car-t", 1]),
        "/v1/shipments/{reference}/readings": ("readings/SHIP-1", ["temperature", MOMENT, "LOGGER-1"]),
        "/v1/holds": ("holds", [MOMENT, "hold-0123456789abcdef0123"]),
        "/v1/partners": ("partners", ["coldline"]),
        "/v1/deliveries": ("deliveries", [1]),
        "/v1/connectors": ("connectors", ["coldline", 1]),
        "/v1/messages": ("partner-messages", [MOMENT, "M1"]),
        "/v1/subscriptions": ("subscriptions", [MOMENT, "sub-0123456789abcdef0123"]),
        "/v1/checkpoints": ("checkpoints", [1]),
    }


def made_up(good: list[Any]) -> Iterator[list[Any]]:
    for part in range(len(good)):
        for wrong in MADE_UP:
            yield [*good[:part], wrong, *good[part + 1 :]]


async def test_no_cursor_that_somebody_made_up_breaks_a_list(ward: Clinic) -> None:
    coi = await ward.patient()
    await ward.record(coi, *booked(), picked_up())
    known = places(coi)
    described = (await ward.http.get("/openapi.json")).json()["paths"]
    paged = {path for path, each in described.items() if _has_cursor(each.get("get", {}))}
    assert paged == set(known), "each list that comes in pages stands here with the name of its cursors"
    for path, (route, good) in known.items():
        url = path.format(coi=coi, reference="SHIP-1")
        assert (await _page(ward, url, route, good)).status_code == 200, path
        for place in made_up(good):
            answer = await _page(ward, url, route, place)
            assert answer.status_code == 200 or answer.json()["code"] == "invalid_cursor", (path, place, answer.text)


async def test_a_moment_without_its_zone_is_no_place(desk: Clinic) -> None:
    """It would be read in the zone of whichever server answers."""
    for path, (route, good) in places("CLEW").items():
        if good[0] == MOMENT and "{" not in path:
            answer = await _page(desk, path, route, ["2026-03-02T12:00:00", *good[1:]])
            assert answer.json()["code"] == "invalid_cursor", path


def _has_cursor(operation: dict[str, Any]) -> bool:
    return any(each["name"] == "cursor" for each in operation.get("parameters", ()))


async def _page(ward: Clinic, url: str, route: str, place: list[Any]) -> httpx.Response:
    return await ward.http.get(url, params={"cursor": encode(route, place)})
