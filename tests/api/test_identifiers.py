"""Identifiers: what each leads to, what a scan says, and whether it belongs to the patient in hand."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.api.clinic import Clinic, collected, fact, started

SGTIN = "010950600013435221BAG1"
URN = "urn:epc:id:sgtin:9506000.013435.BAG1"
LINES = [
    {"kind": "donation", "value": "A999921123456"},
    {"kind": "container", "value": "BAG-1"},
    {"kind": "sgtin", "value": SGTIN, "names": "BAG-1"},
    {"kind": "batch", "value": "LOT-7"},
    {"kind": "shipment", "value": "DHL/88 1".replace(" ", "/")},
]


async def with_bags(clinic: Clinic, number: str = "ORD-1", lines: list[dict[str, Any]] = LINES) -> str:
    """A patient of whom all this is on record."""
    coi = await clinic.patient(number)
    recorded = fact(2, "hold.placed", reason="label_query", identifiers=lines)
    await clinic.record(coi, started(1, number), recorded)
    return coi


async def scan(clinic: Clinic, text: str, journey: str | None = None) -> dict[str, Any]:
    answer = await clinic.http.post("/v1/scan", json={"text": text, "journey": journey})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def assigned(value: str, kind: str = "sgtin", names: str = "BAG-1", subject: str = "ORD-1") -> dict[str, Any]:
    data = {"kind": kind, "value": value, "names": names}
    return collected(subject, "evt-assigned", type="clew.identifier.assigned.v1", data=data)


@pytest.mark.parametrize("value", ["BAG-1", SGTIN, URN, "LOT-7", "DHL/88/1", "A999921123456", "=A99992112345600"])
async def test_every_identifier_leads_to_its_journey_in_every_spelling(ward: Clinic, value: str) -> None:
    coi = await with_bags(ward)
    answer = await ward.http.get(f"/v1/identifiers/{quote(value, safe='')}")
    assert (answer.status_code, answer.json()["journey"]) == (200, coi)
    assert answer.json()["names"] == ("BAG-1" if value in (SGTIN, URN) else None)


@pytest.mark.parametrize("value", ["BAG-9", "%00", "a%20b", "x" * 300, "%2e%2e", "Anna%20Lindqvist"])
async def test_what_leads_nowhere_is_told_by_name_and_not_repeated(ward: Clinic, value: str) -> None:
    answer = await ward.http.get(f"/v1/identifiers/{value}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_identifier")
    assert "Lindqvist" not in answer.text


async def test_a_journeys_names_are_on_one_page(ward: Clinic) -> None:
    coi = await with_bags(ward)
    page = (await ward.http.get(f"/v1/journeys/{coi}/identifiers")).json()
    assert {"kind": "sgtin", "value": SGTIN, "names": "BAG-1"} in page["items"]
    assert len(page["items"]) == len(LINES) + 2 and page["next"] is None
    unknown = await ward.http.get("/v1/journeys/CLEWYDWJ67KE69S6NHBXI/identifiers")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_journey")


@pytest.mark.parametrize(
    "text",
    [
        f"]d2{SGTIN}",
        "(01)09506000134352(21)BAG1(10)LOT-7",
        URN,
        "=A99992112345600",
        "BAG-1",
        "http://mes.example|LOT-7",
    ],
)
async def test_a_scan_agrees_with_its_own_journey_and_not_with_another(ward: Clinic, text: str) -> None:
    ana = await with_bags(ward)
    ben = await ward.patient("ORD-2")
    found = await scan(ward, text, ana)
    assert (found["journeys"], found["agrees"]) == ([ana], True)
    assert (await scan(ward, text, ben))["agrees"] is False
    assert (await scan(ward, text))["agrees"] is None


@pytest.mark.parametrize("second", ["21BAG9", "010950600013435221BAG9"])
async def test_two_labels_in_one_scan_never_agree(desk: Clinic, second: str) -> None:
    """Ben's bag was under the scanner too."""
    ana = await with_bags(desk)
    lines = [{"kind": "container", "value": "BAG-9"}, {"kind": "sgtin", "value": SGTIN[:-1] + "9", "names": "BAG-9"}]
    await with_bags(desk, "ORD-2", lines)
    for text in (f"]d2{SGTIN}\x1d{second}", f"]d2{second}\x1d{SGTIN}"):
        found = await scan(desk, text, ana)
        assert (found["agrees"], found["problem"]["code"]) == (None, "said_twice")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("]d2010950600013435221OTHER", "nobody assigned that item"),
        ("]d2010950600013435221OTHER\x1d10LOT-7", "the batch is Ana's, the item is unknown"),
        ("=A99992112345677", "the donation number's check character is wrong"),
        (f"]d2{SGTIN}\x1dANNA", "there is a rest that cannot be read"),
        ("(17)271231", "an expiry names nobody"),
        ("BAG-9", "nothing is known under it"),
    ],
)
async def test_what_is_in_doubt_never_agrees(ward: Clinic, text: str, why: str) -> None:
    ana = await with_bags(ward)
    assert (await scan(ward, text, ana))["agrees"] is None, why


