"""Partners' own identifiers: assigned once, understood wherever they are scanned, and never a way around a check."""

from collections.abc import Iterator
from itertools import permutations
from types import SimpleNamespace
from typing import Any, cast, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from ledger.invariants import broken_in
from ledger.tables import EntryRow
from schemas.events import CATALOGUE, PartnerEvent
from schemas.facts import EventStatus, Fact, Material, in_our_words
from schemas.identity import IdentifierKind, KnownAs, new_coi
from schemas.things import THINGS
from tests.workflows import therapy as told_by_partners
from tests.workflows.clinic import Clinic
from tests.workflows.neighbours import Therapy, therapy
from tests.workflows.pure import ANA
from workflows.aliases import ASSIGNED, forget

SGTIN, SAME_AS_URN = "010950600013435221BAG1", "urn:epc:id:sgtin:9506000.013435.BAG1"
SAME_AS_LINK = "https://id.gs1.org/01/09506000134352/21/BAG1"
OTHER_SGTIN = "010950600013435221BAG2"
SSCC = "00095060001343520017"
APPLIED = (EventStatus.APPLIED, None)
MISMATCH = (EventStatus.REFUSED, "identity_mismatch")


def assign(ana: Therapy, value: str, names: str, kind: str = "sgtin") -> tuple[EventStatus, str | None]:
    """A partner says what its identifier stands for; what becomes of that."""
    event = ana.neighbours.event(ASSIGNED, ANA, {"kind": kind, "value": value, "names": names})
    ana.tell(event)
    return word(ana, event)


def word(ana: Therapy, event: PartnerEvent) -> tuple[EventStatus, str | None]:
    outcome = ana.journey.outcome_of(event)
    assert outcome is not None
    return outcome.status, outcome.reason


def collected(**course: Any) -> tuple[Therapy, list[str]]:
    """A therapy after its collection, and its bags."""
    ana = therapy(**course)
    sample = ana.after("sample.collected")
    return ana, [each["id"] for each in sample.data["containers"]]


def scanning(event: PartnerEvent, names: dict[str, str]) -> PartnerEvent:
    """The event as somebody sends it who scans partners' labels."""
    data = {
        field: [names.get(each, each) for each in value]
        if field in ("containers", "doses", "parents") and isinstance(value[0], str)
        else names.get(value, value)
        if isinstance(value, str)
        else value
        for field, value in event.data.items()
    }
    return event.model_copy(update={"subject": names.get(event.subject, event.subject), "data": data})


@pytest.mark.parametrize("scanned", [SGTIN, SAME_AS_URN, SAME_AS_LINK])
def test_a_courier_that_scans_its_own_label_is_understood_and_the_record_keeps_what_it_scanned(scanned: str) -> None:
    ana, bags = collected()
    assert assign(ana, SGTIN, bags[0]) == APPLIED
    picked_up = scanning(ana.before("shipment.picked_up"), {bags[0]: scanned})
    ana.tell(picked_up)
    assert word(ana, picked_up) == APPLIED
    fact = next(each for each in ana.journey.facts if each.type == "shipment.picked_up")
    assert fact.data["said"] == picked_up.data and scanned in fact.data["said"]["containers"]
    assert fact.data["read_as"] == {scanned: bags[0]}
    assert in_our_words(fact.data)["containers"] == bags
    assert {each["id"] for each in fact.data["materials"]} == set(bags)


def test_what_an_identifier_stands_for_is_in_the_crosswalk_under_every_spelling() -> None:
    ana, bags = collected()
    assign(ana, SAME_AS_URN, bags[0])
    fact = next(each for each in ana.journey.facts if each.type == ASSIGNED)
    assert fact.data["identifiers"] == [
        {"kind": "sgtin", "value": value, "names": bags[0]} for value in (SAME_AS_URN, SGTIN)
    ]


@pytest.mark.parametrize("scanned", ["010950600013435221OTHER", OTHER_SGTIN])
def test_an_identifier_that_nobody_assigned_is_a_strange_bag(scanned: str) -> None:
    ana, bags = collected()
    assign(ana, SGTIN, bags[0])
    picked_up = scanning(ana.before("shipment.picked_up"), {bags[0]: scanned})
    ana.tell(picked_up)
    assert word(ana, picked_up) == MISMATCH
    assert ana.journey.state.is_held


@pytest.mark.parametrize("kind", ["sgtin", "container"])
@pytest.mark.parametrize(("first", "second"), list(permutations((SGTIN, SAME_AS_URN, SAME_AS_LINK), 2)))
def test_two_bags_never_answer_to_one_name(first: str, second: str, kind: str) -> None:
    ana, bags = collected()
    assign(ana, first, bags[0], kind)
    assert assign(ana, second, bags[1], kind) == MISMATCH
    assert ana.journey.state.is_held
    assert set(ana.journey.state.aliases.values()) == {bags[0]}


