"""The pure rules: ids, dates, tokens, pointers."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.fhir_refusals import expression
from schemas.errors import Invalid
from schemas.identity import new_coi
from standards.fhir.capability import capability
from standards.fhir.ids import entry_id, journey_of, order_id, resource_id
from standards.fhir.moments import read_span, within
from standards.fhir.search import MOST_CRITERIA, PARAMETERS, read_query
from standards.fhir.systems import donation_identifiers
from tests.standards.fhir.told import COI


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=10))
def test_whatever_an_issuer_issues_an_id_leads_back_to_it(coi: str) -> None:
    try:
        identity = resource_id(coi, "material", "BAG-1")
    except ValueError:
        assert len(coi.encode()) * 3 > 43
        return
    assert len(identity) <= 64 and set(identity) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."
    )
    assert journey_of(identity) == journey_of(order_id(coi)) == journey_of(entry_id(coi, 7)) == coi


def test_an_id_of_our_own_issuers_always_has_room() -> None:
    for coi in [new_coi() for _ in range(200)] + ["CLEWJB5TBJ2WZZ3G1ZS3*", "CHA99992600001K", "&/CHA99992600001K"]:
        assert journey_of(resource_id(coi, "x")) == coi


def test_ids_tell_apart_what_is_not_the_same() -> None:
    keys = [("a", "b"), ("ab",), ("a", "b", ""), ("b", "a"), ("a",)]
    assert len({resource_id(COI, *key) for key in keys}) == len(keys)


@pytest.mark.parametrize("identity", ["", "-", "-0", "-zz", "-2a", ".x", "a b", "x" * 65, "-FF", "-41", "a/b", "-00"])
def test_what_is_no_id_of_ours_leads_nowhere(identity: str) -> None:
    """Also one that spells what needs no escape: each thing has one id."""
    assert journey_of(identity) is None


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ("2026-03-02", "2026-03-02T23:59:59.999999Z"),
        ("2026-03", "2026-03-31T23:59:59Z"),
        ("2026", "2026-12-31T23:59:59Z"),
        ("ge2026-03-02", "2026-03-02T00:00:00Z"),
        ("gt2026-03-02", "2026-03-03T00:00:00Z"),
        ("lt2026-03-02", "2026-03-01T23:59:59Z"),
        ("le2026-03-02", "2026-03-02T23:59:59Z"),
        ("ne2026-03-02", "2026-03-03T00:00:00Z"),
        ("2026-03-02T12:00:00+01:00", "2026-03-02T11:00:00.5Z"),
        ("2026-03-02T12:00:00 01:00", "2026-03-02T11:00:00Z"),
        ("2026-03-02T11:00:00.25Z", "2026-03-02T11:00:00.259Z"),
        ("2026-12", "2026-12-31T23:00:00Z"),
    ],
)
def test_a_date_is_the_whole_of_what_it_names(asked: str, fits: str) -> None:
    assert within(read_span(asked), fits)


@pytest.mark.parametrize(
    ("asked", "misses"),
    [
        ("2026-03-02", "2026-03-03T00:00:00Z"),
        ("2026-03", "2026-04-01T00:00:00Z"),
        ("gt2026-03-02", "2026-03-02T12:00:00Z"),
        ("lt2026-03-02", "2026-03-02T00:00:00Z"),
        ("ge2026-03-02", "2026-03-01T23:59:59Z"),
        ("le2026-03-02", "2026-03-03T00:00:00Z"),
        ("ne2026-03-02", "2026-03-02T12:00:00Z"),
        ("2026-03-02T12:00:00Z", "2026-03-02T12:00:01Z"),
    ],
)
def test_and_no_more_than_that(asked: str, misses: str) -> None:
    assert not within(read_span(asked), misses)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)))
def test_a_moment_written_out_fits_itself_and_nothing_is_before_and_after(moment: datetime) -> None:
    text = moment.replace(tzinfo=UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert within(read_span(text), text)
    for prefix, fits in (("ge", True), ("le", True), ("gt", False), ("lt", False), ("ne", False)):
        assert within(read_span(prefix + text), text) is fits


@given(st.text(max_size=40))
def test_whatever_is_asked_is_read_or_refused(value: str) -> None:
    for name in ("_lastUpdated", "identifier", "_id", "target", "patient:identifier"):
        try:
            query = read_query("Provenance", [(name, value)])
        except Invalid as refused:
            assert refused.code == "malformed" and refused.errors
        else:
            query.fits({"resourceType": "Provenance", "id": "x", "meta": {"lastUpdated": "2026-03-02T00:00:00Z"}})


def resource(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Specimen",
        "id": order_id(COI),
        "meta": {"lastUpdated": "2026-03-02T00:00:00Z"},
        "identifier": [{"system": "urn:clew:container", "value": "BAG-1"}, {"value": "PLAIN"}],
        "status": "available",
        **more,
    }


@pytest.mark.parametrize(
    ("given_", "fits"),
    [
        ([("identifier", "BAG-1")], True),
        ([("identifier", "urn:clew:container|BAG-1")], True),
        ([("identifier", "urn:clew:container|")], True),
        ([("identifier", "|PLAIN")], True),
        ([("identifier", "|BAG-1")], False),
        ([("identifier", "urn:clew:batch|BAG-1")], False),
        ([("identifier", "BAG")], False),
        ([("identifier", "BAG-2,BAG-1")], True),
        ([("identifier", "BAG-2"), ("identifier", "BAG-1")], False),
        ([("identifier", "BAG-1"), ("status", "available")], True),
        ([("status", "AVAILABLE")], False),
        ([("patient.identifier", f"urn:clew:coi|{COI}")], True),
        ([("patient", f"urn:clew:coi|{COI}")], True),
        ([("subject", "urn:clew:coi|CLEWJB5TBJ2WZZ3G1ZS3*")], False),
        ([("patient:identifier", f"urn:other|{COI}")], False),
        ([("nonsense", "x")], True),
    ],
)
def test_a_token_fits_by_system_and_code(given_: list[tuple[str, str]], fits: bool) -> None:
    assert read_query("Specimen", given_).fits(resource()) is fits


BASE = "https://clew.example/fhir/R4"


@pytest.mark.parametrize(
    ("reference", "fits"),
    [
        (order_id(COI), True),
        (f"ServiceRequest/{order_id(COI)}", True),
        (f"{BASE}/ServiceRequest/{order_id(COI)}", True),
        (f"Task/{order_id(COI)}", False),
        (f"https://other.example/fhir/ServiceRequest/{order_id(COI)}", False),
        (f"{BASE}/x/ServiceRequest/{order_id(COI)}", False),
        ("ServiceRequest/", False),
        ("/", False),
        (BASE, False),
    ],
)
def test_a_reference_leads_to_one_type_on_this_server(reference: str, fits: bool) -> None:
    task = resource(resourceType="Task", basedOn=[{"reference": f"ServiceRequest/{order_id(COI)}"}])
    assert read_query("Task", [("based-on", reference)], BASE).fits(task) is fits


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status:not", "available"),
        ("_id:missing", "true"),
        ("identifier:text", "BAG-1"),
        ("identifier:missing", "true"),
        ("_lastUpdated:missing", "true"),
        ("subject:identifier:not", "x"),
        ("patient", "nobody"),
        ("patient", f"Patient/{COI}"),
        ("patient", f"urn:clew:coi|{COI},nobody"),
        ("subject:Patient", "1187"),
        ("patient.name", "Lindqvist"),
    ],
)
def test_a_known_parameter_is_never_ignored(name: str, value: str) -> None:
    """The answer would be wider than the question (FHIR R4, 3.1.1.4.4)."""
    with pytest.raises(Invalid) as refused:
        read_query("Specimen", [(name, value)])
    assert refused.value.code == "unknown_search_parameter"
    assert "Lindqvist" not in str(refused.value.errors)


@pytest.mark.parametrize("kind", PARAMETERS)
def test_a_value_that_fits_nothing_finds_nothing_whatever_it_is_asked_of(kind: str) -> None:
    (rest,) = capability(BASE, "1")["rest"]
    described = next(each for each in rest["resource"] if each["type"] == kind)
    for said in described["searchParam"]:
        value = {"date": "1900", "reference": "urn:nobody|nobody"}.get(said["type"], "nobody")
        query = read_query(kind, [(said["name"], value)])
        assert query.unknown == (), said["name"]
        assert not query.fits(resource(resourceType=kind, recorded="2026-03-02T00:00:00Z")), said["name"]


def test_a_search_has_an_end() -> None:
    read_query("Specimen", [("_lastUpdated", "ge2000")] * MOST_CRITERIA)
    with pytest.raises(Invalid) as refused:
        read_query("Specimen", [("nonsense", "x")] * (MOST_CRITERIA + 1))
    assert refused.value.code == "malformed"


@pytest.mark.parametrize(
    ("number", "known"), [("A999921123456", 2), ("A9O9921123456", 1), ("A99AB21123456", 1), ("DIN-1", 1)]
)
def test_only_a_donation_number_of_isbt_128_is_told_as_one(number: str, known: int) -> None:
    assert len(donation_identifiers(number)) == known


def test_a_name_of_a_parameter_that_could_be_anything_is_not_repeated() -> None:
    assert read_query("Specimen", [("Jane Doe", "x"), ("_sort", "x")]).unknown == ("_", "_sort")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("", "ServiceRequest"),
        ("/identifier/0/value", "ServiceRequest.identifier[0].value"),
        ("/query/_count", "http._count"),
        ("/header/If-None-Exist", "http.If-None-Exist"),
    ],
)
def test_a_pointer_is_told_as_fhirpath(place: str, told: str) -> None:
    assert expression(place, "ServiceRequest") == told
