"""What partners' EPCIS events mean to a journey: what our own story says comes back as what it was made from."""

from typing import Any

import pytest

from schemas.errors import BadRequest
from schemas.events import PartnerEvent
from schemas.facts import Fact
from standards.epcis.documents import LD_CONTEXT
from standards.epcis.heard import Setting, heard
from standards.epcis.reading import read_document, read_single
from standards.epcis.told import document
from standards.epcis.unheard import Unheard
from tests.standards.epcis.record import entries, events_of, facts_of
from tests.standards.epcis.test_told import warm_on_the_way
from tests.workflows.neighbours import therapy

BACK = {
    "sample.collected",
    "shipment.picked_up",
    "shipment.excursion",
    "shipment.delivered",
    "material.received",
    "manufacture.started",
    "manufacture.completed",
}
"""What can be captured of a whole therapy; the rest needs more than EPCIS says."""


def all_heard(told: dict[str, Any]) -> list[PartnerEvent]:
    """Every event that a document becomes."""
    writing = read_document(told)
    setting, found = Setting.of(writing), list[PartnerEvent]()
    for each in writing.events:
        try:
            found += heard(each, setting)
        except Unheard as unheard:
            assert not unheard.wrong, (unheard.reason, each.raw)
    return found


def said(facts: list[Fact]) -> list[tuple[str, Any, Any]]:
    return [(each.type, each.occurred_at, each.data["said"]) for each in facts if each.type in BACK]


def with_names(facts: list[Fact], **more: Any) -> list[Fact]:
    """The courier also names its shipper and its logger."""
    return [
        each.model_copy(update={"data": each.data | {"said": each.data["said"] | more}})
        if each.type == "shipment.picked_up"
        else each
        for each in facts
    ]


@pytest.mark.parametrize("protocol", ["autologous-car-t", "til"])
def test_what_our_story_says_comes_back_as_what_was_said(protocol: str) -> None:
    facts = with_names(facts_of(therapy(protocol).whole().journey), shipper="DEWAR-7", logger="LOG-7")
    assert any("logger" in each.data["said"] for each in facts if each.type == "shipment.picked_up")
    back = all_heard(document(entries(facts)))
    assert [(each.type, each.occurred_at, each.data) for each in back] == said(facts)


def test_an_excursion_comes_back_too() -> None:
    facts = facts_of(warm_on_the_way().journey)
    back = all_heard(document(entries(facts)))
    assert [(each.type, each.occurred_at, each.data) for each in back] == said(facts)


def test_a_shipment_that_is_captured_takes_a_fresh_journey_just_as_far() -> None:
    """Ana's shipment as EPCIS tells it, heard by a journey that stands where hers stood."""
    ana, again = therapy(), therapy()
    ana.after("material.received")
    shipment = {"shipment.picked_up", "shipment.delivered", "material.received"}
    again.before("shipment.picked_up")
    for event in all_heard(document(entries(facts_of(ana.journey)))):
        if event.type in shipment:
            again.journey.hears(event)
    assert again.journey.state.materials == ana.journey.state.materials
    assert {name: each.status for name, each in again.journey.state.stages.items()} == {
        name: each.status for name, each in ana.journey.state.stages.items()
    }


def test_the_same_event_has_the_same_identity_whenever_it_is_read() -> None:
    told = document(entries(facts_of(therapy().whole().journey)))
    assert all_heard(told) == all_heard(told)
    identities = [each.identity for each in all_heard(told)]
    assert len(set(identities)) == len(identities)


def single(**event: Any) -> Any:
    """One event as a courier's own system writes it."""
    whole = {
        "@context": LD_CONTEXT,
        "type": "ObjectEvent",
        "eventID": "ni:///sha-256;df7bb3c352fef055578554f09f5e2aa41782150ced7bd0b8af24dd3ccb30ba69?ver=CBV2.0",
        "eventTime": "2026-03-02T14:40:00+02:00",
        "eventTimeZoneOffset": "+02:00",
        "action": "OBSERVE",
        "epcList": ["urn:clew:container:BAG-1"],
        **event,
    }
    return {name: value for name, value in whole.items() if value is not None}


