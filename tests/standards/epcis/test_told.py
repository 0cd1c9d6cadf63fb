"""Custody as EPCIS events: made from the record alone, the same for ever, and valid against the standard's schema."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.entries import Entry
from schemas.facts import Fact, MaterialStatus
from standards.epcis.told import document, story
from tests.standards.epcis.record import entries, events_of, facts_of, steps
from tests.standards.epcis.schema import flaws
from tests.workflows.neighbours import Therapy, therapy
from tests.workflows.pure import FIRST_DAY, journey
from workflows import course


def whole(protocol: str = "autologous-car-t") -> list[Entry]:
    return entries(facts_of(therapy(protocol).whole().journey))


def strange_bag() -> Therapy:
    """The receiver scans a bag that is not the patient's."""
    ana = therapy()
    received = ana.before("material.received")
    wrong = {**received.data, "containers": ["BAG-OF-BEN"]}
    ana.journey.hears(received.model_copy(update={"id": "evt-strange", "data": wrong}))
    return ana


def warm_on_the_way() -> Therapy:
    """The shipper grows warm between pick-up and delivery."""
    ana = therapy()
    picked_up = ana.after("shipment.picked_up")
    said = {
        "reference": picked_up.data["reference"],
        "limit_min": 2.0,
        "limit_max": 8.0,
        "started_at": "2026-03-02T10:00:00Z",
        "ended_at": "2026-03-02T11:00:00Z",
        "worst": 14.5,
    }
    ana.tell(picked_up.model_copy(update={"id": "evt-warm", "type": "shipment.excursion", "data": said}))
    return ana


def lost_on_the_way() -> Therapy:
    ana = therapy()
    picked_up = ana.after("shipment.picked_up")
    said = {"reference": picked_up.data["reference"], "reason": "stolen"}
    ana.tell(picked_up.model_copy(update={"id": "evt-lost", "type": "shipment.lost", "data": said}))
    return ana


def withdrawn_on_the_way() -> Therapy:
    """The patient withdraws while the bags travel; what is left is destroyed."""
    ana = therapy()
    picked_up = ana.after("shipment.picked_up")
    said = {"id": "evt-withdrawn", "type": "patient.withdrawn", "data": {"reason": "patient_request"}}
    ana.tell(picked_up.model_copy(update=said))
    state, notebook = ana.journey.state, ana.journey.notebook
    course.settle(state, notebook, course.unsettled(state), MaterialStatus.DESTROYED, ana.journey.now)
    ana.journey.settle()
    return ana


def test_what_a_cancelled_therapy_leaves_is_destroyed_where_it_lies() -> None:
    gone = events_of(document(entries(facts_of(withdrawn_on_the_way().journey))))[-1]
    assert (gone["action"], gone["bizStep"], gone["disposition"]) == ("DELETE", "destroying", "destroyed")
    assert gone["epcList"] == ["urn:clew:container:BAG-1-1", "urn:clew:container:BAG-1-2"]
    assert "bizLocation" not in gone


def test_a_therapy_reads_as_its_custody() -> None:
    shipped = [
        ("Aggregation", "departing"),
        ("Aggregation", "arriving"),
        ("Aggregation", "unpacking"),
        ("Object", "receiving"),
    ]
    made = [("Transformation", "assembling"), ("Transformation", "commissioning")]
    judged = [*[("Object", "inspecting")] * 4, ("Object", "accepting")]
    given_ = [("Object", "urn:clew:bizstep:thawing"), ("Object", "decommissioning")] * 2
    left = [("Object", "storing")]
    assert steps(document(whole())) == [
        ("Object", "commissioning"), *shipped, *made, *judged, *shipped, *given_, *left
    ]  # fmt: skip


def test_doses_come_out_of_the_bag_that_went_in() -> None:
    made = [each for each in events_of(document(whole())) if each["type"] == "TransformationEvent"]
    assert made[0]["inputEPCList"] == made[1]["inputEPCList"] == ["urn:clew:container:BAG-1-1"]
    assert made[1]["outputEPCList"] == ["urn:clew:dose:DOSE-1-1", "urn:clew:dose:DOSE-1-2"]
    assert {each["transformationID"] for each in made} == {"urn:clew:batch:LOT-1"}