@pytest.mark.parametrize("taken", ["bag", "order", "donation", "batch"])
def test_a_name_of_ours_is_never_given_to_something_else(taken: str) -> None:
    ana, bags = collected()
    ana.after("manufacture.started")
    state = ana.journey.state
    value = {"bag": bags[1], "order": "ORD-ANA", "donation": state.donations[0], "batch": next(iter(state.batches))}
    assert assign(ana, value[taken], bags[0], "container") == MISMATCH
    assert state.is_held and state.aliases == {}


def test_a_bag_that_is_called_by_its_symbol_keeps_it_in_every_spelling() -> None:
    ana = therapy()
    event = ana.before("sample.collected")
    called, other = (dict(each) for each in event.data["containers"])
    ana.tell(event.model_copy(update={"data": {**event.data, "containers": [{**called, "id": SAME_AS_URN}, other]}}))
    assert assign(ana, SGTIN, SAME_AS_URN) == APPLIED
    assert assign(ana, SAME_AS_LINK, other["id"], "container") == MISMATCH


def test_another_bag_never_bears_the_symbol_that_a_bag_is_called_by() -> None:
    ana = therapy()
    event = ana.before("sample.collected")
    called, other = (dict(each) for each in event.data["containers"])
    ana.tell(event.model_copy(update={"data": {**event.data, "containers": [{**called, "id": SAME_AS_URN}, other]}}))
    assert assign(ana, SGTIN, other["id"]) == MISMATCH
    assert ana.journey.state.is_held


def test_a_second_collection_cannot_use_the_label_of_the_first() -> None:
    ana, bags = collected(fails=[("request_disposition", 1)], batch_rejected="recollect")
    assign(ana, "LAB-1", bags[0], "container")
    second = ana.before("sample.collected", 2)
    containers = [{**second.data["containers"][0], "id": "LAB-1"}]
    strange = second.model_copy(update={"data": {**second.data, "containers": containers}})
    ana.tell(strange)
    assert word(ana, strange) == MISMATCH


def test_an_assignment_waits_until_the_bag_exists() -> None:
    ana = therapy()
    event = ana.before("sample.collected")
    bag = event.data["containers"][0]["id"]
    assert assign(ana, SGTIN, bag) == (EventStatus.HELD, "reference_unknown")
    ana.tell(event)
    assert ana.journey.state.aliases == {SGTIN: bag}


def test_nothing_gets_another_name_while_identity_is_in_doubt() -> None:
    """Otherwise the strange bag could be called ours, and the doubt would be gone."""
    ana, bags = collected()
    strange = scanning(ana.before("shipment.picked_up"), {bags[0]: "BAG-BEN"})
    ana.tell(strange)
    assert assign(ana, "BAG-BEN", bags[0], "container") == (EventStatus.HELD, "journey_held")
    assert ana.journey.state.aliases == {}


def test_the_same_assignment_again_is_a_duplicate() -> None:
    ana, bags = collected()
    assign(ana, SGTIN, bags[0])
    assert assign(ana, SGTIN, bags[0]) == (EventStatus.DUPLICATE, "said_before")


def test_the_order_is_another_name_of_the_journey() -> None:
    ana, _ = collected()
    assert assign(ana, "950600013435200015", "ORD-ANA", "gsrn") == APPLIED
    assert assign(ana, "950600013435200015", ANA, "gsrn") == (EventStatus.DUPLICATE, "said_before")


def test_what_is_taken_stands_for_nothing_in_any_spelling() -> None:
    ana, bags = collected()
    assign(ana, SAME_AS_URN, bags[0])
    assign(ana, "LAB-2", bags[1], "container")
    forget(ana.journey.state, [KnownAs(kind=IdentifierKind.SGTIN, value=SGTIN)])
    assert ana.journey.state.aliases == {"LAB-2": bags[1]}


@pytest.mark.parametrize(
    ("kind", "value", "thing"),
    [
        ("sgtin", SGTIN, "order"),
        ("sscc", SSCC, "donation"),
        ("gsrn", "950600013435200015", "bag"),
        ("dose", "D", "bag"),
    ],
)
def test_a_kind_of_identifier_stands_for_its_own_kinds_of_thing(kind: str, value: str, thing: str) -> None:
    ana, bags = collected()
    names = {"order": "ORD-ANA", "donation": ana.journey.state.donations[0], "bag": bags[0]}[thing]
    assert assign(ana, value, names, kind) == (EventStatus.REFUSED, "kind_mismatch")
    assert not ana.journey.state.is_held


def test_another_patients_chain_of_identity_is_no_second_name_of_this_one() -> None:
    ana, _ = collected()
    assert assign(ana, new_coi(), ANA, "coi") == MISMATCH
    assert ana.journey.state.is_held