async def test_a_label_that_names_two_patients_is_shown_and_does_not_agree(ward: Clinic) -> None:
    ana = await with_bags(ward)
    ben = await with_bags(ward, "ORD-2", [{"kind": "batch", "value": "LOT-8"}])
    text = f"]d2{SGTIN}\x1d10LOT-8"
    for journey in (ana, ben):
        found = await scan(ward, text, journey)
        assert (found["journeys"], found["agrees"]) == (sorted([ana, ben]), False)


async def test_a_lot_that_can_be_read_as_two_patients_is_nobodys(ward: Clinic) -> None:
    """The zeros that fill the structure, or a lot's own: nobody can tell."""
    ana = await with_bags(ward, lines=[{"kind": "batch", "value": "123"}])
    ben = await with_bags(ward, "ORD-2", [{"kind": "batch", "value": "00123"}])
    for journey in (ana, ben):
        found = await scan(ward, "&,1000000000000000123", journey)
        assert (found["journeys"], found["agrees"]) == ([], None)
        assert found["parts"][0]["problem"]["code"] == "leads_to_several"


async def test_a_number_that_is_ours_is_ours_whatever_it_looks_like(ward: Clinic) -> None:
    """An order number that happens to begin as an element string does."""
    number = "01095060001343532112"
    coi = await ward.patient(number)
    found = await scan(ward, number, coi)
    assert (found["agrees"], found["parts"][0]["kind"], found["parts"][0]["text"]) == (True, "known", f"order {number}")


async def test_a_logistic_unit_is_not_a_service_relation_of_the_same_digits(ward: Clinic) -> None:
    ana = await with_bags(ward, lines=[{"kind": "gsrn", "value": "095060001343520017", "names": "ORD-1"}])
    assert (await scan(ward, "]C100095060001343520017", ana))["agrees"] is None
    assert (await scan(ward, "]C18018095060001343520017", ana))["agrees"] is True


async def test_a_wristband_is_not_repeated(ward: Clinic) -> None:
    answer = await ward.http.post("/v1/scan", json={"text": "LINDQVIST ANNA 1961-04-02"})
    assert answer.status_code == 200 and "LINDQVIST" not in answer.text
    refused = await ward.http.post("/v1/scan", json={"text": "LINDQVIST" * 1000})
    assert refused.status_code == 422 and "LINDQVIST" not in refused.text
    refused = await ward.http.post("/v1/scan", json={"text": "x", "journey": "LINDQVIST"})
    assert refused.status_code == 422 and "LINDQVIST" not in refused.text


async def test_a_scan_for_a_journey_that_is_not_there_is_refused(ward: Clinic) -> None:
    answer = await ward.http.post("/v1/scan", json={"text": "BAG-1", "journey": "CLEWYDWJ67KE69S6NHBXI"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_journey")


@pytest.mark.parametrize(
    ("kind", "value", "code", "said"),
    [
        ("gsrn", "950600013435200014", "wrong_check_character", "the check digit is 4 where 5 was expected"),
        ("gsrn", "9506000", "wrong_length", "7 characters long, and should be 18"),
        ("sgtin", "010950600013435321BAG1", "wrong_check_character", "the check digit is 3 where 2 was expected"),
        ("sgtin", "BAG-1", "wrong_form", "it should be 01, 14 digits, 21 and a serial"),
        ("sscc", "0009506000134352001X", "wrong_character", "character 18 is not a digit"),
    ],
)
async def test_an_identifier_with_a_slip_is_refused_with_what_is_wrong(
    desk: Clinic, kind: str, value: str, code: str, said: str
) -> None:
    answer = await desk.say(assigned(value, kind))
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    (flaw,) = answer.json()["errors"]
    assert flaw["code"] == code and said in flaw["detail"]


async def test_an_event_finds_its_journey_by_a_partners_identifier(ward: Clinic) -> None:
    coi = await with_bags(ward)
    answer = await ward.say(collected(SGTIN))
    assert (answer.status_code, answer.json()["journey"]) == (202, coi)
    assert (await ward.http.get("/v1/journeys", params={"q": SGTIN[:12]})).json()["items"][0]["coi"] == coi
