"""A journey as FHIR resources: read, read in a version, read whole; and an interface that does what it says it can."""

from typing import Any

import pytest

from standards.fhir.ids import order_id
from standards.fhir.told import TYPES
from tests.api.clinic import Clinic, fact, started
from tests.api.fhir import FHIR_JSON, code, found, put, request, send, treated
from tests.standards.fhir.told import hold_to_standard, model


async def test_an_order_is_there_before_its_journey_has_started(ward: Clinic) -> None:
    coi = await ward.patient("ORD-1")
    answer = await ward.http.get(f"/fhir/R4/ServiceRequest/{order_id(coi)}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, FHIR_JSON)
    assert answer.headers["etag"] == 'W/"0"'
    order = answer.json()
    hold_to_standard(order)
    assert (order["status"], order["identifier"][0]["value"]) == ("active", "ORD-1")
    assert order["subject"]["identifier"] == {"system": "urn:clew:coi", "value": coi}


async def test_every_resource_of_a_therapy_is_read_under_its_id(ward: Clinic) -> None:
    coi = await treated(ward)
    document = (await ward.http.get(f"/v1/journeys/{coi}/fhir")).json()
    model("Bundle").model_validate(document)
    assert {each["resource"]["resourceType"] for each in document["entry"]} >= set(TYPES) - {"Task"}
    some = {each["resource"]["resourceType"]: each for each in document["entry"]}
    for each in some.values():
        answer = await ward.http.get(each["fullUrl"])
        assert answer.json() == each["resource"]
        assert answer.headers["etag"] == f'W/"{each["resource"]["meta"]["versionId"]}"'


async def test_a_version_is_the_number_and_the_time_of_the_entry_that_made_it(ward: Clinic) -> None:
    coi = await treated(ward)
    ledger = (await ward.http.get(f"/v1/journeys/{coi}/ledger", params={"limit": 200})).json()["items"]
    (order,) = await found(ward, "ServiceRequest", identifier="urn:clew:order|ORD-ANA")
    closing = next(entry for entry in ledger if entry["type"] == "journey.completed")
    assert order["meta"]["versionId"] == str(closing["seq"])
    assert order["meta"]["lastUpdated"] == closing["recorded_at"].replace("Z", ".000000Z")
    told = await found(ward, "Provenance", target=f"ServiceRequest/{order['id']}")
    hashes = {entry["hash"] for entry in ledger}
    assert {each["entity"][0]["what"]["identifier"]["value"] for each in told} <= hashes
    assert [each for each in told if each["id"].endswith(f".{closing['seq']}")]


async def test_an_older_version_is_read_as_it_was(ward: Clinic) -> None:
    coi = await ward.patient("ORD-1")
    await ward.record(coi, started(), fact(2, "hold.placed", reason="looked_into"))
    path = f"/fhir/R4/ServiceRequest/{order_id(coi)}"
    now, then, first = [
        (await ward.http.get(f"{path}{version}")).json() for version in ("", "/_history/1", "/_history/0")
    ]
    assert (now["status"], then["status"], first["status"]) == ("on-hold", "active", "active")
    assert [each["meta"]["versionId"] for each in (now, then, first)] == ["2", "1", "0"]


@pytest.mark.parametrize("version", ["3", "99999999999999999999", "-1", "x", "%00", "²"])
async def test_a_version_that_never_was_is_not_found(desk: Clinic, version: str) -> None:
    coi = await desk.patient("ORD-1")
    await desk.record(coi, started(), fact(2, "hold.placed", reason="looked_into"))
    answer = await desk.http.get(f"/fhir/R4/ServiceRequest/{order_id(coi)}/_history/{version}")
    assert (answer.status_code, code(answer)) == (404, "unknown_resource")


async def test_what_has_not_changed_is_not_sent_again(desk: Clinic) -> None:
    path = f"/fhir/R4/ServiceRequest/{order_id(await desk.patient('ORD-1'))}"
    etag = (await desk.http.get(path)).headers["etag"]
    again = await desk.http.get(path, headers={"if-none-match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert (await desk.http.get(path, headers={"if-none-match": 'W/"7"'})).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "ServiceRequest/CLEWYDWJ67KE69S6NHBXI",
        "ServiceRequest/nonsense",
        "ServiceRequest/-00",
        "ServiceRequest/a%00b",
        "ServiceRequest/" + "x" * 65,
        "Specimen/CLEWYDWJ67KE69S6NHBXI.0",
        "Patient/1187",
        "Patient",
        "metadata/x",
    ],
)
async def test_what_is_not_there_is_an_outcome(desk: Clinic, path: str) -> None:
    await desk.patient("ORD-1")
    answer = await desk.http.get(f"/fhir/R4/{path}")
    assert (answer.status_code, code(answer)) == (404, "unknown_resource")
    model("OperationOutcome").model_validate(answer.json())
    assert answer.headers["content-type"] == FHIR_JSON


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "refusal"),
    [
        ("GET", "/fhir/R4/a/b/c/d/e", b"", 404, "unknown_route"),
        ("POST", "/fhir/R4", b"{}", 404, "unknown_route"),
        ("DELETE", "/fhir/R4/ServiceRequest/x", b"", 405, "method_not_allowed"),
        ("PUT", "/fhir/R4/Specimen/x", b"{}", 405, "method_not_allowed"),
        ("POST", "/fhir/R4/ServiceRequest", b"x" * 1_000_001, 413, "body_too_large"),
        ("POST", "/fhir/R4/ServiceRequest", b"{", 422, "not_json"),
        ("POST", "/fhir/R4/ServiceRequest", b"[]", 422, "malformed"),
    ],
)
async def test_whoever_refuses_refuses_in_fhir(
    desk: Clinic, method: str, path: str, content: bytes, status: int, refusal: str
) -> None:
    answer = await desk.http.request(method, path, content=content, headers={"content-type": FHIR_JSON})
    assert (answer.status_code, code(answer)) == (status, refusal)
    assert answer.headers["content-length"] == str(len(answer.content))
    model("OperationOutcome").model_validate(answer.json())


