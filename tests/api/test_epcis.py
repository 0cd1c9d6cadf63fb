"""Custody over HTTP as EPCIS 2.0 has it: the standard's filters and pages, over what the ledger tells."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text

from api import epcis_examples as examples
from api.cursors import encode
from ledger.append import append
from ledger.epcis import catch_up
from ledger.rebuild import differences
from ledger.verify import verify
from schemas.facts import Batch
from schemas.identity import new_coi
from standards.epcis.asked import MOST_VALUES
from standards.epcis.reading import read_document, read_single
from tests.api.clinic import NOON, Clinic
from tests.api.custody import EVENTS, a_therapy, events, pages, put, told
from tests.api.test_epcis_names import SPELLINGS
from tests.standards.epcis.schema import flaws, known_flaws

BAG = "urn:clew:container:BAG-1x1-1"


async def test_a_bag_can_be_followed_from_the_vein_into_the_dose(ward: Clinic) -> None:
    await a_therapy(ward.database, 1)
    await a_therapy(ward.database, 2)
    followed = await events(ward.http, MATCH_anyEPC=BAG)
    assert [each["bizStep"] for each in followed] == [
        "commissioning", "departing", "arriving", "unpacking", "receiving", "assembling", "commissioning",
    ]  # fmt: skip
    dose = followed[-1]["outputEPCList"][0]
    after = await events(ward.http, f"/epcis/v2/epcs/{quote(dose, safe='')}/events", EQ_bizStep="decommissioning")
    assert [each["disposition"] for each in after] == ["inactive"]


@pytest.mark.parametrize(
    ("asked", "steps"),
    [
        ({"EQ_bizStep": "urn:epcglobal:cbv:bizstep:departing"}, ["departing"] * 2),
        ({"EQ_bizStep": "https://ref.gs1.org/cbv/BizStep-arriving|departing"}, ["departing", "arriving"] * 2),
        ({"eventType": "TransformationEvent"}, ["assembling", "commissioning"]),
        ({"EQ_action": "DELETE"}, ["unpacking", "unpacking", "decommissioning", "decommissioning"]),
        ({"EQ_disposition": "conformant", "EQ_bizStep": "accepting"}, ["accepting"]),
        ({"EQ_readPoint": "urn:clew:party:riverside-apheresis"}, ["commissioning", "departing"]),
        ({"EQ_bizLocation": "urn:clew:party:riverside-apheresis"}, ["commissioning"]),
        ({"MATCH_epc": BAG}, ["commissioning", "departing", "arriving", "unpacking", "receiving"]),
        ({"MATCH_epc": "urn:clew:container:BAG%2D1x1-1", "EQ_action": "ADD"}, ["commissioning", "departing"]),
        ({"MATCH_inputEPC": BAG}, ["assembling", "commissioning"]),
        ({"MATCH_outputEPC": "urn:clew:dose:DOSE-1x1-1"}, ["commissioning"]),
        ({"EQ_transformationID": "urn:clew:batch:LOT-1x1"}, ["assembling", "commissioning"]),
        ({"EQ_bizTransaction_prodorder": "urn:clew:batch:LOT-1x1", "EQ_bizStep": "accepting"}, ["accepting"]),
        ({"EQ_source_possessing_party": "urn:clew:party:swift-courier"}, ["receiving"] * 2),
        ({"GE_eventTime": "2026-03-02T08:20:00Z", "LT_eventTime": "2026-03-02T10:22:00+02:00"}, ["departing"]),
        ({"GE_recordTime": "2026-03-02T12:00:00.001Z"}, []),
        ({"EXISTS_errorDeclaration": ""}, []),
    ],
)
async def test_the_standards_filters_find_what_they_name(desk: Clinic, asked: dict[str, Any], steps: list[str]) -> None:
    await a_therapy(desk.database)
    assert [each["bizStep"] for each in await events(desk.http, **asked)] == steps


async def test_pages_neither_lose_nor_double_while_more_is_told(ward: Clinic) -> None:
    ana, ben = new_coi(), new_coi()
    facts = {ana: told(1), ben: told(2)}
    for coi in facts:
        await put(ward.database, coi, facts[coi][:20])
    seen: list[str] = []
    at = 20
    async for page in pages(ward.http, perPage=3):
        seen += [each["eventID"] for each in page]
        for coi in facts:
            if facts[coi][at : at + 5]:
                await put(ward.database, coi, facts[coi][at : at + 5], NOON + timedelta(minutes=at))
        at += 5
    everything = [each["eventID"] for each in await events(ward.http)]
    assert len(set(everything)) == len(everything)
    assert seen == everything[: len(seen)] and len(seen) > 30


@pytest.mark.parametrize("order", ["eventTime", "recordTime"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_come_in_the_order_that_is_asked_for(ward: Clinic, order: str, direction: str) -> None:
    await a_therapy(ward.database, 1)
    await a_therapy(ward.database, 2)
    found = await events(ward.http, orderBy=order, orderDirection=direction, perPage=7)
    times = [each[order] for each in found]
    assert times == sorted(times, reverse=direction == "DESC")
    assert len({each["eventID"] for each in found}) == len(found) == len(await events(ward.http))


async def test_one_event_can_be_looked_up_and_stands_alone(desk: Clinic) -> None:
    await a_therapy(desk.database)
    known = (await events(desk.http))[0]
    answer = await desk.http.get(f"{EVENTS}/{quote(known['eventID'], safe='')}")
    assert answer.status_code == 200
    assert known_flaws(answer.json()) == []
    assert {name: value for name, value in answer.json().items() if name != "@context"} == known
    unknown = await desk.http.get(f"{EVENTS}/urn:uuid:00000000-0000-0000-0000-000000000000")
    assert unknown.status_code == 404
    assert unknown.json()["type"] == "epcisException:NoSuchResourceException"


@pytest.mark.parametrize(
    ("resource", "member"),
    [
        ("eventTypes", "AggregationEvent"),
        ("epcs", BAG),
        ("bizSteps", "departing"),
        ("bizLocations", "urn:clew:party:northern-cell-works"),
        ("readPoints", "urn:clew:party:riverside-apheresis"),
        ("dispositions", "in_transit"),
    ],
)
async def test_names_are_listed_page_by_page_and_lead_to_their_events(ward: Clinic, resource: str, member: str) -> None:
    await a_therapy(ward.database)
    listed: list[str] = []
    path, link = f"/epcis/v2/{resource}?perPage=2", True
    while link:
        answer = await ward.http.get(path)
        assert answer.status_code == 200, answer.text
        listed += answer.json()["member"]
        link = "link" in answer.headers
        path = answer.headers.get("link", "").partition(">")[0].removeprefix("<")
    assert member in listed and len(set(listed)) == len(listed)
    found = await events(ward.http, f"/epcis/v2/{resource}/{quote(member, safe='')}/events")
    assert found and all(member in str(each) for each in found)


@pytest.mark.parametrize(
    "query",
    [
        "EQ_colour=red",
        "perPage=0",
        "perPage=many",
        "perPage=1001",
        "GE_eventTime=yesterday",
        "GE_eventTime=12345",
        "GE_eventTime=1e5",
        "GE_eventTime=-5",
        "GE_recordTime=1772454000.5",
        "LT_eventTime=0001-01-01T00:00:00%2B14:00",
        "GE_eventTime=2026-03-02T08:00:00",
        "eventType=PatientEvent",
        "EQ_action=MOVE",
        "orderBy=patient",
        "orderDirection=UP",
        "EQ_bizTransaction_=x",
        "MATCH_epc=%00",
    ],
)
async def test_a_query_that_is_not_understood_is_refused_in_the_standards_form(desk: Clinic, query: str) -> None:
    """An answer must never be wider than the question."""
    answer = await desk.http.get(f"{EVENTS}?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "epcisException:QueryParameterException"
    assert answer.json()["errors"][0]["pointer"].startswith("/query")


async def test_a_query_has_an_end(desk: Clinic) -> None:
    """Each value counts once, in all parameters together."""
    for more, status in ((0, 200), (1, 400)):
        ids, things = (range(MOST_VALUES // 2) for _ in range(2))
        asked = {"EQ_eventID": "|".join(f"urn:x:{n}" for n in ids), "MATCH_epc": "|".join(f"urn:y:{n}" for n in things)}
        asked["EQ_eventID"] += "|urn:x:0" * 500 + "|urn:z:1" * more
        answer = await desk.http.get(EVENTS, params=asked)
        assert answer.status_code == status, answer.text
    assert (answer.json()["code"], answer.json()["errors"][0]["pointer"]) == ("epcis_query_invalid", "/query")


@pytest.mark.parametrize(
    ("order", "place"),
    [
        ("", [10**30, 1]),
        ("", [2**40, 2**40]),
        ("", [-5, -5]),
        ("eventTime", ["0001-01-01T00:00:00", 1, 1]),
        ("eventTime", ["0001-01-01T00:00:00+14:00", 1, 1]),
        ("eventTime", ["2026-03-02T00:00:00Z", 1, 2**31]),
    ],
)
async def test_a_token_that_no_page_gave_is_refused(ward: Clinic, order: str, place: list[Any]) -> None:
    route = "epcis/event_time/True" if order else "epcis/position/False"
    asked = {"nextPageToken": encode(route, place)} | ({"orderBy": order} if order else {})
    answer = await ward.http.get(EVENTS, params=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor"), answer.text


@pytest.mark.parametrize("spelling", [*SPELLINGS, "urn:clew:container:BAG-1x1-1"])
async def test_a_bag_is_found_in_every_spelling_of_its_name(desk: Clinic, spelling: str) -> None:
    facts = told()
    line = {"kind": "sgtin", "value": "010950600013435221A1", "names": "BAG-1x1-1"}
    data = facts[0].data | {"identifiers": [*facts[0].data.get("identifiers", ()), line]}
    facts[0] = facts[0].model_copy(update={"data": data})
    await put(desk.database, new_coi(), facts)
    found = await events(desk.http, MATCH_anyEPC=spelling)
    assert len(found) > 3
    assert found == await events(desk.http, f"/epcis/v2/epcs/{quote(spelling, safe='')}/events")


async def test_a_refusal_does_not_repeat_what_was_asked(desk: Clinic) -> None:
    answer = await desk.http.get(EVENTS, params={"eventType": "Ana-Lindqvist", "EQ_Ana": "Lindqvist"})
    assert answer.status_code == 400
    assert "Ana" not in answer.text and "Lindqvist" not in answer.text


async def test_a_token_of_another_order_is_refused(desk: Clinic) -> None:
    await a_therapy(desk.database)
    link = (await desk.http.get(EVENTS, params={"perPage": 2})).headers["link"]
    token = link.partition("nextPageToken=")[2].partition(">")[0]
    for order in ("eventTime", "recordTime"):
        answer = await desk.http.get(EVENTS, params={"nextPageToken": token, "orderBy": order})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


@pytest.mark.parametrize("path", ["events", "capture", "bizSteps", "epcs/urn:x:y/events"])
async def test_which_version_is_spoken_can_be_asked_first(desk: Clinic, path: str) -> None:
    answer = await desk.http.options(f"/epcis/v2/{path}")
    assert answer.status_code == 204
    assert (answer.headers["gs1-epcis-version"], answer.headers["gs1-cbv-version"]) == ("2.0.0", "2.0.0")
    assert (answer.headers["gs1-epcis-min"], answer.headers["gs1-epcis-max"]) == ("2.0.0", "2.0.0")


async def test_a_journeys_document_is_the_same_as_its_events(ward: Clinic) -> None:
    coi = await a_therapy(ward.database)
    answer = await ward.http.get(f"/v1/journeys/{coi}/epcis")
    assert answer.status_code == 200
    assert known_flaws(answer.json()) == []
    assert answer.json()["epcisBody"]["eventList"] == await events(ward.http)
    assert (await ward.http.get(f"/v1/journeys/{new_coi()}/epcis")).status_code == 404


async def test_the_index_is_what_the_record_tells_and_a_change_to_it_is_found(ward: Clinic) -> None:
    coi = await a_therapy(ward.database)
    await catch_up(ward.database)
    assert (await verify(ward.database, projections=True)).ok
    async with ward.database.writing() as session:
        await session.execute(text("DELETE FROM epcis_event WHERE biz_step = 'departing'"))
    async with ward.database.reading() as session:
        assert len(await differences(session, coi)) == 2
    assert not (await verify(ward.database, projections=True)).ok


async def test_what_was_superseded_is_shown_as_an_error_beside_what_is_right(ward: Clinic) -> None:
    """A worker was lost after its append, and somebody had asked in between."""
    coi, facts = new_coi(), told()
    cut = next(each.seq for each in facts if each.type == "shipment.delivered")
    first, later = NOON, NOON + timedelta(minutes=5)
    async with ward.database.writing() as session:
        await append(session, Batch(coi=coi, epoch=first, facts=tuple(facts[:cut])), NOON)
    before = await events(ward.http)
    changed = facts[cut - 2].model_copy(update={"occurred_at": facts[cut - 2].occurred_at + timedelta(seconds=5)})
    assert changed.type == "shipment.picked_up"
    async with ward.database.writing() as session:
        await append(session, Batch(coi=coi, epoch=later, facts=(changed,)), later)
    after = await events(ward.http)
    assert after[: len(before)] == before
    assert [each["bizStep"] for each in after[len(before) :]] == ["departing", "arriving", "departing"]
    wrong = await events(ward.http, EXISTS_errorDeclaration="")
    assert [(each["bizStep"], each["errorDeclaration"]["reason"]) for each in wrong] == [
        ("departing", "incorrect_data"),
        ("arriving", "did_not_occur"),
    ]
    assert wrong[0]["errorDeclaration"]["correctiveEventIDs"] == [after[-1]["eventID"]]
    assert (await verify(ward.database, projections=True)).ok


def test_the_examples_in_the_description_are_epcis() -> None:
    shown = (examples.EPCIS_QUERY, examples.EPCIS_DOCUMENT, examples.EPCIS_EVENT)
    sent = (examples.CAPTURE_BODY, examples.CAPTURE_EVENT_BODY)
    (document,), (event,) = (list(each["application/json"].values()) for each in sent)
    assert len(read_document(document).events) == len(read_single(event).events) == 1
    for each in [*(value for named in shown for value in named.values()), document, event]:
        assert flaws(each) == []