def one(**event: Any) -> list[tuple[str, dict[str, Any]]]:
    writing = read_single(single(**event))
    return [(each.type, each.data) for each in heard(writing.events[0], Setting.of(writing))]


BOL = [{"type": "urn:epcglobal:cbv:btt:bol", "bizTransaction": "urn:epcglobal:cbv:bt:0614141073467:SHIP-88"}]
DESADV = [{"type": "desadv", "bizTransaction": "urn:clew:shipment:SHIP-88"}]
SHIPPED = {"reference": "SHIP-88", "containers": ["BAG-1"]}
COLD = {"type": "Temperature", "uom": "CEL", "clew:limitMin": 2, "clew:limitMax": 8}


@pytest.mark.parametrize(
    ("event", "ours"),
    [
        ({"bizStep": "urn:epcglobal:cbv:bizstep:shipping", "bizTransactionList": BOL}, ("shipment.picked_up", SHIPPED)),
        ({"bizStep": "departing", "bizTransactionList": DESADV}, ("shipment.picked_up", SHIPPED)),
        (
            {
                "type": "AggregationEvent", "action": "ADD", "epcList": None, "bizStep": "departing",
                "parentID": "urn:epc:id:sscc:0614141.1234567890", "childEPCs": ["urn:clew:container:BAG-1"],
                "bizTransactionList": BOL,
            },
            ("shipment.picked_up", SHIPPED | {"shipper": "urn:epc:id:sscc:0614141.1234567890"}),
        ),
        ({"bizStep": "arriving", "bizTransactionList": BOL}, ("shipment.delivered", SHIPPED)),
        ({"bizStep": "receiving"}, ("material.received", {"containers": ["BAG-1"], "condition": "good"})),
        (
            {"bizStep": "receiving", "disposition": "urn:epcglobal:cbv:disp:damaged", "bizTransactionList": BOL},
            ("material.received", SHIPPED | {"condition": "damaged"}),
        ),
        (
            {"bizStep": "inspecting", "disposition": "damaged"},
            ("material.damaged", {"containers": ["BAG-1"], "reason": "damaged"}),
        ),
        (
            {"epcList": ["https://id.gs1.org/01/09506000134352/21/A1"], "bizStep": "receiving"},
            ("material.received", {"containers": ["https://id.gs1.org/01/09506000134352/21/A1"], "condition": "good"}),
        ),
    ],
)  # fmt: skip
def test_a_step_of_a_foreign_system_means_an_event_of_ours(event: dict[str, Any], ours: tuple[str, Any]) -> None:
    assert one(**event) == [ours]


