"""Journeys: ordered once, found again, read whole."""

import asyncio
from typing import Any

import pytest
from temporalio.client import Client

from api.paths import journey_path
from tests.api.clinic import NOON, PARTIES, Clinic, fact, order, started
from workflows.names import journey_workflow_id


async def test_an_order_starts_a_journey_on_temporal(house: Clinic, temporal: Client) -> None:
    answer = await house.order("ORD-1")
    assert answer.status_code == 201
    coi = answer.json()["coi"]
    assert answer.headers["location"] == f"/v1/journeys/{coi}"
    description = await temporal.get_workflow_handle(journey_workflow_id(coi)).describe()
    assert await description.static_summary() == "Autologous CD19 CAR-T, cryopreserved · ORD-1"
    shown = {pair.key.name: pair.value for pair in description.typed_search_attributes}
    # Of its own the server adds which worker took the journey.
    shown.pop("BuildIds", None)
    assert shown == {
        "ChainOfIdentity": coi,
        "Protocol": "autologous-car-t@1",
        "TreatmentCentre": "st-anna",
        "JourneyStatus": "running",
        "AtRisk": False,
    }
    assert (await house.http.get(f"/v1/journeys/{coi}")).json()["started_at"] is not None


def test_a_journeys_path_holds_its_id_as_it_is_spelt() -> None:
    """One id in 37 ends with an asterisk."""
    assert journey_path("CLEWJB5TBJ2WZZ3G1ZS3*") == "/v1/journeys/CLEWJB5TBJ2WZZ3G1ZS3*"


async def test_an_order_is_recorded_while_temporal_is_away(ward: Clinic) -> None:
    answer = await ward.order()
    assert (answer.status_code, answer.json()["status"], answer.json()["started"]) == (202, "ordered", False)
    known = (await ward.http.get(answer.headers["location"])).json()
    assert {(each["kind"], each["value"]) for each in known["identifiers"]} == {
        ("coi", answer.json()["coi"]),
        ("order", "ORD-1"),
    }


async def test_the_same_order_under_the_same_key_is_the_same_journey(ward: Clinic) -> None:
    answers = await asyncio.gather(*(ward.order(idempotency_key="k-1") for _ in range(3)))
    assert {each.status_code for each in answers} == {202}
    assert len({each.json()["coi"] for each in answers}) == 1


async def test_another_order_under_the_same_key_is_a_conflict(ward: Clinic) -> None:
    await ward.order("ORD-1", idempotency_key="k-1")
    answer = await ward.order("ORD-2", idempotency_key="k-1")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")


@pytest.mark.parametrize("headers", [{}, {"idempotency_key": "k-2"}])
async def test_an_order_number_is_used_once(ward: Clinic, headers: dict[str, str]) -> None:
    await ward.order("ORD-1", idempotency_key="k-1")
    answer = await ward.order("ORD-1", **headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "order_exists")


async def test_an_order_number_that_names_a_bag_of_another_patient_is_refused(ward: Clinic) -> None:
    coi = await ward.patient("ORD-1")
    await ward.record(coi, started(), _bag(2, "ORD-2"))
    answer = await ward.order("ORD-2")
    assert (answer.status_code, answer.json()["code"]) == (409, "identifier_in_use")


