"""Searches: what they find, page by page, and what they say when they are not understood."""

from typing import Any

import pytest

from api import fhir_search
from api.routes.fhir import LARGEST_FORM
from standards.fhir.ids import order_id
from tests.api.clinic import Clinic, fact, started
from tests.api.fhir import code, found, places, treated
from tests.standards.fhir.told import model


@pytest.mark.parametrize(
    ("kind", "query", "count"),
    [
        ("ServiceRequest", {"identifier": "urn:clew:order|ORD-ANA"}, 1),
        ("ServiceRequest", {"identifier": "ORD-ANA"}, 1),
        ("ServiceRequest", {"identifier": "urn:clew:coi|ORD-ANA"}, 0),
        ("ServiceRequest", {"identifier": "|ORD-ANA"}, 0),
        ("ServiceRequest", {"identifier": "ORD-ANA,ORD-2"}, 2),
        ("ServiceRequest", {"identifier": "nothing"}, 0),
        ("ServiceRequest", {}, 2),
        ("ServiceRequest", {"status": "completed"}, 1),
        ("ServiceRequest", {"status": "active"}, 1),
        ("ServiceRequest", {"status": "active,completed"}, 2),
        ("ServiceRequest", {"status": "revoked"}, 0),
        ("ServiceRequest", {"code": "urn:clew:protocol|autologous-car-t"}, 2),
        ("ServiceRequest", {"_lastUpdated": "ge2026-03-02"}, 2),
        ("ServiceRequest", {"_lastUpdated": "lt2026-03-02"}, 0),
        ("Specimen", {"patient__identifier": "urn:clew:coi|{coi}"}, 3),
        ("Specimen", {"subject__identifier": "{coi}"}, 3),
        ("Specimen", {"patient__identifier": "urn:other|{coi}"}, 0),
        ("Specimen", {"patient.identifier": "{coi}"}, 3),
        ("Specimen", {"identifier": "{bag}"}, 1),
        ("Specimen", {"identifier": "{bag}", "patient__identifier": "CLEWYDWJ67KE69S6NHBXI"}, 0),
        ("BiologicallyDerivedProduct", {"identifier": "urn:clew:dose|{dose}"}, 1),
        ("SupplyDelivery", {"patient__identifier": "{coi}", "status": "completed"}, 2),
        ("Procedure", {"code": "infusion"}, 2),
        ("Procedure", {"based9on": "ServiceRequest/{order}"}, 4),
        ("Procedure", {"based9on": "Task/{order}"}, 0),
        ("Procedure", {"based9on": "http://other.example/fhir/R4/ServiceRequest/{order}"}, 0),
        ("Specimen", {"patient": "urn:clew:coi|{coi}"}, 3),
        ("Procedure", {"based9on": "{order}", "code": "urn:clew:procedure|conditioning"}, 1),
        ("Provenance", {"target": "ServiceRequest/{order}", "recorded": "2026-03-02"}, None),
        ("Task", {"status": "requested"}, 1),
        ("Task", {"status": "completed"}, 0),
        ("Task", {"owner__identifier": "urn:clew:party|st-anna"}, 1),
        ("Task", {"owner__identifier": "urn:clew:party|coldline"}, 0),
    ],
)
async def test_a_search_finds_what_fits(desk: Clinic, kind: str, query: dict[str, str], count: int | None) -> None:
    coi = await treated(desk)
    await desk.record(await desk.patient("ORD-2"), started(number="ORD-2"), _asked(2))
    known = (await desk.http.get(f"/v1/journeys/{coi}")).json()["identifiers"]
    names = {each["kind"]: each["value"] for each in known}
    filled = {"coi": coi, "order": order_id(coi), "bag": names["container"], "dose": names["dose"]}
    resources = await found(desk, kind, **{name: value.format(**filled) for name, value in query.items()})
    assert len(resources) == count or (count is None and resources)
    assert {each["resourceType"] for each in resources} <= {kind}


async def test_ids_are_looked_up_whosever_they_are(ward: Clinic) -> None:
    ids = [order_id(await ward.patient(f"ORD-{number}")) for number in range(3)]
    resources = await found(ward, "ServiceRequest", _id=f"{ids[0]},{ids[2]},nonsense,-00")
    assert sorted(each["id"] for each in resources) == sorted([ids[0], ids[2]])


@pytest.mark.parametrize("count", ["1", "2", "3", "7"])
async def test_pages_hold_everything_once(ward: Clinic, count: str) -> None:
    await treated(ward)
    for number in range(3):
        await ward.record(await ward.patient(f"ORD-{number}"), started(number=f"ORD-{number}"))
    for kind in ("Specimen", "ServiceRequest", "Task"):
        whole = await found(ward, kind)
        assert await found(ward, kind, _count=count) == whole
        assert len({each["id"] for each in whole}) == len(whole)


