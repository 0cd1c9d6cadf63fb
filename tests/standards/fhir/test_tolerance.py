"""Entries of other versions of Clew, with more in them or less: they are told as far as they go."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.entries import Entry
from standards.fhir.told import bundle, resources
from tests.api.fhir import whole_therapy
from tests.standards.fhir.facts import collected, made, material, named, question, told
from tests.standards.fhir.told import COI, hold_to_standard, of_type, recorded

Path = tuple[str | int, ...]


def places(value: Any, here: Path = ()) -> Iterator[Path]:
    """Every place in a fact's data."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield (*here, name)
        yield from places(each, (*here, name))


def without(data: dict[str, Any], place: Path) -> dict[str, Any]:
    """The data without what stands there."""
    changed = copy.deepcopy(data)
    inner: Any = changed
    for name in place[:-1]:
        inner = inner[name]
    del inner[place[-1]]
    return changed


def one_of_each_type() -> list[Entry]:
    """A whole therapy, and a question."""
    asked = question().model_copy(update={"seq": len(whole_therapy()) + 1})
    return recorded([*whole_therapy(), asked])


@pytest.mark.parametrize("kind", sorted({entry.type for entry in one_of_each_type()}))
def test_whatever_an_entry_lacks_the_rest_is_told(kind: str) -> None:
    entries = one_of_each_type()
    at = next(number for number, entry in enumerate(entries) if entry.type == kind)
    usual = resources(entries)
    for place in places(entries[at].data):
        lacking = entries[at].model_copy(update={"data": without(entries[at].data, place)})
        for each in resources([*entries[:at], lacking, *entries[at + 1 :]]):
            if each not in usual:
                hold_to_standard(each)


def test_material_of_a_kind_that_is_not_known_is_a_specimen_with_its_parent() -> None:
    aliquot = material("ALI-1", "retained", "aliquot", parents=["BAG-1"], amount={"value": 2, "unit": "mL"}, odd=1)
    held = collected("BAG-1")
    split = held.model_copy(update={"data": {"materials": [aliquot]}, "type": "material.split"})
    found = told(held, split)
    for each in found:
        hold_to_standard(each)
    bag, part = named(found, "Specimen", "BAG-1"), named(found, "Specimen", "ALI-1")
    assert part["parent"][0]["reference"] == f"Specimen/{bag['id']}"
    assert part["type"]["coding"][0]["code"] == "aliquot"
    assert named(found, "BiologicallyDerivedProduct", "ALI-1")["status"] == "unavailable"


def test_entries_of_a_type_that_is_not_known_have_their_provenance() -> None:
    unknown = made("DOSE-1")[0].model_copy(update={"type": "checkpoint.signed", "data": {"size": 4}})
    (order,), provenances = (of_type(told(unknown), kind) for kind in ("ServiceRequest", "Provenance"))
    assert provenances[-1]["target"][0]["reference"] == f"ServiceRequest/{order['id']}"


def test_no_entries_are_no_document() -> None:
    with pytest.raises(ValueError, match="none"):
        bundle([])
    assert resources([]) == []


def test_a_chain_without_a_start_is_told_as_far_as_it_goes() -> None:
    entries = recorded([collected("BAG-1")], COI)
    assert {each["resourceType"] for each in resources(entries)} >= {"Specimen", "Provenance"}