@pytest.mark.parametrize(
    ("changes", "status", "code", "place"),
    [
        ({"protocol": "unheard-of"}, 404, "unknown_protocol", None),
        ({"version": 7}, 404, "unknown_protocol", None),
        ({"version": 10**30}, 404, "unknown_protocol", None),
        ({"parties": {"courier": "coldline"}}, 422, "party_missing", "/parties/manufacturer"),
        ({"parties": {**PARTIES, "courier": "nobody"}}, 422, "unknown_partner", "/parties/courier"),
        ({"parties": {**PARTIES, "cook": "st-anna"}}, 422, "malformed", "/parties/cook/[key]"),
        ({"order": "Jane Doe"}, 422, "malformed", "/order"),
        ({"patient_name": "Jane Doe"}, 422, "malformed", "/patient_name"),
        ({"time_lapse": 0}, 422, "malformed", "/time_lapse"),
    ],
)
async def test_an_order_that_cannot_be_is_refused_by_name(
    ward: Clinic, changes: dict[str, Any], status: int, code: str, place: str | None
) -> None:
    answer = await ward.http.post("/v1/journeys", json=order() | changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert place is None or place in [each["pointer"] for each in answer.json()["errors"]]
    assert (await ward.http.get("/v1/journeys")).json()["items"] == []


async def test_a_key_that_is_none_is_refused(desk: Clinic) -> None:
    answer = await desk.order(idempotency_key="two words")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/header/Idempotency-Key")


async def test_a_journey_shows_everything_as_the_ledger_has_it(ward: Clinic) -> None:
    coi = await ward.patient()
    await ward.record(coi, started(), *_busy())
    journey = (await ward.http.get(f"/v1/journeys/{coi}")).json()
    assert (journey["status"], journey["stages"], journey["at_risk"]) == ("held", ["collection"], True)
    assert [each["stage"] for each in journey["stages_in_order"]] == ["enrolment", "collection", "infusion"]
    assert journey["stages_in_order"][1]["due_at"] == "2026-03-10T12:00:00Z"
    assert [each["id"] for each in journey["tasks"]] == ["T1"]
    assert [each["id"] for each in journey["deviations"]] == ["D1"]
    assert [each["id"] for each in journey["materials"]] == ["BAG-1", "DOSE-1"]
    assert [each["seq"] for each in journey["latest"]] == [6, 5, 4, 3, 2, 1]
    assert journey["parties"] == PARTIES


async def test_materials_know_their_parents_and_children(ward: Clinic) -> None:
    coi = await ward.patient()
    await ward.record(coi, started(), *_busy())
    bag, dose = (await ward.http.get(f"/v1/journeys/{coi}/materials")).json()["items"]
    assert (bag["children"], dose["parents"]) == (["DOSE-1"], ["BAG-1"])


async def test_the_record_is_read_page_by_page(ward: Clinic) -> None:
    coi = await ward.patient()
    await ward.record(coi, started(), *_busy())
    first = (await ward.http.get(f"/v1/journeys/{coi}/ledger", params={"limit": 4})).json()
    rest = (await ward.http.get(f"/v1/journeys/{coi}/ledger", params={"limit": 4, "cursor": first["next"]})).json()
    entries = [*first["items"], *rest["items"]]
    assert [each["seq"] for each in entries] == [1, 2, 3, 4, 5, 6]
    assert [each["previous_hash"] for each in entries[1:]] == [each["hash"] for each in entries[:-1]]
    assert rest["next"] is None


async def test_a_ledger_cursor_of_another_journey_is_refused(ward: Clinic) -> None:
    ana, ben = await ward.patient("ORD-1"), await ward.patient("ORD-2")
    await ward.record(ana, started(), *_busy())
    cursor = (await ward.http.get(f"/v1/journeys/{ana}/ledger", params={"limit": 1})).json()["next"]
    answer = await ward.http.get(f"/v1/journeys/{ben}/ledger", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["ORD-2", "ORD-1"]),
        ({"status": "held"}, ["ORD-1"]),
        ({"status": "ordered"}, ["ORD-2"]),
        ({"protocol": "autologous-car-t"}, ["ORD-2", "ORD-1"]),
        ({"protocol": "til"}, []),
        ({"treatment_centre": "st-anna"}, ["ORD-2", "ORD-1"]),
        ({"treatment_centre": "elsewhere"}, []),
        ({"stage": "collection"}, ["ORD-1"]),
        ({"stage": "infusion"}, []),
        ({"at_risk": "true"}, ["ORD-1"]),
        ({"at_risk": "false"}, ["ORD-2"]),
        ({"overdue": "true"}, ["ORD-1"]),
        ({"q": "BAG-1"}, ["ORD-1"]),
        ({"q": "ORD-"}, ["ORD-2", "ORD-1"]),
        ({"q": "%"}, []),
        ({"q": "nothing"}, []),
        ({"q": "ORD-", "status": "held"}, ["ORD-1"]),
    ],
)
async def test_journeys_are_found(desk: Clinic, query: dict[str, str], found: list[str]) -> None:
    ana = await desk.patient("ORD-1")
    await desk.patient("ORD-2")
    await desk.record(ana, started(), *_busy())
    answer = await desk.http.get("/v1/journeys", params=query)
    assert [each["order"] for each in answer.json()["items"]] == found


