"""Everything that a journey can become is told in resources that are as R4 defines them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.entries import Entry
from standards.fhir.ids import journey_of
from standards.fhir.told import NOWHERE, TYPES, bundle, resources
from tests.standards.fhir.told import hold_to_standard, model, of_type
from tests.workflows.record import STORIES

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def references(value: Any) -> Iterator[str]:
    """Every literal reference in a document."""
    if isinstance(value, dict):
        yield from [value["reference"]] if isinstance(value.get("reference"), str) else []
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from references(each)


@pytest.mark.parametrize("story", STORIES)
def test_every_resource_is_as_r4_defines_it(records: dict[str, list[Entry]], story: str) -> None:
    told = resources(records[story])
    for each in told:
        hold_to_standard(each)
    assert {each["resourceType"] for each in told} >= {"ServiceRequest", "Provenance"}


@pytest.mark.parametrize("story", STORIES)
def test_the_document_is_whole_in_itself(records: dict[str, list[Entry]], story: str) -> None:
    document = bundle(records[story])
    model("Bundle").model_validate(document)
    urls = [each["fullUrl"] for each in document["entry"]]
    assert len(urls) == len(set(urls))
    leads_to = {url.removeprefix(f"{NOWHERE}/") for url in urls}
    assert {each for each in references(document) if not each.startswith("#")} <= leads_to


@pytest.mark.parametrize("story", STORIES)
def test_every_id_is_one_of_fhir_and_leads_to_the_journey(records: dict[str, list[Entry]], story: str) -> None:
    entries = records[story]
    for each in resources(entries):
        assert _ID.fullmatch(each["id"])
        assert journey_of(each["id"]) == entries[0].journey


def test_a_mishap_that_a_person_decided_is_told_in_every_type(records: dict[str, list[Entry]]) -> None:
    told = resources(records["stopped-by-a-strange-bag"])
    assert {each["resourceType"] for each in told} == set(TYPES)


def test_the_models_refuse_what_r4_does_not_have(records: dict[str, list[Entry]]) -> None:
    """The proof that the tests of the resources can fail."""
    told = resources(records["stopped-by-a-strange-bag"])
    for each in told:
        with pytest.raises(ValidationError):
            hold_to_standard({**each, "therapy": "CAR-T"})


@pytest.mark.parametrize("story", STORIES)
def test_every_entry_has_its_provenance_with_its_hash(records: dict[str, list[Entry]], story: str) -> None:
    found = of_type(resources(records[story]), "Provenance")
    told = [(each["recorded"], each["entity"][0]["what"]["identifier"]["value"]) for each in found]
    assert [value for _, value in told] == [entry.hash for entry in records[story]]


@pytest.mark.parametrize("story", STORIES)
def test_a_resources_version_is_the_entry_that_changed_it_last(records: dict[str, list[Entry]], story: str) -> None:
    """Made again after each entry: a resource changes its version exactly when it changes."""
    entries, before = records[story], dict[str, dict[str, Any]]()
    for count, entry in enumerate(entries, start=1):
        for each in resources(entries[:count]):
            name = f"{each['resourceType']}/{each['id']}"
            changed = {**each, "meta": None} != {**before.get(name, {}), "meta": None}
            assert (each["meta"]["versionId"] == str(entry.seq)) == changed, name
            before[name] = each
