"""One label has several spellings; whichever is scanned, it is the same bag, and the same patient's."""

import pytest

from schemas.events import PartnerEvent
from schemas.facts import EventStatus
from schemas.identity import isbt_coi
from tests.holds.test_swapped import tells
from tests.holds.ward import Ward, carried, recorded
from tests.workflows.neighbours import Therapy
from workflows.aliases import ASSIGNED

SGTIN = "010950600013435221BAG1"
URN, LINK = "urn:epc:id:sgtin:9506000.013435.BAG1", "https://id.gs1.org/01/09506000134352/21/BAG1"
GSRN = "950600013435200015"
SPELLINGS = {"as a scanner gives it": SGTIN, "as a URN": URN, "as a Digital Link": LINK}
APPLIED, MISMATCH = (EventStatus.APPLIED, None), (EventStatus.REFUSED, "identity_mismatch")

in_any_spelling = pytest.mark.parametrize("scanned", list(SPELLINGS.values()), ids=list(SPELLINGS))


def labelled(patient: Therapy, value: str, bag: str, kind: str = "sgtin") -> tuple[EventStatus, str | None]:
    """A partner says which bag bears its label; what becomes of that."""
    said = {"kind": kind, "value": value, "names": bag}
    event = patient.neighbours.event(ASSIGNED, patient.journey.start.coi, said)
    order = patient.journey.start.order
    return tells(patient, event.model_copy(update={"id": f"{order}-{event.id}"}))


def bags_of(patient: Therapy) -> list[str]:
    return [each["id"] for each in patient.after("sample.collected").data["containers"]]


def bearing(event: PartnerEvent, label: str) -> PartnerEvent:
    """The hand-over with this label scanned in the place of the first bag's."""
    containers = [label, *carried(event)[1:]]
    return event.model_copy(update={"id": f"scanned-{event.id}", "data": {**event.data, "containers": containers}})


@in_any_spelling
def test_whoevers_label_was_scanned_is_held_in_whichever_spelling(ward: Ward, scanned: str) -> None:
    ana, ben = ward.admits("ANA"), ward.admits("BEN")
    assert labelled(ben, SGTIN, bags_of(ben)[0]) == APPLIED
    picked_up = ana.before("shipment.picked_up")
    ben.before("shipment.picked_up")

    assert tells(ana, bearing(picked_up, scanned)) == MISMATCH
    recorded(ben).looks()
    assert ana.journey.state.is_identity_held and ben.journey.state.is_identity_held


@in_any_spelling
def test_who_claims_later_what_is_in_doubt_is_held_too(ward: Ward, scanned: str) -> None:
    ana, ben = ward.admits("ANA"), ward.admits("BEN")
    bags = bags_of(ben)
    assert tells(ana, bearing(ana.before("shipment.picked_up"), scanned)) == MISMATCH

    labelled(ben, SGTIN, bags[0])
    assert ben.journey.state.is_identity_held


def test_whose_wristband_was_scanned_is_held_also_where_it_is_isbt_128s(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = iter([isbt_coi("A9999", 26, 5), isbt_coi("A9999", 26, 77)])
    monkeypatch.setattr("tests.holds.ward.new_coi", lambda: next(ids))
    ana, ben = ward.admits("ANA"), ward.admits("BEN")
    picked_up = ana.before("shipment.picked_up")
    ben.before("shipment.picked_up")

    said = {**picked_up.data, "coi": f"&/{ben.journey.start.coi}"}
    assert tells(ana, picked_up.model_copy(update={"id": "wristband", "data": said})) == MISMATCH
    recorded(ben).looks()
    assert ben.journey.state.is_identity_held


@pytest.mark.parametrize("scanned", ["the id", "the id as ISBT 128", "a service relation of the order"])
def test_the_patients_own_wristband_is_hers_in_whichever_spelling(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, scanned: str
) -> None:
    own = str(isbt_coi("A9999", 26, 5))
    monkeypatch.setattr("tests.holds.ward.new_coi", lambda: own)
    ana = ward.admits("ANA")
    bags_of(ana)
    assert labelled(ana, GSRN, ana.journey.start.order, "gsrn") == APPLIED
    said = {"the id": own, "the id as ISBT 128": f"&/{own}", "a service relation of the order": GSRN}[scanned]
    picked_up = ana.before("shipment.picked_up")
    assert tells(ana, picked_up.model_copy(update={"id": "own", "data": {**picked_up.data, "coi": said}})) == APPLIED


def test_a_scan_that_can_be_nobodys_name_holds_its_own_journey(ward: Ward) -> None:
    """Its serial, unquoted, has a character that no identifier may have."""
    ana = ward.admits("ANA")
    scanned = "urn:epc:id:sgtin:9506000.013435.BAG%22"
    assert tells(ana, bearing(ana.before("shipment.picked_up"), scanned)) == MISMATCH
    assert ana.journey.state.is_identity_held


@pytest.mark.parametrize("kind", ["sgtin", "container"])
@in_any_spelling
def test_no_spelling_of_anothers_label_becomes_a_name_of_ones_own_bag(ward: Ward, kind: str, scanned: str) -> None:
    ana, ben = ward.admits("ANA"), ward.admits("BEN")
    bags = bags_of(ana)
    assert labelled(ben, SGTIN, bags_of(ben)[0]) == APPLIED
    labelled(ana, scanned, bags[0], kind)
    recorded(ben).looks()
    assert ana.journey.state.is_identity_held and ben.journey.state.is_identity_held

    picked_up = bearing(ana.before("shipment.picked_up"), scanned)
    assert tells(ana, picked_up) == (EventStatus.HELD, "journey_held")