async def test_a_page_looks_into_so_many_journeys_and_leads_on(desk: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sought lies behind journeys in which there is nothing of the kind."""
    monkeypatch.setattr(fhir_search, "LOOKED_INTO", 2)
    await treated(desk)
    for number in range(5):
        await desk.patient(f"ORD-{number}")
    first = (await desk.http.get("/fhir/R4/Procedure")).json()
    assert "entry" not in first and [each["relation"] for each in first["link"]] == ["self", "next"]
    assert "total" not in first
    assert len(await found(desk, "Procedure")) == 4


async def test_a_page_stays_where_it_is_when_a_journey_before_it_is_gone(desk: Clinic) -> None:
    """The journey at which the next page begins no longer fits: what follows it is not passed over."""
    for number in range(3):
        await desk.record(await desk.patient(f"ORD-{number}"), started(number=f"ORD-{number}"))
    newest, *rest = await found(desk, "ServiceRequest", status="active")
    first = (await desk.http.get("/fhir/R4/ServiceRequest", params={"status": "active", "_count": "1"})).json()
    await desk.record(newest["id"], fact(2, "hold.placed", reason="looked_into"))
    following = next(each["url"] for each in first["link"] if each["relation"] == "next")
    second = (await desk.http.get(following)).json()
    assert [each["resource"]["id"] for each in second["entry"]] == [rest[0]["id"]]


async def test_a_search_can_be_posted(desk: Clinic) -> None:
    await desk.patient("ORD-1")
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = await desk.http.post(
        "/fhir/R4/ServiceRequest/_search", content="identifier=urn%3Aclew%3Aorder%7CORD-1", headers=form
    )
    assert answer.json()["total"] == 1
    assert "identifier=urn%3Aclew%3Aorder%7CORD-1" in answer.json()["link"][0]["url"]


@pytest.mark.parametrize(
    ("content", "kind", "status", "said"),
    [
        ("identifier=" + "x" * LARGEST_FORM, "application/x-www-form-urlencoded", 413, "body_too_large"),
        ("&".join(["_lastUpdated=ge2000"] * 51), "application/x-www-form-urlencoded", 422, "malformed"),
        ('{"identifier": "ORD-1"}', "application/json", 415, "unsupported_media_type"),
        ("status:not=active", "application/x-www-form-urlencoded; charset=utf-8", 422, "unknown_search_parameter"),
    ],
)
async def test_a_form_that_is_too_much_or_none_is_refused(
    desk: Clinic, content: str, kind: str, status: int, said: str
) -> None:
    answer = await desk.http.post("/fhir/R4/Specimen/_search", content=content, headers={"content-type": kind})
    assert (answer.status_code, code(answer)) == (status, said)


async def test_what_is_not_known_is_ignored_and_said(desk: Clinic) -> None:
    await desk.patient("ORD-1")
    answer = await desk.http.get("/fhir/R4/ServiceRequest", params={"requester": "x", "status": "active"})
    model("Bundle").model_validate(answer.json())
    match, outcome = answer.json()["entry"]
    assert (match["search"]["mode"], outcome["search"]["mode"]) == ("match", "outcome")
    assert outcome["resource"]["issue"][0]["expression"] == ["http.requester"]
    assert "requester" not in answer.json()["link"][0]["url"], "the link says what was understood"
    assert answer.json()["total"] == 1


async def test_who_wants_to_be_told_is_refused(desk: Clinic) -> None:
    answer = await desk.http.get(
        "/fhir/R4/ServiceRequest", params={"requester": "x"}, headers={"prefer": "handling=strict"}
    )
    assert (answer.status_code, code(answer), places(answer)) == (422, "unknown_search_parameter", ["http.requester"])


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"_count": "0"}, "http._count"),
        ({"_count": "many"}, "http._count"),
        ({"_count": "²"}, "http._count"),
        ({"_cursor": "nonsense"}, "http.cursor"),
        ({"_format": "xml"}, "http._format"),
        ({"_lastUpdated": "yesterday"}, "http._lastUpdated"),
        ({"_lastUpdated": "2026-13"}, "http._lastUpdated"),
        ({"_lastUpdated": "sa2026"}, "http._lastUpdated"),
        ({"identifier": ""}, "http.identifier"),
        ({"identifier": "a,,b"}, "http.identifier"),
        ({"identifier": "a\x00b"}, "http.identifier"),
        ({"identifier": ",".join("x" * 51)}, "http.identifier"),
    ],
)
async def test_a_value_that_cannot_be_is_refused_by_name(desk: Clinic, query: dict[str, Any], place: str) -> None:
    answer = await desk.http.get("/fhir/R4/ServiceRequest", params=query)
    assert (answer.status_code, places(answer)) == (422, [place])


def _asked(seq: int) -> Any:
    """A question to the treatment centre's people."""
    task = {
        "id": "T1",
        "question": "batch_rejected",
        "role": "treatment_centre",
        "choices": [{"choice": "stop", "then": "End the journey."}],
        "opened_at": "2026-03-02T12:00:00Z",
        "due_at": "2026-03-10T12:00:00Z",
    }
    return fact(seq, "task.opened", task=task)
