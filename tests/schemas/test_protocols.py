"""Protocols: each flaw by its name and the path to it; identity by content; time-lapse for demonstrations only."""

import copy
import json
from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import ProtocolInvalid
from schemas.identity import Role
from schemas.protocols import Protocol, read_protocol, read_protocol_yaml
from schemas.stages import FollowUpStage, InfusionStage, ManufactureStage, ReleaseStage
from tests.workflows.clinic import shipped_protocol

SHIPPED = ["autologous-car-t", "til"]

ENROLMENT, COLLECTION, TO_MANUFACTURER, MANUFACTURE, RELEASE, TO_CENTRE, CONDITIONING, INFUSION, MONITORING = range(9)


def car_t() -> dict[str, Any]:
    """The CAR-T protocol as a document to spoil."""
    document: dict[str, Any] = shipped_protocol("autologous-car-t").model_dump(
        mode="json", by_alias=True, exclude_none=True
    )
    return document


def spoilt(stage: int, **fields: Any) -> dict[str, Any]:
    """The CAR-T protocol with some fields of one stage changed; None takes a field away."""
    document = car_t()
    for name, value in fields.items():
        name = name.rstrip("_")
        if value is None:
            del document["stages"][stage][name]
        else:
            document["stages"][stage][name] = value
    return document


def flaws(document: Any) -> set[tuple[str, str]]:
    """Where the document is refused, and by which name."""
    with pytest.raises(ProtocolInvalid) as caught:
        read_protocol(document)
    assert (caught.value.code, caught.value.status) == ("protocol_invalid", 422)
    for flaw in caught.value.errors:
        assert flaw.pointer in caught.value.detail or flaw.pointer == ""
    return {(flaw.pointer, flaw.code) for flaw in caught.value.errors}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_protocols_that_clew_ships_are_valid(name: str) -> None:
    protocol = shipped_protocol(name)
    assert (protocol.protocol, protocol.version) == (name, 1)
    assert protocol.roles() == set(Role)


@pytest.mark.parametrize(
    ("stage", "fields", "flaw"),
    [
        (COLLECTION, {"kind": "booking_in"}, ("/stages/1/kind", "unknown_stage_kind")),
        (COLLECTION, {"kind": None}, ("/stages/1", "union_tag_not_found")),
        (COLLECTION, {"at": "blood_bank"}, ("/stages/1/at", "unknown_role")),
        (TO_MANUFACTURER, {"from": "blood_bank"}, ("/stages/2/from", "unknown_role")),
        (TO_MANUFACTURER, {"to": "blood_bank"}, ("/stages/2/to", "unknown_role")),
        (COLLECTION, {"at": None}, ("/stages/1/at", "missing")),
        (TO_MANUFACTURER, {"to": None}, ("/stages/2/to", "missing")),
        (COLLECTION, {"due": None}, ("/stages/1/due", "missing")),
        (COLLECTION, {"due": "soon"}, ("/stages/1/due", "value_error")),
        (COLLECTION, {"due": "0s"}, ("/stages/1/due", "value_error")),
        (COLLECTION, {"dew": "5d"}, ("/stages/1/dew", "extra_forbidden")),
        (COLLECTION, {"id": "Collection"}, ("/stages/1/id", "string_pattern_mismatch")),
        (COLLECTION, {"id": "enrolment", "after": ["enrolment"]}, ("/stages/1/id", "repeated_id")),
        (COLLECTION, {"after": ["consenting"]}, ("/stages/1/after/0", "unknown_stage")),
        (COLLECTION, {"after": ["enrolment", "consenting"]}, ("/stages/1/after/1", "unknown_stage")),
        (COLLECTION, {"after": ["collection"]}, ("/stages/1/after", "cycle")),
        (COLLECTION, {"after": ["manufacture"]}, ("/stages/1/after", "cycle")),
        (MONITORING, {"after": []}, ("/stages/8/after", "unreachable_stage")),
        (ENROLMENT, {"evidence": []}, ("/stages/0/evidence", "too_short")),
        (ENROLMENT, {"evidence": ["Consent form"]}, ("/stages/0/evidence/0", "string_pattern_mismatch")),
        (TO_MANUFACTURER, {"to": "collection_centre"}, ("/stages/2", "value_error")),
        (TO_MANUFACTURER, {"temperature": {"min": 8, "max": 2}}, ("/stages/2/temperature", "value_error")),
        (TO_MANUFACTURER, {"temperature": {"min": -300}}, ("/stages/2/temperature/min", "greater_than_equal")),
        (TO_MANUFACTURER, {"due": "72h"}, ("/stages/2/due", "impossible_limit")),
        (INFUSION, {"thaw_limit": "8d"}, ("/stages/7/thaw_limit", "impossible_limit")),
        (RELEASE, {"signatures": []}, ("/stages/4/signatures", "too_short")),
        (RELEASE, {"tests": []}, ("/stages/4/tests", "too_short")),
        (MONITORING, {"visits": ["3d", "1d"]}, ("/stages/8", "value_error")),
        (MONITORING, {"visits": ["1d", "1d"]}, ("/stages/8", "value_error")),
        (MONITORING, {"visits": []}, ("/stages/8/visits", "too_short")),
        (TO_CENTRE, {"after": ["manufacture"]}, ("/stages/5/after", "release_missing")),
        (CONDITIONING, {"after": ["manufacture"]}, ("/stages/6/after", "release_missing")),
        (CONDITIONING, {"after": ["enrolment"]}, ("/stages/6/after", "release_missing")),
        (RELEASE, {"after": ["to_manufacturer"]}, ("/stages/4/after", "nothing_to_release")),
        (MANUFACTURE, {"after": ["enrolment"]}, ("/stages/3/after", "nothing_to_make_from")),
    ],
)
def test_each_flaw_has_a_name_and_the_path_to_it(stage: int, fields: dict[str, Any], flaw: tuple[str, str]) -> None:
    assert flaw in flaws(spoilt(stage, **fields))


