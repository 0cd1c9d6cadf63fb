"""EPCIS documents from couriers and laboratories: kept whole before they are acknowledged, and told as our events."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlmodel import col
from structlog.testing import capture_logs

from api.cursors import encode
from ledger.tables import EntryRow, EpcisCaptureRow, InboxRow
from ledger.verify import verify
from tests.api.clinic import Clinic, away, clinic
from tests.api.custody import events, told
from tests.standards.epcis.schema import known_flaws
from tests.standards.epcis.test_heard import single
from tests.waiting import until

CAPTURE = "/epcis/v2/capture"
BOL = [{"type": "bol", "bizTransaction": "urn:epcglobal:cbv:bt:0614141073467:SHIP-88"}]
RECEIVED = single(bizStep="receiving", eventID="urn:uuid:00000000-0000-4000-8000-000000000001")
NO_REFERENCE = single(bizStep="departing", eventID="urn:uuid:00000000-0000-4000-8000-000000000002")
STORED = single(bizStep="storing", eventID="urn:uuid:00000000-0000-4000-8000-000000000003")
SHIPPED = single(bizStep="departing", bizTransactionList=BOL, eventID="urn:uuid:00000000-0000-4000-8000-000000000004")
DECLARED = SHIPPED | {
    "errorDeclaration": {
        "declarationTime": "2026-03-03T08:00:00Z",
        "reason": "incorrect_data",
        "correctiveEventIDs": ["urn:uuid:00000000-0000-4000-8000-000000000005"],
    }
}


def document(*listed: dict[str, Any], sender: str | None = "urn:clew:party:coldline") -> dict[str, Any]:
    envelope = {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-03-02T15:00:00Z",
        "epcisBody": {"eventList": [{k: v for k, v in each.items() if k != "@context"} for each in listed]},
    }
    assert known_flaws(envelope) == [], "the test's own document is not EPCIS"
    return envelope | ({"sender": sender} if sender else {})


async def captured(ward: Clinic, *listed: dict[str, Any], behaviour: str = "rollback") -> dict[str, Any]:
    """The job of a document."""
    answer = await ward.http.post(CAPTURE, json=document(*listed), headers={"GS1-Capture-Error-Behaviour": behaviour})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = (await ward.http.get(answer.headers["location"])).json()
    assert job["captureID"] == answer.json()["captureID"]
    return job


def outcomes(job: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(each["outcome"], each["reason"]) for each in job["events"]]


async def inbox(ward: Clinic) -> list[InboxRow]:
    async with ward.database.reading() as session:
        return list((await session.execute(select(InboxRow).order_by(col(InboxRow.id)))).scalars())


async def test_a_captured_event_is_in_the_inbox_when_it_is_acknowledged(ward: Clinic) -> None:
    job = await captured(ward, SHIPPED)
    assert (job["running"], job["success"], job["errors"]) == (False, True, [])
    (row,) = await inbox(ward)
    assert (row.source, row.id, row.type) == ("urn:clew:party:coldline", SHIPPED["eventID"], "shipment.picked_up")
    assert row.event["data"] == {"reference": "SHIP-88", "containers": ["BAG-1"]}
    assert job["events"][0]["told"] == [
        {"source": row.source, "id": row.id, "type": "shipment.picked_up", "status": "unmatched"}
    ]


async def test_the_document_is_kept_byte_for_byte(ward: Clinic) -> None:
    answer = await ward.http.post(CAPTURE, json=document(STORED))
    async with ward.database.reading() as session:
        row = (await session.execute(select(EpcisCaptureRow))).scalar_one()
    assert answer.request.content == row.body


async def test_the_same_document_again_is_the_same_job(ward: Clinic) -> None:
    answers = await asyncio.gather(*(ward.http.post(CAPTURE, json=document(SHIPPED)) for _ in range(5)))
    assert {each.status_code for each in answers} == {202}
    assert len({each.headers["location"] for each in answers}) == 1
    assert len(await inbox(ward)) == 1


async def test_the_same_event_in_another_document_has_no_second_effect(ward: Clinic) -> None:
    await captured(ward, SHIPPED)
    job = await captured(ward, SHIPPED, STORED)
    assert outcomes(job) == [("captured", None), ("kept", "no_effect")]
    assert len(await inbox(ward)) == 1


async def test_one_event_that_lacks_something_undoes_all_unless_the_sender_says_otherwise(ward: Clinic) -> None:
    job = await captured(ward, RECEIVED, NO_REFERENCE, STORED)
    assert outcomes(job) == [
        ("undone", "rolled_back"), ("refused", "reference_missing"), ("kept", "no_effect")
    ]  # fmt: skip
    assert not job["success"] and [each["instance"] for each in job["errors"]] == [NO_REFERENCE["eventID"]]
    assert await inbox(ward) == []
    job = await captured(ward, RECEIVED, NO_REFERENCE, STORED, behaviour="proceed")
    assert outcomes(job) == [("captured", None), ("refused", "reference_missing"), ("kept", "no_effect")]
    assert [each.type for each in await inbox(ward)] == ["material.received"]


@pytest.mark.parametrize(("behaviour", "other"), [("rollback", "undone"), ("proceed", "captured")])
async def test_another_content_under_the_same_id_is_refused(ward: Clinic, behaviour: str, other: str) -> None:
    await captured(ward, SHIPPED)
    job = await captured(ward, SHIPPED | {"epcList": ["urn:clew:container:BAG-9"]}, RECEIVED, behaviour=behaviour)
    assert [outcome for outcome, _ in outcomes(job)] == ["refused", other]
    assert job["events"][0]["reason"] == "event_conflict"
    first = next(each for each in await inbox(ward) if each.id == SHIPPED["eventID"])
    assert first.event["data"]["containers"] == ["BAG-1"]


async def test_an_error_declaration_is_on_record_and_before_a_persons_eyes_and_changes_nothing(ward: Clinic) -> None:
    await captured(ward, SHIPPED)
    job = await captured(ward, DECLARED)
    assert outcomes(job) == [("disputed", "error_declared")]
    quarantined = (await ward.http.get("/v1/events", params={"status": "quarantined"})).json()["items"]
    assert [(each["type"], each["reason"]) for each in quarantined] == [("epcis.error_declared", "error_declared")]
    async with ward.database.reading() as session:
        entry = (await session.execute(select(EntryRow))).scalar_one()
    assert (entry.journey, entry.type, entry.actor) == (
        "operations/epcis", "epcis.error_declared", "urn:clew:party:coldline",
    )  # fmt: skip
    assert entry.data["event"] == SHIPPED["eventID"] and entry.data["reason"] == "incorrect_data"
    assert entry.data["instead"] == ["urn:uuid:00000000-0000-4000-8000-000000000005"]
    first = next(each for each in await inbox(ward) if each.id == SHIPPED["eventID"])
    assert first.status == "unmatched"
    await captured(ward, DECLARED, STORED)
    async with ward.database.reading() as session:
        assert (await session.execute(select(func.count()).select_from(EntryRow))).scalar_one() == 1
    assert (await verify(ward.database)).ok
    (declared,) = (await ward.http.get("/v1/events", params={"status": "quarantined"})).json()["items"]
    assert (declared["source"], declared["id"].rpartition("/")[0]) == (entry.actor, f"{SHIPPED['eventID']}/error")
    said = {"source": declared["source"], "id": declared["id"], "by": "op-1", "reason": "checked"}
    dismissed = await ward.http.post("/v1/events/dismiss", json=said)
    assert (dismissed.status_code, dismissed.json()["status"]) == (200, "dismissed")


async def test_a_single_event_is_captured_too(ward: Clinic) -> None:
    answer = await ward.http.post("/epcis/v2/events", json=SHIPPED)
    assert answer.status_code == 202
    assert (await ward.http.get(answer.headers["location"])).json()["success"]
    (row,) = await inbox(ward)
    assert row.source == "urn:clew:epcis"


async def test_jobs_are_listed_newest_first_page_by_page(ward: Clinic) -> None:
    made = [
        (await captured(ward, SHIPPED, single(bizStep="storing", eventID=f"urn:x:{n}")))["captureID"] for n in range(5)
    ]
    listed: list[str] = []
    path = f"{CAPTURE}?perPage=2"
    while path:
        answer = await ward.http.get(path)
        listed += [each["captureID"] for each in answer.json()]
        path = answer.headers.get("link", "").partition(">")[0].removeprefix("<")
    assert listed == made[::-1]
    missing = await ward.http.get(f"{CAPTURE}/0")
    assert (missing.status_code, missing.json()["type"]) == (404, "epcisException:NoSuchResourceException")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"type": "EPCISQueryDocument"}, "/type"),
        ({"schemaVersion": "1.2"}, "/schemaVersion"),
        ({"creationDate": "today"}, "/creationDate"),
        ({"epcisBody": {}}, "/epcisBody/eventList"),
        ({"epcisBody": {"eventList": [{}]}}, "/epcisBody/eventList/0/type"),
        (
            {"epcisBody": {"eventList": [SHIPPED, SHIPPED | {"action": "Ana Lindqvist"}]}},
            "/epcisBody/eventList/1/action",
        ),
        ({"epcisBody": {"eventList": [STORED] * 1001}}, "/epcisBody/eventList"),
        ({"patient": "Ana Lindqvist"}, ""),
    ],
)
async def test_a_bad_document_is_refused_whole_with_pointers(
    desk: Clinic, change: dict[str, Any], pointer: str
) -> None:
    answer = await desk.http.post(CAPTURE, json=document(SHIPPED) | change)
    assert answer.status_code == 400
    assert answer.json()["type"] == "epcisException:ValidationException"
    assert pointer in [each["pointer"] for each in answer.json()["errors"]]
    assert "Lindqvist" not in answer.text
    assert await inbox(desk) == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": NaN}', b'{"a": "\\u0000"}', b"[" * 100_000])
async def test_what_is_not_json_is_refused(desk: Clinic, body: bytes) -> None:
    for path in (CAPTURE, "/epcis/v2/events"):
        answer = await desk.http.post(path, content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, "not_json")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "type", "eventID", "eventTime", "eventTimeZoneOffset", "bizStep", "disposition", "epcList", "childEPCs", "parentID",
    "action", "readPoint", "bizTransactionList", "sourceList", "sensorElementList", "ilmd", "errorDeclaration",
    "inputEPCList", "outputEPCList", "transformationID", "clew:coi", "clew:condition", "clew:reason",
]  # fmt: skip


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)
@given(
    event=st.sampled_from([SHIPPED, RECEIVED, DECLARED, STORED]),
    change=st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=3),
)
async def test_no_event_breaks_it(desk: Clinic, event: dict[str, Any], change: dict[str, Any]) -> None:
    """Whatever stands in it, it is captured, kept with a reason, or refused with a pointer."""
    answer = await desk.http.post("/epcis/v2/events", json={**event, **change})
    assert answer.status_code in (202, 400, 422), answer.text
    if answer.status_code == 202:
        (outcome,) = answer.json()["events"]
        assert outcome["outcome"] == "captured" or outcome["reason"]


async def test_a_document_that_was_acknowledged_outlives_the_process(ward: Clinic) -> None:
    job = await captured(ward, SHIPPED)
    async with clinic(ward.database, connect=away) as next_process:
        again = (await next_process.http.get(f"{CAPTURE}/{job['captureID']}")).json()
    assert again["events"] == job["events"]


async def test_what_is_captured_reaches_its_journey(house: Clinic) -> None:
    """By the same relay as any other event: here to a journey that listens."""
    coi = await house.patient("ORD-7")
    collected = single(
        bizStep="commissioning",
        action="ADD",
        epcList=["urn:clew:container:BAG-77"],
        ilmd={"clew:donation": "urn:clew:donation:DIN-77", "clew:verifiedBy": ["nurse-17", "nurse-23"]},
        bizTransactionList=[{"type": "po", "bizTransaction": "urn:clew:order:ORD-7"}],
    )
    await captured(house, collected)

    async def delivered() -> bool:
        (row,) = await inbox(house)
        assert row.journey == coi
        return row.delivered_at is not None

    await until(delivered, "the relay")


async def test_a_round_trip_through_http_tells_the_same_events(ward: Clinic) -> None:
    """Our own document about a shipment, captured, is what the partners had told us."""
    coi = await ward.patient("ORD-1")
    facts = told()
    await ward.record(coi, *facts)
    query = {
        "EQ_bizTransaction_bol": next(f.data["reference"] for f in facts if f.data.get("command") == "book_pickup")
    }
    query = {name: f"urn:clew:shipment:{value}" for name, value in query.items()}
    shipment = await events(ward.http, **query)
    answer = await ward.http.post(CAPTURE, json=document(*shipment, sender=None))
    assert answer.status_code == 202 and answer.json()["success"]
    stored = [(each.type, each.event["data"]) for each in sorted(await inbox(ward), key=lambda row: row.occurred_at)]
    shipped = {"shipment.picked_up", "shipment.delivered", "material.received"}
    meant = [(each.type, each.data["said"]) for each in facts if each.type in shipped][:3]
    assert stored == meant


@pytest.mark.parametrize("made", [["2026-03-02T12:00:00", "x"], ["0001-01-01T00:00:00+14:00", "x"], ["x"]])
async def test_a_place_in_the_list_that_cannot_be_is_refused(desk: Clinic, made: list[Any]) -> None:
    answer = await desk.http.get(CAPTURE, params={"nextPageToken": encode("epcis/capture", made)})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor"), answer.text


async def test_a_declaration_is_undone_with_its_document(desk: Clinic) -> None:
    job = await captured(desk, DECLARED, NO_REFERENCE)
    assert outcomes(job) == [("undone", "rolled_back"), ("refused", "reference_missing")]
    assert await inbox(desk) == []
    async with desk.database.reading() as session:
        assert (await session.execute(select(EntryRow))).first() is None


async def test_a_name_in_a_document_goes_no_further_than_the_document(ward: Clinic) -> None:
    """Whatever a partner says under names of its own stays where it is kept whole (invariant 6)."""
    strange = {"example:patient": "Jane Doe", "clew:said": {"patient": "Jane Doe"}, "clew:note": "Jane Doe"}
    place = {"id": "urn:clew:party:coldline", "example:contact": "Jane Doe"}
    with capture_logs() as logs:
        job = await captured(ward, SHIPPED | strange | {"readPoint": place}, DECLARED | strange)
    assert [outcome for outcome, _ in outcomes(job)] == ["captured", "disputed"]
    assert "Jane" not in str(logs) and "Jane" not in str(job)
    for row in await inbox(ward):
        assert "Jane" in str(row.body) and "Jane" not in str(row.event) + row.subject + row.id
    async with ward.database.reading() as session:
        assert "Jane" not in str([each.data for each in (await session.execute(select(EntryRow))).scalars()])
