"""What becomes of bags, doses, shipments, procedures and questions, told in FHIR's words."""

import pytest

from schemas.facts import Fact
from standards.fhir.ids import order_id, resource_id
from standards.fhir.told import TYPES, resources
from tests.api.clinic import fact
from tests.api.fhir import whole_therapy
from tests.standards.fhir.facts import Resource, collected, event, made, material, named, of_therapy, question, told
from tests.standards.fhir.told import COI, hold_to_standard, of_type, recorded


def test_a_donation_number_of_isbt_128_is_known_under_its_own_system_too() -> None:
    found = named(told(collected("BAG-1")), "Specimen", "G171726000001")
    assert [each["system"] for each in found["identifier"]] == [
        "urn:clew:donation",
        "urn:oid:2.16.840.1.113883.6.18.2.1",
    ]
    assert found["collection"]["collectedDateTime"] == "2026-03-02T10:10:00Z"


def test_a_collection_is_there_as_long_as_one_of_its_bags_is() -> None:
    half = told(collected("BAG-1", "BAG-2"), fact(1, "materials.settled", materials=[material("BAG-1", "destroyed")]))
    assert named(half, "Specimen", "BAG-1")["status"] == "unavailable"
    assert named(half, "Specimen", "G171726000001")["status"] == "available"
    gone = told(
        collected("BAG-1", "BAG-2"),
        fact(
            1,
            "materials.settled",
            materials=[material(bag, "destroyed", parents=["G171726000001"]) for bag in ("BAG-1", "BAG-2")],
        ),
    )
    assert named(gone, "Specimen", "G171726000001")["status"] == "unavailable"


def test_a_bag_knows_its_collection_its_volume_and_its_holder() -> None:
    bag = named(told(collected("BAG-1")), "Specimen", "BAG-1")
    assert bag["parent"][0]["reference"] == f"Specimen/{resource_id(COI, 'donation', 'G171726000001')}"
    assert bag["container"][0]["specimenQuantity"]["value"] == 120.5
    extensions = {each["url"].rpartition(":")[2]: each for each in bag["extension"]}
    assert extensions["material-status"]["valueCode"] == "available"
    assert extensions["holder"]["valueReference"]["identifier"]["value"] == "cellworks"


def test_no_dose_can_be_used_before_its_batch_is_released() -> None:
    """Nothing that reads FHIR may take a product for usable that nobody has released (invariant 4)."""
    before, released = told(*made("DOSE-1")), event("batch.released", {"batch": "LOT-1", "doses": ["DOSE-1"]})
    after = told(*made("DOSE-1"), released)
    for name in ("LOT-1", "DOSE-1"):
        assert named(before, "BiologicallyDerivedProduct", name)["status"] == "unavailable"
        assert named(after, "BiologicallyDerivedProduct", name)["status"] == "available"
    late = told(*made("DOSE-1"), released, event("batch.rejected", {"batch": "LOT-1", "reason": "late_failure"}))
    assert named(late, "BiologicallyDerivedProduct", "DOSE-1")["status"] == "unavailable"


@pytest.mark.parametrize("status", ["quarantined", "rejected", "infused", "lost", "destroyed", "anything_new"])
def test_what_cannot_be_used_is_unavailable_also_once_released(status: str) -> None:
    facts = [
        *made("DOSE-1"),
        event("batch.released", {"batch": "LOT-1"}),
        fact(1, "materials.settled", materials=[material("DOSE-1", status, "product", batch="LOT-1")]),
    ]
    assert named(told(*facts), "BiologicallyDerivedProduct", "DOSE-1")["status"] == "unavailable"


def test_a_dose_comes_from_its_batch_and_the_batch_from_its_bags() -> None:
    found = told(*made("DOSE-1"))
    dose, batch, bag = (named(found, "BiologicallyDerivedProduct", name) for name in ("DOSE-1", "LOT-1", "BAG-1"))
    assert [each["reference"] for each in dose["parent"]] == [f"BiologicallyDerivedProduct/{batch['id']}"]
    assert [each["reference"] for each in batch["parent"]] == [f"BiologicallyDerivedProduct/{bag['id']}"]
    done = [each["procedure"]["coding"][0]["code"] for each in batch["processing"]]
    assert done == ["manufacture.started", "manufacture.completed"]
    assert bag["collection"]["source"]["identifier"]["value"] == COI