def test_nobody_is_infused_without_a_release() -> None:
    document = car_t()
    document["stages"][INFUSION]["after"] = ["manufacture"]
    assert ("/stages/7/after", "release_missing") in flaws(document)


def test_a_release_of_another_branch_releases_nothing_here() -> None:
    """Side by side with the release is not after it."""
    document = car_t()
    document["stages"][TO_CENTRE]["after"] = ["manufacture"]
    document["stages"][INFUSION]["after"] = ["to_centre"]
    assert flaws(document) == {("/stages/5/after", "release_missing"), ("/stages/7/after", "release_missing")}


def test_a_long_cycle_is_found_at_each_of_its_stages() -> None:
    found = flaws(spoilt(COLLECTION, after=["release"]))
    assert {pointer for pointer, code in found if code == "cycle"} >= {f"/stages/{at}/after" for at in (1, 2, 3, 4)}


def test_every_flaw_is_told_at_once() -> None:
    document = spoilt(COLLECTION, at="blood_bank")
    document["stages"][MANUFACTURE]["kind"] = "baking"
    document["stages"][TO_CENTRE]["due"] = "soon"
    assert flaws(document) == {
        ("/stages/1/at", "unknown_role"),
        ("/stages/3/kind", "unknown_stage_kind"),
        ("/stages/5/due", "value_error"),
    }


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        ({"protocol": "CAR-T 19"}, ("/protocol", "string_pattern_mismatch")),
        ({"version": 0}, ("/version", "greater_than")),
        ({"title": ""}, ("/title", "string_too_short")),
        ({"stages": []}, ("/stages", "no_stages")),
        ({"stages": "all"}, ("/stages", "tuple_type")),
        ({"author": "me"}, ("/author", "extra_forbidden")),
    ],
)
def test_a_flaw_in_the_head_is_pointed_at(change: dict[str, Any], flaw: tuple[str, str]) -> None:
    assert flaw in flaws({**car_t(), **change})


@pytest.mark.parametrize("document", [None, 7, "text", [], {}, {"stages": [None]}, {"stages": [{"kind": ["a"]}]}])
def test_what_is_no_protocol_at_all_is_refused_by_name(document: Any) -> None:
    assert flaws(document)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["shipment", "release", "enrolment"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["stages", "kind", "id", "after", "due", "at", "protocol"]), inner, max_size=4
            )
        ),
        max_leaves=10,
    )
)
def test_no_document_breaks_the_reader(document: Any) -> None:
    with pytest.raises(ProtocolInvalid):
        read_protocol(document)


@pytest.mark.parametrize(
    "text", ["stages: [", "a: b: c", "\t- x", "!!python/object:os.system {}", "&a [*a", "2026-99-99"]
)
def test_what_is_no_yaml_is_refused_by_name(text: str) -> None:
    with pytest.raises(ProtocolInvalid):
        read_protocol_yaml(text)


# --- identity -------------------------------------------------------------------------------------------------------