def test_a_shipment_says_from_whose_hands_into_whose() -> None:
    by_step = {each["bizStep"]: each for each in events_of(document(whole()))[:5]}
    departing, receiving = by_step["departing"], by_step["receiving"]
    assert departing["childEPCs"] == ["urn:clew:container:BAG-1-1", "urn:clew:container:BAG-1-2"]
    assert departing["sourceList"] == [{"type": "possessing_party", "source": "urn:clew:party:riverside-apheresis"}]
    assert departing["destinationList"] == [
        {"type": "possessing_party", "destination": "urn:clew:party:swift-courier"},
        {"type": "location", "destination": "urn:clew:party:northern-cell-works"},
    ]
    assert receiving["sourceList"][0]["source"] == "urn:clew:party:swift-courier"
    assert receiving["bizLocation"] == {"id": "urn:clew:party:northern-cell-works"}
    assert receiving["bizTransactionList"] == departing["bizTransactionList"]


def test_a_bag_of_another_patient_is_a_mismatch_told_once() -> None:
    told = events_of(document(entries(facts_of(strange_bag().journey))))
    (mismatch,) = [each for each in told if each["disposition"] == "mismatch_instance"]
    assert (mismatch["bizStep"], mismatch["epcList"]) == ("inspecting", ["urn:clew:container:BAG-OF-BEN"])


def test_an_excursion_is_a_sensor_report_that_raises_the_alarm() -> None:
    told = events_of(document(entries(facts_of(warm_on_the_way().journey))))
    (warm,) = [each for each in told if each["bizStep"] == "sensor_reporting"]
    (element,) = warm["sensorElementList"]
    assert element["sensorReport"] == [
        {
            "type": "Temperature",
            "exception": "ALARM_CONDITION",
            "value": 14.5,
            "uom": "CEL",
            "clew:limitMin": 2.0,
            "clew:limitMax": 8.0,
        }
    ]
    assert warm["epcList"] == ["urn:clew:container:BAG-1-1", "urn:clew:container:BAG-1-2"]


def test_a_logger_is_fixed_to_its_shipper_and_taken_off_again() -> None:
    def with_logger(fact: Fact) -> Fact:
        said = {**fact.data["said"], "shipper": "DEWAR-7", "logger": "LOG-7"}
        return fact.model_copy(update={"data": {**fact.data, "said": said}})

    facts = facts_of(therapy().whole().journey)
    told = document(entries(with_logger(each) if each.type == "shipment.picked_up" else each for each in facts))
    fixed = [each for each in events_of(told) if each["type"] == "AssociationEvent"]
    assert [(each["action"], each["parentID"], each["childEPCs"]) for each in fixed[:2]] == [
        ("ADD", "urn:clew:shipper:DEWAR-7", ["urn:clew:logger:LOG-7"]),
        ("DELETE", "urn:clew:shipper:DEWAR-7", ["urn:clew:logger:LOG-7"]),
    ]
    assert flaws(told) == []


def test_what_is_destroyed_returned_or_made_otherwise_is_told_by_what_changes() -> None:
    """Facts that no chapter knows: a colleague's new kind of fact needs no change here."""
    facts = facts_of(therapy().whole().journey)
    bag = next(each for each in facts if each.type == "sample.collected").data["materials"][1]
    part = {**bag, "id": "BAG-1-2-A", "parents": ["BAG-1-2"]}
    split = facts[-1].model_copy(update={"type": "material.split", "data": {"materials": [part]}})
    gone = split.model_copy(
        update={"type": "material.destroyed", "data": {"materials": [part | {"status": "destroyed"}]}}
    )
    told = events_of(document(entries([*facts, split, gone])))[-2:]
    assert [(each["type"], each["bizStep"]) for each in told] == [
        ("TransformationEvent", "commissioning"),
        ("ObjectEvent", "destroying"),
    ]
    assert told[0]["inputEPCList"] == ["urn:clew:container:BAG-1-2"]
    assert (told[1]["action"], told[1]["disposition"]) == ("DELETE", "destroyed")


