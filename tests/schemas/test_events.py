"""Events on the wire: each type is read, written back, and refused with the place that is wrong."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from schemas.errors import Invalid
from schemas.events import CATALOGUE, PartnerEvent, inner_type, read_event, wire_type, write_event
from tests.schemas.examples import EXAMPLES

PATIENT = "Ana Lindqvist"
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


def envelope(event_type: str, data: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A structured CloudEvent, as a partner sends it."""
    return {
        "specversion": "1.0",
        "id": "evt-0001",
        "source": "//apheresis.example",
        "type": wire_type(event_type),
        "subject": "ORD-1",
        "time": "2026-03-02T11:10:00.5+01:00",
        "data": EXAMPLES[event_type] if data is None else data,
        **more,
    }


def refusal(body: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read_event(body)
    return caught.value


def pointers(body: Any) -> set[str]:
    return {flaw.pointer for flaw in refusal(body).errors}


def test_every_type_of_the_catalogue_has_an_example() -> None:
    assert set(EXAMPLES) == set(CATALOGUE)


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_each_type_is_read_and_written_back_as_the_same(event_type: str) -> None:
    event = read_event(envelope(event_type, traceparent=TRACE))
    assert (event.type, event.identity) == (event_type, "//apheresis.example evt-0001")
    assert event.occurred_at.isoformat() == "2026-03-02T10:10:00.500000+00:00"
    wire = json.loads(json.dumps(write_event(event)))
    assert wire["type"] == f"clew.{event_type}.v1"
    assert read_event(wire) == event
    assert read_event(wire).fingerprint() == event.fingerprint()
    assert isinstance(event.said(), CATALOGUE[event_type])


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_unknown_fields_are_left_behind_wherever_they_are(event_type: str) -> None:
    """A newer partner may say more; and a patient's name, sent by mistake, goes no further."""
    sent = envelope(event_type, _with_a_name(EXAMPLES[event_type]), patientname=PATIENT)
    event = read_event(sent)
    assert event == read_event(envelope(event_type))
    assert PATIENT not in event.model_dump_json()


def _with_a_name(value: Any) -> Any:
    if isinstance(value, dict):
        return {**{key: _with_a_name(each) for key, each in value.items()}, "patient_name": PATIENT}
    return [_with_a_name(each) for each in value] if isinstance(value, list) else value


REQUIRED = [
    (event_type, name)
    for event_type, model in CATALOGUE.items()
    for name, each in model.model_fields.items()
    if each.is_required()
]


@pytest.mark.parametrize(("event_type", "name"), REQUIRED)
def test_each_field_that_a_type_needs_is_asked_for_by_name(event_type: str, name: str) -> None:
    data = {key: value for key, value in EXAMPLES[event_type].items() if key != name}
    error = refusal(envelope(event_type, data))
    assert (error.code, error.status) == ("malformed", 422)
    assert {flaw.pointer for flaw in error.errors} == {f"/data/{name}"}


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_a_refusal_never_repeats_what_was_sent(event_type: str) -> None:
    """What was sent could be patient data: wherever the name stands, no error text has it."""
    for name in EXAMPLES[event_type]:
        for wrong in (PATIENT, [PATIENT], {"name": PATIENT}, {PATIENT: 1}):
            error = refusal(envelope(event_type, {**EXAMPLES[event_type], name: wrong}))
            told = f"{error} {error.detail} {[flaw.model_dump_json() for flaw in error.errors]} {error.__cause__}"
            assert PATIENT not in told
            assert {flaw.pointer.split("/")[1] for flaw in error.errors} == {"data"}


def test_the_place_that_is_wrong_is_found_deep_in_the_data() -> None:
    sample = {**EXAMPLES["sample.collected"], "containers": [{"id": "BAG-1"}, {"id": "BAG 2"}, {"volume_ml": -1}]}
    assert pointers(envelope("sample.collected", sample)) == {
        "/data/containers/1/id",
        "/data/containers/2/id",
        "/data/containers/2/volume_ml",
    }


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"specversion": "0.3"}, "/specversion"),
        ({"id": ""}, "/id"),
        ({"id": "two words"}, "/id"),
        ({"id": "x" * 121}, "/id"),
        ({"source": "x" * 201}, "/source"),
        ({"subject": PATIENT}, "/subject"),
        ({"time": "2026-03-02T10:10:00"}, "/time"),
        ({"time": "soon"}, "/time"),
        ({"traceparent": "00-zz"}, "/traceparent"),
        ({"datacontenttype": "text/xml"}, "/datacontenttype"),
        ({"data": "text"}, "/data"),
    ],
)
def test_a_flaw_in_the_envelope_is_pointed_at(more: dict[str, Any], pointer: str) -> None:
    error = refusal(envelope("collection.started", **more))
    assert error.code == "malformed"
    assert {flaw.pointer for flaw in error.errors} == {pointer}
    assert PATIENT not in str(error)


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "subject", "time"])
def test_an_envelope_without_a_field_that_it_needs_is_refused(name: str) -> None:
    body = envelope("collection.started")
    del body[name]
    assert pointers(body) == {f"/{name}"}