ALARM = {"type": "Temperature", "uom": "CEL", "exception": "ALARM_CONDITION"}
LITRES = [{"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 5, "uom": "LTR"}]
COUNTED = {"type": "TransformationEvent", "action": None, "epcList": None, "inputQuantityList": LITRES}
"""Medium by the litre: valid, and of no container."""
COLLECTED: dict[str, Any] = {
    "bizStep": "commissioning",
    "action": "ADD",
    "clew:coi": "urn:clew:coi:X",
    "ilmd": {"clew:donation": "urn:clew:donation:D1", "clew:verifiedBy": ["nurse-17", "nurse-23"]},
}


@pytest.mark.parametrize("name", ["clew:id", "id"])
def test_master_data_never_rename_a_container(name: str) -> None:
    """The bag is the one in epcList, whatever else its master data say that it is."""
    master = [{"id": "urn:clew:container:BAG-1", "clew:volume_ml": 50, name: "urn:clew:container:BAG-1"}]
    collected = COLLECTED | {"ilmd": COLLECTED["ilmd"] | {"clew:containers": master}}
    if name == "clew:id":
        with pytest.raises(Unheard) as caught:
            one(**collected)
        assert (caught.value.reason, caught.value.wrong) == ("data_missing", True)
        return
    ((_, data),) = one(**collected)
    assert [each["id"] for each in data["containers"]] == ["BAG-1"]


def test_what_is_said_beside_never_overrides_what_the_event_says() -> None:
    beside = {"containers": ["BAG-9"], "reference": "SHIP-99", "condition": "good"}
    damaged = {"bizStep": "receiving", "disposition": "damaged", "bizTransactionList": BOL}
    assert one(**damaged, **{"clew:said": beside}) == [("material.received", SHIPPED | {"condition": "damaged"})]


@pytest.mark.parametrize("disposition", ["damaged", "non_conformant", "mismatch_instance"])
def test_material_that_came_in_a_bad_state_is_not_received_as_good(disposition: str) -> None:
    ((_, data),) = one(bizStep="receiving", disposition=disposition)
    assert data["condition"] == "damaged"


def test_taking_things_out_is_no_pick_up() -> None:
    with pytest.raises(Unheard) as caught:
        one(bizStep="departing", action="DELETE", bizTransactionList=BOL)
    assert (caught.value.reason, caught.value.wrong) == ("no_effect", False)


def test_a_couriers_proof_of_delivery_is_no_receipt() -> None:
    there = {"bizStep": "receiving", "readPoint": {"id": "urn:clew:party:cellworks"}, "bizTransactionList": BOL}
    for sender, meant in (("coldline", "shipment.delivered"), ("cellworks", "material.received")):
        envelope = {
            "@context": LD_CONTEXT, "type": "EPCISDocument", "schemaVersion": "2.0",
            "creationDate": "2026-03-02T15:00:00Z", "sender": f"urn:clew:party:{sender}",
            "epcisBody": {"eventList": [single(**there)]},
        }  # fmt: skip
        assert [each.type for each in all_heard(envelope)] == [meant]


@pytest.mark.parametrize(
    ("event", "reason", "wrong"),
    [
        ({"bizStep": "departing"}, "reference_missing", True),
        ({"bizStep": "departing", "epcList": [], "bizTransactionList": BOL}, "things_missing", True),
        ({"bizStep": "receiving", "epcList": ["urn:clew:container:" + "B" * 65]}, "name_too_long", True),
        ({"bizStep": "receiving", "epcList": ["urn:clew:container:Ana%20Lindqvist"]}, "name_too_long", True),
        ({"bizStep": "receiving", "clew:condition": "Not so good"}, "data_missing", True),
        ({"bizStep": "commissioning", "action": "ADD"}, "journey_missing", True),
        ({"bizStep": "commissioning", "action": "ADD", "clew:coi": "urn:clew:coi:X"}, "donation_missing", True),
        (
            {"bizStep": "collecting", "action": "ADD", "clew:coi": "urn:clew:coi:X", "ilmd": {"clew:donation": "D1"}},
            "data_missing",
            True,
        ),
        (COUNTED | {"outputEPCList": ["urn:x:2"]}, "things_missing", False),
        (COUNTED | {"transformationID": "urn:x:LOT"}, "things_missing", False),
        (COUNTED | {"outputQuantityList": LITRES}, "things_missing", False),
        (
            {"type": "TransformationEvent", "inputEPCList": ["urn:x:1"], "outputEPCList": ["urn:x:2"], "epcList": None,
             "action": None},
            "batch_missing",
            True,
        ),
        ({"bizStep": "accepting", "disposition": "conformant"}, "no_effect", False),
        ({"bizStep": "decommissioning", "action": "DELETE"}, "no_effect", False),
        ({"bizStep": "storing"}, "no_effect", False),
        ({"type": "TransactionEvent", "bizStep": "shipping"}, "type_not_read", False),
    ],
)  # fmt: skip
def test_what_cannot_be_an_event_of_ours_says_why(event: dict[str, Any], reason: str, wrong: bool) -> None:
    with pytest.raises(Unheard) as caught:
        one(**event)
    assert (caught.value.reason, caught.value.wrong) == (reason, wrong)
    assert "Lindqvist" not in caught.value.detail


@pytest.mark.parametrize(
    ("event", "pointer"),
    [
        ({"eventTime": None}, "/eventTime"),
        ({"eventTime": "yesterday"}, "/eventTime"),
        ({"eventTimeZoneOffset": "Z"}, "/eventTimeZoneOffset"),
        ({"action": "MOVE"}, "/action"),
        ({"epcList": ["BAG-1"]}, "/epcList/0"),
        ({"epcList": ["urn:x:1", "urn:x:1"]}, "/epcList"),
        ({"epcList": None}, ""),
        ({"bizStep": "teleporting"}, "/bizStep"),
        ({"disposition": "Ana Lindqvist"}, "/disposition"),
        ({"patient": "Ana Lindqvist"}, ""),
        ({"ilmd": {}}, ""),
        ({"@context": None}, "/@context"),
        ({"type": None}, "/type"),
        ({"readPoint": {}}, "/readPoint/id"),
        ({"sensorElementList": [{"sensorReport": []}]}, "/sensorElementList/0/sensorReport"),
        ({"type": "AggregationEvent", "epcList": None}, ""),
        ({"type": "AssociationEvent", "epcList": None, "childEPCs": ["urn:x:1"]}, ""),
        ({"type": "TransformationEvent", "epcList": None, "inputEPCList": ["urn:x:1"]}, ""),
        ({"type": "example:Unheard", "eventTime": "now"}, "/eventTime"),
        ({"type": "ObjectEvnet"}, "/type"),
        ({"eventTime": 1772454000}, "/eventTime"),
        ({"eventTime": "1772454000"}, "/eventTime"),
        ({"eventTime": "0001-01-01T00:00:00+14:00"}, "/eventTime"),
        ({"@context": "nowhere"}, "/@context"),
        (
            {"sensorElementList": [{"sensorReport": [COLD | {"value": "5"}]}]},
            "/sensorElementList/0/sensorReport/0/value",
        ),
        (
            {"sensorElementList": [{"sensorReport": [ALARM | {"type": "temperature"}]}]},
            "/sensorElementList/0/sensorReport/0/type",
        ),
        ({"bizTransactionList": [{"type": "nonsense", "bizTransaction": "urn:x:1"}]}, "/bizTransactionList/0/type"),
        ({"sourceList": [{"type": "nonsense", "source": "urn:x:1"}]}, "/sourceList/0/type"),
        ({"destinationList": [{"type": "nonsense", "destination": "urn:x:1"}]}, "/destinationList/0/type"),
        (
            {"errorDeclaration": {"declarationTime": "2026-03-03T08:00:00Z", "reason": "nonsense"}},
            "/errorDeclaration/reason",
        ),
    ],
)
def test_a_flaw_is_told_with_a_pointer_and_without_what_was_sent(event: dict[str, Any], pointer: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read_single(single(**event))
    assert pointer in {each.pointer for each in caught.value.errors}
    assert "Lindqvist" not in str([each.model_dump() for each in caught.value.errors])


@pytest.mark.parametrize("rubbish", [None, 5, [], "text", {"type": "EPCISDocument"}, {"@context": [], "type": 7}])
def test_rubbish_is_refused(rubbish: Any) -> None:
    for read in (read_document, read_single):
        with pytest.raises(BadRequest):
            read(rubbish)


def test_an_id_stands_once_in_a_document_and_once_more_where_it_is_declared_wrong() -> None:
    declared = single(errorDeclaration={"declarationTime": "2026-03-03T08:00:00Z"})
    for events, fine in ([single(), declared], True), ([single(), single()], False):
        envelope = {
            "@context": LD_CONTEXT, "type": "EPCISDocument", "schemaVersion": "2.0",
            "creationDate": "2026-03-02T15:00:00Z", "epcisBody": {"eventList": events},
        }  # fmt: skip
        if fine:
            assert len(read_document(envelope).events) == 2
            continue
        with pytest.raises(BadRequest) as caught:
            read_document(envelope)
        assert caught.value.errors[0].pointer == "/epcisBody/eventList/1/eventID"


def test_our_own_documents_can_be_read() -> None:
    told = document(entries(facts_of(therapy("til").whole().journey)))
    assert len(read_document(told).events) == len(events_of(told))


@pytest.mark.parametrize("sender", ["coldline", "//clew/labels", "urn:clew:party:coldline"])
def test_a_sender_is_a_uri_and_never_one_of_our_own_desks(sender: str) -> None:
    writing = Setting(sender=sender, loggers={})
    assert writing.source.startswith("urn:clew:party:")