def superseding() -> list[Entry]:
    """A worker was lost after the pick-up was on record; the next one judged the same event, and no delivery."""
    facts = facts_of(therapy().whole().journey)
    last = next(place for place, each in enumerate(facts) if each.type == "material.received")
    first = next(place for place, each in enumerate(facts) if each.type == "shipment.picked_up")
    notice = Fact(
        seq=last + 2,
        type="record.superseded",
        occurred_at=FIRST_DAY,
        actor="clew",
        data={"first": first + 1, "last": last + 1},
    )
    record = entries([*facts[: last + 1], notice, facts[first]])
    later = record[-1].recorded_at + timedelta(minutes=5)
    return [*record[:-2], *(each.model_copy(update={"recorded_at": later}) for each in record[-2:])]


def test_what_was_superseded_is_declared_an_error_and_what_is_right_is_named() -> None:
    record = superseding()
    told = events_of(document(record))
    declared = {each["bizStep"]: each["errorDeclaration"] for each in told if "errorDeclaration" in each}
    right = told[-1]
    assert right["bizStep"] == "departing" and "errorDeclaration" not in right
    assert declared["departing"]["correctiveEventIDs"] == [right["eventID"]]
    assert right["sourceList"] == [{"type": "possessing_party", "source": "urn:clew:party:riverside-apheresis"}]
    assert declared["departing"]["reason"] == "incorrect_data"
    assert {name: each["reason"] for name, each in declared.items() if name != "departing"} == {
        "arriving": "did_not_occur",
        "unpacking": "did_not_occur",
        "receiving": "did_not_occur",
    }
    assert flaws(document(record)) == []


def judged_later() -> list[Entry]:
    """The same, but the event is only judged again in another append, after somebody may have asked."""
    *before, again = superseding()
    return [*before, again.model_copy(update={"recorded_at": again.recorded_at + timedelta(minutes=5)})]


@pytest.mark.parametrize("record", [superseding, judged_later])
def test_what_was_told_of_an_entry_stays_so_whatever_follows(record: Callable[[], list[Entry]]) -> None:
    """Whoever read page one yesterday finds nothing changed on it."""
    everything = record()
    all_of_it = [(each.entry.position, each.number, each.event) for each in story(everything)]
    appends = [at for at in range(1, len(everything)) if everything[at].recorded_at != everything[at - 1].recorded_at]
    for upto in appends:
        part = [(each.entry.position, each.number, each.event) for each in story(everything[:upto])]
        assert part == all_of_it[: len(part)]


def test_the_same_entries_tell_the_same_document() -> None:
    assert document(whole()) == document(whole())
    ids = [each["eventID"] for each in events_of(document(whole()))]
    assert len(set(ids)) == len(ids)
    assert (
        document(whole()[:40])["epcisBody"]["eventList"]
        == events_of(document(whole()))[: len(events_of(document(whole()[:40])))]
    )


def test_a_gs1_name_stays_what_it_is() -> None:
    facts = [
        each.model_copy(update={"data": _renamed(each.data, {"BAG-1-1": "urn:epc:id:sgtin:0614141.107346.2018"})})
        for each in facts_of(therapy().whole().journey)
    ]
    told = document(entries(facts))
    assert "urn:epc:id:sgtin:0614141.107346.2018" in events_of(told)[0]["epcList"]
    assert flaws(told) == []


def _renamed(data: Any, others: dict[str, str]) -> Any:
    if isinstance(data, dict):
        return {name: _renamed(value, others) for name, value in data.items()}
    if isinstance(data, list):
        return [_renamed(each, others) for each in data]
    return others.get(data, data) if isinstance(data, str) else data