@pytest.mark.parametrize("q", ["", "two words", "x" * 65, "a\x00b"])
async def test_a_search_for_what_is_no_identifier_is_refused(desk: Clinic, q: str) -> None:
    answer = await desk.http.get("/v1/journeys", params={"q": q})
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


async def test_journeys_come_in_pages_that_new_ones_do_not_shift(ward: Clinic) -> None:
    for number in range(3):
        await ward.patient(f"ORD-{number}")
    first = (await ward.http.get("/v1/journeys", params={"limit": 2})).json()
    await ward.patient("ORD-new")
    second = (await ward.http.get("/v1/journeys", params={"limit": 2, "cursor": first["next"]})).json()
    assert [each["order"] for each in first["items"] + second["items"]] == ["ORD-2", "ORD-1", "ORD-0"]
    assert second["next"] is None


async def test_work_lists_show_what_is_open(ward: Clinic) -> None:
    coi = await ward.patient()
    await ward.record(coi, started(), *_busy())
    for path, query in (
        ("/v1/tasks", {"status": "open", "role": "treatment_centre", "party": "st-anna", "overdue": "true"}),
        ("/v1/deviations", {"status": "open", "journey": coi, "code": "batch_rejected"}),
    ):
        assert [each["journey"] for each in (await ward.http.get(path, params=query)).json()["items"]] == [coi]
    for path, query in (
        ("/v1/tasks", {"status": "decided"}),
        ("/v1/tasks", {"role": "courier"}),
        ("/v1/deviations", {"status": "resolved"}),
    ):
        assert (await ward.http.get(path, params=query)).json() == {"items": [], "next": None}


async def test_work_lists_come_in_pages(ward: Clinic) -> None:
    for number in range(3):
        await ward.record(await ward.patient(f"ORD-{number}"), started(number=f"ORD-{number}"), *_busy(number))
    for path in ("/v1/tasks", "/v1/deviations"):
        first = (await ward.http.get(path, params={"limit": 2})).json()
        second = (await ward.http.get(path, params={"limit": 2, "cursor": first["next"]})).json()
        journeys = [each["journey"] for each in first["items"] + second["items"]]
        assert (len(journeys), len(set(journeys)), second["next"]) == (3, 3, None)


@pytest.mark.parametrize("path", ["", "/ledger", "/materials"])
@pytest.mark.parametrize("coi", ["CLEWYDWJ67KE69S6NHBXI", "nonsense", "a%00b"])
async def test_an_unknown_journey_is_not_found(ward: Clinic, coi: str, path: str) -> None:
    answer = await ward.http.get(f"/v1/journeys/{coi}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_journey")


def _busy(number: int = 1) -> list[Any]:
    """A collection is under way; a batch was rejected, which holds the journey until somebody decides."""
    suffix = "" if number == 1 else f"-{number}"
    due = "2026-03-10T12:00:00Z"
    task = {
        "id": "T1",
        "question": "batch_rejected",
        "stage": "collection",
        "role": "treatment_centre",
        "about": ["BATCH-7"],
        "choices": [{"choice": "stop", "then": "End the journey."}],
        "opened_at": NOON.isoformat(),
        "due_at": due,
    }
    dose = _material("DOSE-1" + suffix, "product", parents=["BAG-1" + suffix])
    return [
        fact(2, "stage.began", stage="collection", kind="collection", visit=1, due_at=due),
        _bag(3, "BAG-1" + suffix),
        fact(4, "materials.settled", disposition="retained", materials=[dose]),
        fact(5, "deviation.opened", deviation="D1", code="batch_rejected", about=["BATCH-7"], blocks=True),
        fact(6, "task.opened", task=task),
    ]


def _bag(seq: int, bag: str) -> Any:
    known = [{"kind": "container", "value": bag}]
    bags = [_material(bag, "starting_material")]
    return fact(seq, "materials.settled", disposition="retained", identifiers=known, materials=bags)


def _material(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": kind, "status": "available", "holder": "manufacturer", **more}
