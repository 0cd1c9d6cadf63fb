"""Hospitals order through FHIR, and say that a patient has withdrawn; a name that comes along goes no further."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from temporalio.client import Client

from standards.fhir.ids import journey_of
from tests.api.clinic import PARTIES, Clinic, order, spelt_out
from tests.api.fhir import FHIR_JSON, code, found, organisation, places, put, request, send
from tests.api.probe import Probe
from tests.standards.fhir.told import hold_to_standard, model
from tests.waiting import until
from workflows.names import journey_workflow_id

NAME = "Jane Doe"


async def test_an_order_starts_a_journey(house: Clinic, temporal: Client) -> None:
    answer = await send(house, request("ORD-1"))
    assert (answer.status_code, answer.headers["content-type"]) == (201, FHIR_JSON)
    resource = answer.json()
    hold_to_standard(resource)
    base = "http://clew.example/fhir/R4/ServiceRequest"
    assert answer.headers["location"] == f"{base}/{resource['id']}/_history/0"
    assert (await house.http.get(answer.headers["location"])).json() == resource
    coi = journey_of(resource["id"])
    journey = (await house.http.get(f"/v1/journeys/{coi}")).json()
    assert (journey["order"], journey["protocol"], journey["parties"]) == ("ORD-1", "autologous-car-t", PARTIES)
    description = await temporal.get_workflow_handle(journey_workflow_id(str(coi))).describe()
    assert await description.static_summary() == "Autologous CD19 CAR-T, cryopreserved · ORD-1"


async def test_an_order_is_taken_while_temporal_is_away(ward: Clinic) -> None:
    answer = await send(ward, request("ORD-1"))
    assert answer.status_code == 201
    assert (await found(ward, "ServiceRequest", identifier="urn:clew:order|ORD-1")) == [answer.json()]


async def test_the_same_order_again_is_the_same_journey(ward: Clinic) -> None:
    answers = await asyncio.gather(*(send(ward, request("ORD-1")) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [200, 200, 200, 201]
    assert len({each.json()["id"] for each in answers}) == 1
    assert len((await ward.http.get("/v1/journeys")).json()["items"]) == 1


async def test_another_order_under_the_same_number_is_a_conflict(ward: Clinic) -> None:
    await send(ward, request("ORD-1"))
    answer = await send(ward, request("ORD-1", instantiatesCanonical=["urn:clew:protocol:autologous-car-t|1"]))
    assert (answer.status_code, code(answer)) == (409, "order_exists")


async def test_an_order_that_came_the_other_way_is_known(ward: Clinic) -> None:
    coi = await ward.patient("ORD-1")
    answer = await send(ward, request("ORD-1"))
    assert (answer.status_code, journey_of(answer.json()["id"])) == (200, coi)


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("identifier=urn:clew:order|ORD-1", 200),
        ("?identifier=urn%3Aclew%3Aorder%7CORD-1", 200),
        ("identifier=ORD-1", 200),
        ("identifier=https://hospital.example/orders|ORD-1", 201),
        ("identifier=urn:clew:order|ORD-9", 201),
    ],
)
async def test_an_order_on_condition_is_made_unless_it_is_there(desk: Clinic, condition: str, status: int) -> None:
    """Where the condition fits, nothing is made of what was sent, whatever it says."""
    await send(desk, request("ORD-1"))
    answer = await send(desk, request("ORD-2"), if_none_exist=condition)
    assert answer.status_code == status
    assert answer.json()["identifier"][0]["value"] == ("ORD-1" if status == 200 else "ORD-2")


@pytest.mark.parametrize("condition", ["status=active", "identifier=a&identifier=b", "identifier", ""])
async def test_a_condition_that_is_not_understood_is_refused(desk: Clinic, condition: str) -> None:
    answer = await send(desk, request("ORD-1"), if_none_exist=condition)
    assert (answer.status_code, places(answer)) == (422, ["http.If-None-Exist"])
    assert (await desk.http.get("/v1/journeys")).json()["items"] == []


async def test_who_wants_no_body_gets_none(desk: Clinic) -> None:
    answer = await send(desk, request("ORD-1"), prefer="return=minimal")
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (201, b"", 'W/"0"')
    assert "location" in answer.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"instantiatesCanonical": None, "instantiatesUri": ["urn:clew:protocol:autologous-car-t|1"]},
        {"instantiatesCanonical": ["urn:clew:protocol:autologous-car-t|1", "https://hospital.example/plan|7"]},
        {
            "instantiatesCanonical": None,
            "code": {
                "coding": [
                    {"system": "http://snomed.info/sct", "code": "1269349006"},
                    {"system": "urn:clew:protocol", "code": "autologous-car-t", "version": "1"},
                ]
            },
        },
        {
            "contained": None,
            "performer": [
                {
                    "identifier": {"system": "urn:clew:party", "value": party},
                    "extension": [{"url": "urn:clew:extension:role", "valueCode": role}],
                }
                for role, party in PARTIES.items()
            ],
        },
        {"contained": [*request()["contained"], {"resourceType": "Patient", "type": 7, "identifier": "odd"}]},
        {"intent": "original-order", "instantiatesCanonical": ["urn:clew:protocol:autologous-car-t|1"]},
        {"extension": [{"url": "urn:clew:extension:time-lapse", "valueDecimal": 100}]},
    ],
)
async def test_protocol_and_parties_are_read_wherever_they_may_stand(desk: Clinic, changes: dict[str, Any]) -> None:
    answer = await send(desk, request("ORD-1", **changes))
    assert answer.status_code == 201, answer.text
    journey = (await desk.http.get("/v1/journeys")).json()["items"][0]
    assert (journey["protocol"], journey["version"]) == ("autologous-car-t", 1)


@pytest.mark.parametrize(
    ("changes", "status", "refusal", "place"),
    [
        ({"resourceType": "Patient"}, 422, "malformed", "ServiceRequest.resourceType"),
        ({"status": "draft"}, 422, "malformed", "ServiceRequest.status"),
        ({"status": None}, 422, "malformed", "ServiceRequest.status"),
        ({"intent": "proposal"}, 422, "malformed", "ServiceRequest.intent"),
        ({"subject": None}, 422, "malformed", "ServiceRequest.subject"),
        ({"doNotPerform": True}, 422, "malformed", "ServiceRequest.doNotPerform"),
        ({"modifierExtension": [{"url": "urn:x"}]}, 422, "malformed", "ServiceRequest.modifierExtension"),
        ({"implicitRules": "urn:x"}, 422, "malformed", "ServiceRequest.implicitRules"),
        ({"identifier": []}, 422, "malformed", "ServiceRequest.identifier"),
        (
            {"identifier": [{"system": "urn:clew:order", "value": NAME}]},
            422,
            "malformed",
            "ServiceRequest.identifier[0].value",
        ),
        (
            {"identifier": [{"system": "urn:clew:order", "value": each} for each in ("A", "B")]},
            422,
            "malformed",
            "ServiceRequest.identifier[0].value",
        ),
        ({"instantiatesCanonical": None}, 422, "malformed", "ServiceRequest.instantiatesCanonical"),
        (
            {"instantiatesCanonical": [f"urn:clew:protocol:{NAME}"]},
            422,
            "malformed",
            "ServiceRequest.instantiatesCanonical[0]",
        ),
        (
            {"instantiatesCanonical": ["urn:clew:protocol:til|x"]},
            422,
            "malformed",
            "ServiceRequest.instantiatesCanonical[0]",
        ),
        (
            {"instantiatesCanonical": ["urn:clew:protocol:til", "urn:clew:protocol:autologous-car-t"]},
            422,
            "malformed",
            "ServiceRequest.instantiatesCanonical[0]",
        ),
        ({"instantiatesCanonical": ["urn:clew:protocol:unheard-of"]}, 404, "unknown_protocol", None),
        ({"contained": None}, 422, "malformed", "ServiceRequest.performer"),
        ({"contained": [organisation("courier", "coldline")]}, 422, "party_missing", "ServiceRequest.performer"),
        (
            {"contained": [organisation(role, "nobody") for role in PARTIES]},
            422,
            "unknown_partner",
            "ServiceRequest.contained[2].identifier[0].value",
        ),
        (
            {"contained": [*request()["contained"], organisation("courier", "cellworks")]},
            422,
            "malformed",
            "ServiceRequest.contained[5].identifier[0].value",
        ),
        (
            {"contained": [*request()["contained"], organisation(NAME, "cellworks")]},
            422,
            "malformed",
            "ServiceRequest.contained[5].identifier[0].value",
        ),
        (
            {"subject": {"identifier": {"system": "urn:clew:coi", "value": "CLEWYDWJ67KE69S6NHBXI"}}},
            422,
            "malformed",
            "ServiceRequest.subject.identifier",
        ),
        (
            {"extension": [{"url": "urn:clew:extension:time-lapse", "valueDecimal": 0}]},
            422,
            "malformed",
            "ServiceRequest.extension",
        ),
        ({"contained": {"name": NAME}}, 422, "malformed", "ServiceRequest.contained"),
        ({"identifier": NAME}, 422, "malformed", "ServiceRequest.identifier"),
    ],
)
async def test_an_order_that_cannot_be_is_refused_by_name(
    desk: Clinic, changes: dict[str, Any], status: int, refusal: str, place: str | None
) -> None:
    answer = await send(desk, request("ORD-1", **changes))
    assert (answer.status_code, code(answer)) == (status, refusal), answer.text
    assert place is None or place in places(answer)
    assert NAME not in answer.text
    model("OperationOutcome").model_validate(answer.json())
    assert (await desk.http.get("/v1/journeys")).json()["items"] == []


@pytest.mark.parametrize("media", ["text/plain", "application/fhir+xml", "application/fhir+json; charset=utf-16"])
async def test_what_is_not_fhirs_json_is_refused(desk: Clinic, media: str) -> None:
    answer = await send(desk, request("ORD-1"), content_type=media)
    assert (answer.status_code, code(answer)) == (415, "unsupported_media_type")


async def test_a_name_in_every_place_goes_no_further_than_the_request(
    house: Clinic, temporal: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """Invariant 6: the request is not stored, so the name is nowhere: no table, no history, no log, no answer."""
    with capture_logs() as logs:
        created = await send(house, gossiping("ORD-1"))
        assert created.status_code == 201, created.text
        identity = created.json()["id"]
        revoked = await put(house, identity, gossiping("ORD-1", id=identity, status="revoked"))
        assert revoked.status_code == 202, revoked.text
        handle = temporal.get_workflow_handle(journey_workflow_id(str(journey_of(identity))))

        async def heard() -> bool:
            return bool(await handle.query(Probe.heard))

        await until(heard, "the withdrawal")
    history = spelt_out((await handle.fetch_history()).to_json())
    seen = {
        "history": history,
        "logs": str(logs) + "".join(capsys.readouterr()),
        "answers": created.text + revoked.text,
        "metrics": (await house.http.get("/metrics")).text,
        "database": await _everything_stored(house),
    }
    assert [place for place, content in seen.items() if "Jane" in content or "Doe" in content] == []
    assert "ORD-1" in seen["database"] and "ORD-1" in history, "the search looked where the order is"


def gossiping(number: str, **changes: Any) -> dict[str, Any]:
    """An order with the patient's name wherever FHIR has room for it."""
    sent = request(number, **changes)
    for each in sent["contained"]:
        each |= {"name": NAME, "alias": [NAME], "telecom": [{"value": NAME}], "text": {"div": NAME}}
        each["identifier"][0] |= {"assigner": {"display": NAME}, "type": {"text": NAME}, "use": NAME}
        each["type"][0] |= {"text": NAME}
        each["type"][0]["coding"][0] |= {"display": NAME}
    sent["identifier"] += [{"system": f"https://hospital.example/{NAME}", "value": NAME}, {"value": NAME}]
    return sent | {
        "contained": [*sent["contained"], {"resourceType": "Patient", "id": "p", "name": [{"text": NAME}]}],
        "instantiatesUri": [f"https://hospital.example/{NAME}"],
        "code": {"text": NAME, "coding": [{"system": NAME, "code": NAME, "display": NAME}]},
        "subject": {"reference": f"Patient/{NAME}", "display": NAME, "identifier": {"system": NAME, "value": NAME}},
        "performer": [*sent["performer"], {"display": NAME, "identifier": {"system": NAME, "value": NAME}}],
        "requester": {"display": NAME},
        "encounter": {"display": NAME},
        "note": [{"text": NAME, "authorString": NAME}],
        "reasonCode": [{"text": NAME}],
        "patientInstruction": NAME,
        "text": {"status": "generated", "div": f"<div>{NAME}</div>"},
        "extension": [
            {"url": "urn:clew:extension:status-reason", "valueCode": NAME},
            {"url": f"https://hospital.example/{NAME}", "valueString": NAME},
        ],
        "meta": {"source": NAME, "tag": [{"display": NAME}], "versionId": NAME, "lastUpdated": NAME},
        "language": NAME,
        "orderDetail": [{"text": NAME}],
        NAME: NAME,
    }


async def _everything_stored(house: Clinic) -> str:
    """Every row of every table, as text."""
    names = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
    }
    async with house.database.reading() as session:
        dialect = session.get_bind().dialect.name
        tables = (await session.execute(text(names[dialect]))).scalars().all()
        assert len(tables) > 15
        found = [(await session.execute(text(f'SELECT * FROM "{table}"'))).all() for table in tables]
    # As tuples: a row that is printed leaves out the middle of what is long.
    return json.dumps([tuple(row) for rows in found for row in rows], default=str)


async def test_the_other_way_of_ordering_is_as_it_was(desk: Clinic) -> None:
    """Only FHIR takes the order number alone for the order."""
    await send(desk, request("ORD-1"))
    answer = await desk.http.post("/v1/journeys", json=order("ORD-1"))
    assert (answer.status_code, answer.json()["code"]) == (409, "order_exists")