@pytest.mark.parametrize("body", [None, 7, "text", [], [{}]])
def test_what_is_no_object_is_no_event(body: Any) -> None:
    assert refusal(body).code == "malformed"


@pytest.mark.parametrize(
    "wire",
    [
        "sample.collected",
        "clew.sample.collected",
        "sample.collected.v1",
        "clew.sample.collected.v2",
        "clew.sample.lost.v1",
        "clew.clew.sample.collected.v1.v1",
        "clew..v1",
        "",
        PATIENT,
    ],
)
def test_a_type_outside_the_catalogue_is_unknown(wire: str) -> None:
    error = refusal({**envelope("sample.collected"), "type": wire})
    assert (error.code, error.status) == ("unknown_event_type", 422)
    assert [flaw.pointer for flaw in error.errors] == ["/type"]
    assert PATIENT not in f"{error} {error.errors}"


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_a_type_on_the_wire_leads_back_to_its_name(event_type: str) -> None:
    assert inner_type(wire_type(event_type)) == event_type


@pytest.mark.parametrize("event_type", ["sample.collected", "infusion.completed"])
@pytest.mark.parametrize("people", [[], ["nurse-17"], ["nurse-17", "nurse-17"]])
def test_identity_is_verified_by_two_different_people(event_type: str, people: list[str]) -> None:
    data = {**EXAMPLES[event_type], "verified_by": people}
    assert refusal(envelope(event_type, data)).code == "malformed"


def test_equal_content_in_another_spelling_has_the_same_fingerprint() -> None:
    sent = envelope("sample.collected")
    other = {**sent, "time": "2026-03-02T10:10:00.500Z", "data": dict(reversed(sent["data"].items()))}
    assert read_event(other).fingerprint() == read_event(sent).fingerprint()


@pytest.mark.parametrize(
    "change", [{"subject": "ORD-2"}, {"time": "2026-03-02T10:10:01Z"}, {"data": {"device": "OPTIA-8"}}]
)
def test_other_content_has_another_fingerprint(change: dict[str, Any]) -> None:
    sent = envelope("collection.started")
    assert read_event({**sent, **change}).fingerprint() != read_event(sent).fingerprint()


@given(st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=8), max_size=5))
def test_whatever_is_sent_is_read_or_refused_by_name(body: dict[str, Any]) -> None:
    for sent in (body, envelope("shipment.picked_up", body), {**envelope("collection.started"), **body}):
        try:
            event = read_event(sent)
        except Invalid as error:
            assert error.code in {"malformed", "unknown_event_type"} and error.errors
        else:
            assert isinstance(event, PartnerEvent)


def numbers(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every field of a model, however deep, that can hold a number with a fraction."""
    for name, field in model.model_fields.items():
        within = list(parts_of(field.annotation))
        if float in within:
            yield f"{path}.{name}", field
        for part in within:
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from numbers(part, f"{path}.{name}")


def parts_of(annotation: Any) -> Iterator[Any]:
    """An annotation, and all that it is made of."""
    yield annotation
    for part in get_args(annotation):
        yield from parts_of(part)


NUMBERS = {path: field for each, model in CATALOGUE.items() for path, field in numbers(model, each)}


@pytest.mark.parametrize("number", ["nan", "NaN", "Infinity", "-inf", "1e999", float("nan"), float("inf")])
@pytest.mark.parametrize("path", NUMBERS)
def test_what_is_no_number_is_none_in_any_field_of_any_event(path: str, number: Any) -> None:
    """As JSON it would become null on the way, and an acknowledged event could be read no more."""
    field = NUMBERS[path]
    # What `Annotated` stands for cannot be told to a type checker when it is put together here.
    declared: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    reader: TypeAdapter[Any] = TypeAdapter(declared)
    with pytest.raises(ValidationError):
        reader.validate_python(number)


def test_the_numbers_that_events_bring_are_found() -> None:
    assert {"sample.collected.containers.tnc", "shipment.excursion.worst"} <= set(NUMBERS)
    assert "material.split.into.amounts.value" in NUMBERS


def test_a_container_has_at_most_twenty_amounts_however_they_are_told() -> None:
    others = [{"code": f"code_{number}", "value": 1, "unit": "mL"} for number in range(18)]
    bag = {"id": "BAG-1", "volume_ml": 1, "tnc": 1, "amounts": others}
    data = EXAMPLES["sample.collected"]
    assert read_event(envelope("sample.collected", {**data, "containers": [bag]}))
    full = {**data, "containers": [{**bag, "cd3": 1}]}
    assert "/data/containers/0" in pointers(envelope("sample.collected", full))
    again = {**bag, "cd3": 1, "amounts": [*others[:17], {"code": "cd3", "value": 1, "unit": "{cells}"}]}
    assert read_event(envelope("sample.collected", {**data, "containers": [again]}))


@pytest.mark.parametrize("contents", [["DOSE-9"], ["DOSE-1", "DOSE-1"]])
def test_contents_are_told_of_the_doses_and_of_each_once(contents: list[str]) -> None:
    data = {
        "batch": "LOT-1",
        "doses": ["DOSE-1"],
        "parents": ["BAG-1"],
        "contents": [{"id": each} for each in contents],
    }
    assert pointers(envelope("manufacture.completed", data)) == {"/data"}