def shipped(*more: Fact) -> Resource:
    booked = fact(
        1,
        "partner.told",
        command="book_pickup",
        stage="to_manufacturer",
        reference="SHIP-1",
        identifiers=[{"kind": "shipment", "value": "SHIP-1"}],
    )
    return named(told(collected("BAG-1"), booked, *more), "SupplyDelivery", "SHIP-1")


def test_a_shipment_goes_from_one_holder_to_the_next() -> None:
    assert shipped()["status"] == "in-progress"
    moved = [
        event("shipment.picked_up", {"reference": "SHIP-1", "containers": ["BAG-1"]}, material("BAG-1", "in_transit")),
        event("shipment.delivered", {"reference": "SHIP-1", "containers": ["BAG-1"]}),
        event(
            "material.received",
            {"containers": ["BAG-1"]},
            material("BAG-1", "available", holder="treatment_centre"),
            stage="to_manufacturer",
        ),
    ]
    arrived = shipped(*moved)
    assert arrived["status"] == "completed"
    assert arrived["supplier"]["identifier"]["value"] == "cellworks"
    assert arrived["destination"]["identifier"]["value"] == "st-anna"
    assert arrived["suppliedItem"]["quantity"]["value"] == 1


@pytest.mark.parametrize(
    "ending",
    [
        event("shipment.lost", {"reference": "SHIP-1", "reason": "van_stolen"}),
        fact(1, "partner.told", command="recall_pickup", stage="to_manufacturer"),
    ],
)
def test_a_shipment_that_is_lost_or_recalled_is_abandoned(ending: Fact) -> None:
    assert shipped(ending)["status"] == "abandoned"


def test_a_recall_of_another_stage_does_not_touch_it() -> None:
    assert shipped(fact(1, "partner.told", command="recall_pickup", stage="to_centre"))["status"] == "in-progress"


def test_what_was_done_to_the_patient_is_told_with_who_verified_it() -> None:
    begun = event("collection.started", {}, stage="collection", visit=1)
    (running,) = of_type(told(begun), "Procedure")
    assert (running["status"], "end" in running["performedPeriod"]) == ("in-progress", False)
    (done,) = of_type(told(begun, collected("BAG-1")), "Procedure")
    assert (done["status"], done["performedPeriod"]["end"]) == ("completed", "2026-03-02T10:10:00Z")
    assert [each["actor"]["identifier"]["value"] for each in done["performer"]] == ["nurse-17", "nurse-23"]


@pytest.mark.parametrize(("begun", "status"), [(True, "stopped"), (False, "not-done")])
def test_a_failure_is_stopped_or_was_never_done(begun: bool, status: str) -> None:
    before = [event("collection.started", {}, stage="collection", visit=1)] if begun else []
    failed = event("collection.failed", {"reason": "too_few_cells"}, stage="collection", visit=1)
    (procedure,) = of_type(told(*before, failed), "Procedure")
    assert (procedure["status"], procedure["statusReason"]["coding"][0]["code"]) == (status, "too_few_cells")


def test_a_second_visit_is_another_procedure() -> None:
    failed = event("collection.failed", {"reason": "too_few_cells"}, stage="collection", visit=1)
    again = event("collection.started", {}, stage="collection", visit=2)
    assert [each["status"] for each in of_type(told(failed, again), "Procedure")] == ["not-done", "in-progress"]


def test_an_infusion_is_of_its_dose() -> None:
    found = of_therapy()
    infusions = [each for each in of_type(found, "Procedure") if each["code"]["coding"][0]["code"] == "infusion"]
    doses = [each for each in of_type(found, "BiologicallyDerivedProduct") if _was_infused(each)]
    given = {each["extension"][0]["valueReference"]["reference"] for each in infusions}
    assert given == {f"BiologicallyDerivedProduct/{each['id']}" for each in doses} != set()


def _was_infused(product: Resource) -> bool:
    return "infused" in [each.get("valueCode") for each in product.get("extension", ())]