@pytest.mark.parametrize(
    "story_of",
    [
        lambda: therapy().whole(),
        lambda: therapy("til").whole(),
        lambda: therapy(
            fails=[("schedule_collection", 1), ("request_disposition", 1)], batch_rejected="remake"
        ).whole(),
        strange_bag,
        warm_on_the_way,
        lost_on_the_way,
        withdrawn_on_the_way,
    ],
    ids=["car-t", "til", "ill-fated", "strange-bag", "warm", "lost", "withdrawn"],
)
def test_every_document_is_valid_against_the_standards_schema(story_of: Any) -> None:
    record = entries(facts_of(story_of().journey))
    assert flaws(document(record)) == []
    assert flaws(document(record[:1])) == []


names = st.from_regex(r"[A-Za-z0-9=&][A-Za-z0-9._:/+=&%()*\-]{0,63}", fullmatch=True)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(order=st.permutations(range(len(therapy().whole().told))), bag=names, batch=names, dose=names)
def test_a_therapy_told_in_any_order_under_any_names_is_valid(
    order: list[int], bag: str, batch: str, dose: str
) -> None:
    told = therapy().whole().told
    ana = journey()
    for each in order:
        ana.hears(told[each])
    others = {"BAG-1-1": bag, "LOT-1": batch, "DOSE-1-1": dose}
    facts = [each.model_copy(update={"data": _renamed(each.data, others)}) for each in facts_of(ana)]
    assert flaws(document(entries(facts))) == []


def test_a_name_that_a_partner_assigned_stands_in_ours_from_then_on() -> None:
    """An SGTIN of a courier's for a bag: in its place as a Digital Link, with our own name beside it."""
    facts = facts_of(therapy().whole().journey)
    at = next(place for place, each in enumerate(facts) if each.type == "shipment.picked_up")
    line = {"kind": "sgtin", "value": "010950600013435221A%1", "names": "BAG-1-1"}
    assigned = facts[at].model_copy(update={"type": "identifier.assigned", "data": {"identifiers": [line], "said": {}}})
    read = {**facts[at].data, "read_as": {"010950600013435221A%1": "BAG-1-1"}}
    read["said"] = read["said"] | {"containers": ["010950600013435221A%1", "BAG-1-2"]}
    told = document(entries([*facts[:at], assigned, facts[at].model_copy(update={"data": read}), *facts[at + 1 :]]))
    link = "https://id.gs1.org/01/09506000134352/21/A%251"
    before, after = events_of(told)[:2]
    assert "urn:clew:container:BAG-1-1" in before["epcList"]
    assert after["childEPCs"] == [link, "urn:clew:container:BAG-1-2"]
    assert after["clew:ours"] == {link: "urn:clew:container:BAG-1-1"}
    assert flaws(told) == []


def test_material_in_doubt_is_put_apart_and_cleared() -> None:
    facts = facts_of(therapy().whole().journey)
    bag = next(each for each in facts if each.type == "material.received").data["materials"][0]
    apart, cleared = (
        facts[-1].model_copy(
            update={"type": f"materials.{word}", "data": {"materials": [bag | {"quarantined": is_so}]}}
        )
        for word, is_so in (("quarantined", True), ("cleared", False))
    )
    last = next(place for place, each in enumerate(facts) if each.type == "material.received")
    told = events_of(document(entries([*facts[: last + 1], apart, cleared])))[-2:]
    assert [(each["bizStep"], each["disposition"]) for each in told] == [
        ("holding", "unavailable"),
        ("inspecting", "available"),
    ]


def test_an_entry_that_says_less_than_it_should_hides_no_other() -> None:
    facts = facts_of(therapy().whole().journey)
    at = next(place for place, each in enumerate(facts) if each.type == "shipment.picked_up")
    poor = facts[at].model_copy(update={"data": {**facts[at].data, "said": {}}})
    told = document(entries([*facts[:at], poor, *facts[at + 1 :]]))
    assert ("Object", "transporting") in steps(told) and ("Transformation", "commissioning") in steps(told)
    assert flaws(told) == []