def reordered(value: Any) -> Any:
    """The same, with every object's keys turned round."""
    if isinstance(value, dict):
        return {key: reordered(each) for key, each in reversed(value.items())}
    return [reordered(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", SHIPPED)
def test_the_hash_is_of_the_content_not_of_its_spelling(name: str) -> None:
    protocol = shipped_protocol(name)
    document = protocol.model_dump(mode="json", by_alias=True)
    assert read_protocol(reordered(document)).hash == protocol.hash
    assert read_protocol_yaml(json.dumps(document)).hash == protocol.hash
    assert read_protocol_yaml(yaml.safe_dump(document, sort_keys=False)).hash == protocol.hash
    assert Protocol.model_validate_json(protocol.model_dump_json(by_alias=True)).hash == protocol.hash


def test_the_same_length_of_time_in_other_words_is_the_same_protocol() -> None:
    assert read_protocol(spoilt(COLLECTION, due="336h")).hash == read_protocol(spoilt(COLLECTION, due="14d")).hash


@pytest.mark.parametrize(
    "other",
    [
        {**car_t(), "version": 2},
        {**car_t(), "title": "Another title"},
        spoilt(COLLECTION, due="15d"),
        spoilt(RELEASE, tests=["sterility"]),
        spoilt(ENROLMENT, evidence=["eligibility", "consent", "funding", "centre_qualified"]),
    ],
)
def test_other_content_is_another_protocol(other: dict[str, Any]) -> None:
    assert read_protocol(other).hash != shipped_protocol("autologous-car-t").hash


def test_reading_leaves_the_document_alone() -> None:
    document = car_t()
    kept = copy.deepcopy(document)
    read_protocol(document)
    assert document == kept


# --- time-lapse -----------------------------------------------------------------------------------------------------


def parts(protocol: Protocol) -> dict[str, Any]:
    """Everything that a protocol says, by where it stands."""
    found: dict[str, Any] = {"head": (protocol.protocol, protocol.version, protocol.title)}
    for stage in protocol.stages:
        for name, value in vars(stage).items():
            each = enumerate(value) if isinstance(value, tuple) else [("", value)]
            found |= {f"{stage.id}/{name}/{place}": part for place, part in each}
    return found


LEAST = timedelta(microseconds=1)
PROTOCOLS = {name: shipped_protocol(name) for name in SHIPPED}


@pytest.mark.parametrize("name", SHIPPED)
@given(factor=st.floats(1, 1_000_000))
@settings(max_examples=30)
def test_time_lapse_divides_every_duration_and_nothing_else(name: str, factor: float) -> None:
    before, after = parts(PROTOCOLS[name]), parts(PROTOCOLS[name].in_time_lapse(factor))
    assert sum(isinstance(value, timedelta) for value in before.values()) > len(PROTOCOLS[name].stages)
    expected = {at: max(it / factor, LEAST) if isinstance(it, timedelta) else it for at, it in before.items()}
    assert after == expected


@pytest.mark.parametrize("name", SHIPPED)
def test_a_run_in_time_lapse_leaves_the_protocol_and_its_hash_alone(name: str) -> None:
    protocol = shipped_protocol(name)
    document, identity = protocol.model_dump_json(), protocol.hash
    assert protocol.in_time_lapse(1000).hash != identity
    assert (protocol.model_dump_json(), protocol.hash) == (document, identity)


def test_without_time_lapse_nothing_changes() -> None:
    protocol = shipped_protocol("til")
    assert protocol.in_time_lapse(1) == protocol
    assert protocol.in_time_lapse(1).hash == protocol.hash


# --- the graph ------------------------------------------------------------------------------------------------------


def test_the_stages_before_and_behind_one() -> None:
    protocol = shipped_protocol("autologous-car-t")
    assert protocol.ancestors("to_manufacturer") == {"enrolment", "collection"}
    assert protocol.ancestors("enrolment") == set()
    assert protocol.downstream("release") == ["release", "to_centre", "conditioning", "infusion", "monitoring"]
    assert protocol.downstream("conditioning") == ["conditioning", "infusion", "monitoring"]


def test_the_nearest_stage_of_a_kind_is_looked_for_only_behind() -> None:
    protocol = shipped_protocol("autologous-car-t")
    made, released = (
        protocol.nearest_before("infusion", ManufactureStage),
        protocol.nearest_before("conditioning", ReleaseStage),
    )
    assert made is not None and made.id == "manufacture"
    assert released is not None and released.id == "release"
    assert protocol.nearest_before("collection", ManufactureStage) is None
    assert protocol.nearest_before("infusion", FollowUpStage) is None
    assert protocol.nearest_before("infusion", InfusionStage) is None