async def test_a_refusal_elsewhere_stays_a_problem(desk: Clinic) -> None:
    answer = await desk.http.get("/v1/journeys/CLEWYDWJ67KE69S6NHBXI/fhir")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_journey")


async def test_the_interface_can_do_all_that_it_says(ward: Clinic) -> None:
    """The CapabilityStatement is walked: every interaction and every search parameter works on a real record."""
    coi = await treated(ward)
    statement = (await ward.http.get("/fhir/R4/metadata")).json()
    model("CapabilityStatement").model_validate(statement)
    (rest,) = statement["rest"]
    assert [each["type"] for each in rest["resource"]] == list(TYPES)
    for each in rest["resource"]:
        for interaction in each["interaction"]:
            await INTERACTIONS[interaction["code"]](ward, each["type"], coi)
        for parameter in each["searchParam"]:
            await _searched_by(ward, each["type"], parameter)


async def _read(ward: Clinic, kind: str, coi: str) -> None:
    for each in await found(ward, kind, patient__identifier=coi):
        assert (await ward.http.get(f"/fhir/R4/{kind}/{each['id']}")).json() == each


async def _read_version(ward: Clinic, kind: str, coi: str) -> None:
    for each in await found(ward, kind, patient__identifier=coi):
        version = each["meta"]["versionId"]
        assert (await ward.http.get(f"/fhir/R4/{kind}/{each['id']}/_history/{version}")).json() == each


async def _search(ward: Clinic, kind: str, coi: str) -> None:
    assert (await found(ward, kind, patient__identifier=coi)) or kind == "Task"


async def _create(ward: Clinic, kind: str, coi: str) -> None:
    answer = await send(ward, request("ORD-CREATED"))
    assert (kind, answer.status_code) == ("ServiceRequest", 201)


async def _update(ward: Clinic, kind: str, coi: str) -> None:
    (order,) = await found(ward, kind, identifier="ORD-CREATED")
    assert (await put(ward, order["id"], order | {"status": "revoked"})).status_code == 202


INTERACTIONS = {"read": _read, "vread": _read_version, "search-type": _search, "create": _create, "update": _update}


async def _searched_by(ward: Clinic, kind: str, parameter: dict[str, Any]) -> None:
    """In strict handling, so that a parameter that is not known would be refused. What fits nothing finds nothing."""
    value = {"date": "1900-01-01", "reference": "urn:nobody|x"}.get(parameter["type"], "x")
    answer = await ward.http.get(
        f"/fhir/R4/{kind}", params={parameter["name"]: value}, headers={"prefer": "handling=strict"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json().get("entry", []) == [], parameter["name"]