@pytest.mark.parametrize("scanned", [SSCC, SSCC[2:], "urn:epc:id:sscc:9506000.0134352001"])
def test_a_shipment_is_known_by_its_logistic_units_code(scanned: str) -> None:
    ana, _ = collected()
    booked = ana.after("shipment.booked")
    reference = str(booked.data["reference"])
    assert assign(ana, SSCC, reference, "sscc") == APPLIED
    picked_up = scanning(ana.before("shipment.picked_up"), {reference: scanned})
    ana.tell(picked_up)
    assert word(ana, picked_up) == APPLIED


def test_what_was_said_under_one_name_is_the_same_under_another() -> None:
    ana, bags = collected()
    assign(ana, SGTIN, bags[0])
    picked_up = ana.after("shipment.picked_up")
    again = scanning(picked_up, {bags[0]: SGTIN}).model_copy(update={"id": "again"})
    ana.tell(again)
    assert word(ana, again) == (EventStatus.DUPLICATE, "said_before")


@settings(max_examples=12, deadline=None)
@given(st.sets(st.integers(0, 3)))
def test_a_whole_therapy_goes_the_same_way_under_whichever_names(renamed: set[int]) -> None:
    ana, plain = therapy(), therapy().whole()
    names: dict[str, str] = {}
    while ana.unheard:
        _assign_some(ana, names, renamed)
        event = ana.unheard[0]
        ana.unheard[0] = scanning(event, names) if event.type != "sample.collected" else event
        ana.tell(ana.unheard[0])
    assert ana.journey.state.closed == plain.journey.state.closed is not None
    assert whatever_the_hour(ana) == whatever_the_hour(plain)
    assert broken_in(on_record(ana.journey.facts)) == broken_in(on_record(plain.journey.facts))


def whatever_the_hour(patient: Therapy) -> list[Material]:
    """Her material, without the moments: saying what things are called takes time too."""
    return [each.model_copy(update={"since": None}) for each in patient.journey.state.materials.values()]


def _assign_some(ana: Therapy, names: dict[str, str], renamed: set[int]) -> None:
    for number, material in enumerate(ana.journey.state.materials.values()):
        if number in renamed and material.id not in names:
            kind = "dose" if material.kind == "product" else "container"
            names[material.id] = f"LAB-{number}"
            assert assign(ana, names[material.id], material.id, kind) == APPLIED


def test_a_record_that_reads_a_name_as_nobody_assigned_it_is_caught() -> None:
    ana, bags = collected()
    assign(ana, SGTIN, bags[0])
    ana.tell(scanning(ana.before("shipment.picked_up"), {bags[0]: SGTIN}))
    assert not any("assigned" in each for each in broken_in(on_record(ana.journey.facts)))
    without = [each for each in ana.journey.facts if each.type != ASSIGNED]
    assert any(f"{SGTIN} was not assigned to {bags[0]}" in each for each in broken_in(on_record(without)))


def on_record(facts: list[Fact]) -> list[EntryRow]:
    return [cast(EntryRow, SimpleNamespace(**each.model_dump(), journey=ANA)) for each in facts]


async def test_what_belongs_to_another_journey_stands_for_nothing_in_this_one(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    await told_by_partners.until_collected(ana)
    bag, other = (f"BAG-{ana.order}-1-{number}" for number in (1, 2))
    clinic.ledger.belongs_elsewhere.add("DOSE-BEN")
    assigned = await ana.hears(ASSIGNED, kind="container", value="DOSE-BEN", names=bag)
    assert await ana.outcome_of(assigned) == APPLIED
    opened = await ana.fact("deviation.opened")
    assert (opened.data["code"], opened.data["about"]) == ("identifier_in_use", ["DOSE-BEN"])
    await ana.answer("exception", "continue")
    await ana.told("book_pickup")
    name = (await ana.fact("partner.told", lambda each: each.data["command"] == "book_pickup")).data["reference"]
    await ana.hears("shipment.booked", subject=name, reference=name)
    strange = await ana.hears("shipment.picked_up", subject=name, reference=name, containers=["DOSE-BEN", other])
    assert await ana.outcome_of(strange) == MISMATCH


def names_in(model: type[BaseModel]) -> Iterator[str]:
    """Fields that hold identifiers, also in models within."""
    for name, field in model.model_fields.items():
        inner = [each for each in _flat(field.annotation) if isinstance(each, type) and issubclass(each, BaseModel)]
        for each in inner:
            yield from names_in(each)
        if inner or "A-Za-z0-9=&" in f"{field} {field.annotation}":
            yield name


def _flat(annotation: Any) -> Iterator[Any]:
    yield annotation
    for each in get_args(annotation):
        yield from _flat(each)


def test_every_field_that_names_something_is_known_as_a_things_or_not() -> None:
    """A new event whose containers are not read in our own words would be refused, or worse, taken as they are."""
    people = {"verified_by", "by", "signatures", "given_by", "taken_by", "witnessed_by"}
    of_others = people | {"device", "logger", "shipper", "place", "slot", "set", "value", "amounts", "rest", "loss"}
    found = {name for model in CATALOGUE.values() for name in names_in(model)}
    assert found - of_others == THINGS