def test_a_question_is_asked_decided_or_not_needed_any_more() -> None:
    (asked,) = of_type(told(question()), "Task")
    assert (asked["status"], asked["owner"]["identifier"]["value"]) == ("requested", "st-anna")
    assert asked["restriction"]["period"]["end"] == "2026-03-04T12:00:00Z"
    decision = fact(1, "task.decided", task="T1", choice="remake", reason="clinical_judgement")
    (decided,) = of_type(told(question(), decision.model_copy(update={"actor": "dr-lindqvist"})), "Task")
    choice, by = decided["output"]
    assert (decided["status"], choice["valueCode"]) == ("completed", "remake")
    assert by["valueReference"]["identifier"]["value"] == "dr-lindqvist"
    (moot,) = of_type(told(question(), fact(1, "task.closed", task="T1", reason="patient_choice")), "Task")
    assert (moot["status"], "output" in moot) == ("cancelled", False)


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ([], "active"),
        ([fact(1, "hold.placed", reason="x")], "on-hold"),
        ([fact(1, "hold.placed", reason="x"), fact(1, "hold.lifted", reason="x")], "active"),
        ([fact(1, "journey.leaving", reason="x")], "revoked"),
        ([fact(1, "journey.leaving", reason="x"), fact(1, "hold.lifted", reason="x")], "revoked"),
        ([fact(1, "journey.cancelled", reason="x", outcome="cancelled")], "revoked"),
        ([fact(1, "journey.completed", reason="x", outcome="completed")], "completed"),
    ],
)
def test_the_order_says_where_the_journey_is(facts: list[Fact], status: str) -> None:
    (order,) = of_type(told(*facts), "ServiceRequest")
    assert (order["id"], order["status"]) == (order_id(COI), status)


def test_an_order_that_goes_on_does_not_say_why_it_was_held() -> None:
    (order,) = of_type(told(fact(1, "hold.placed", reason="x"), fact(1, "hold.lifted", reason="y")), "ServiceRequest")
    assert "extension" not in order


def test_what_is_superseded_is_not_told() -> None:
    """A lost worker's entries stay on record and count for nothing."""
    facts = [collected("BAG-1"), fact(1, "record.superseded", first=2, last=2), collected("BAG-2")]
    found = told(*facts)
    assert [each["identifier"][0]["value"] for each in of_type(found, "Specimen")] == ["G171726000001", "BAG-2"]
    assert [each["id"].rpartition(".")[2] for each in of_type(found, "Provenance")] == ["1", "3", "4"]


def test_an_entry_is_told_with_all_that_it_changed() -> None:
    found = told(collected("BAG-1"))
    provenance = next(each for each in of_type(found, "Provenance") if each["id"].endswith(".2"))
    kinds = [each["type"] for each in provenance["target"]]
    assert kinds == ["Specimen", "Specimen", "BiologicallyDerivedProduct", "Procedure"]
    event_said = provenance["entity"][1]["what"]["identifier"]
    assert event_said == {"system": "urn:clew:event", "value": "//hospital.example evt-1"}


def test_a_partners_name_for_a_thing_is_one_of_its_identifiers_from_then_on() -> None:
    assigned = fact(
        1,
        "identifier.assigned",
        identifiers=[
            {"kind": "sgtin", "value": "urn:epc:id:sgtin:0614141.107346.2017", "names": "BAG-1"},
            {"kind": "sscc", "value": "urn:epc:id:sscc:0614141.1234567890", "names": "SHIP-OF-NOBODY"},
        ],
    )
    settled = fact(1, "materials.settled", materials=[material("BAG-1", "used")])
    found = told(collected("BAG-1"), assigned, settled)
    for kind in ("Specimen", "BiologicallyDerivedProduct"):
        bag = named(found, kind, "BAG-1")
        assert [each["system"] for each in bag["identifier"]] == ["urn:clew:container", "urn:clew:sgtin"]
        hold_to_standard(bag)


def test_the_same_entries_make_the_same_document() -> None:
    assert of_therapy() == of_therapy()


def test_one_type_is_told_as_it_is_among_all() -> None:
    entries = recorded(whole_therapy())
    for kind in TYPES:
        assert resources(entries, kind) == of_type(resources(entries), kind)
