"""Labels swapped between two patients at every pair of hand-overs: every swap is caught, and holds both."""

from itertools import product

import pytest

from schemas.events import PartnerEvent
from schemas.facts import EventStatus
from tests.holds.ward import HAND_OVERS, Ward, material_of, recorded, with_labels_of
from tests.workflows.neighbours import Therapy

PAIRS = [pytest.param(*pair, id=f"{pair[0][0]} with {pair[1][0]}") for pair in product(HAND_OVERS, HAND_OVERS)]


def tells(therapy: Therapy, event: PartnerEvent) -> tuple[EventStatus, str | None]:
    outcome = recorded(therapy).hears(event)
    assert outcome is not None
    return outcome.status, outcome.reason


@pytest.mark.parametrize("label", ["the containers", "the id"])
@pytest.mark.parametrize(("here", "there"), PAIRS)
def test_labels_swapped_at_any_two_hand_overs_hold_both_patients(
    ward: Ward, here: tuple[str, int], there: tuple[str, int], label: str
) -> None:
    ana, ben = ward.admits("ANA"), ward.admits("BEN")
    honest, other = ana.before(*here), ben.before(*there)
    where_it_was = material_of(ana), material_of(ben)
    coi = ben.journey.start.coi if label == "the id" else None
    swapped = with_labels_of(honest, other, coi)
    back = with_labels_of(other, honest, coi and ana.journey.start.coi)

    assert tells(ana, swapped) == (EventStatus.REFUSED, "identity_mismatch")
    recorded(ben).looks()
    assert ana.journey.state.is_identity_held and ben.journey.state.is_identity_held
    commands = len(ana.journey.commands), len(ben.journey.commands)
    assert tells(ben, back) == (EventStatus.HELD, "journey_held")
    assert tells(ana, honest) == (EventStatus.HELD, "journey_held")
    assert tells(ben, other) == (EventStatus.HELD, "journey_held")
    assert (material_of(ana), material_of(ben)) == where_it_was
    assert (len(ana.journey.commands), len(ben.journey.commands)) == commands


@pytest.mark.parametrize("event_type", ["sample.collected", "conditioning.started", "product.thawed"])
def test_what_comes_straight_to_one_patient_with_the_others_id_holds_both(ward: Ward, event_type: str) -> None:
    """Past the API, which would have brought it to the patient whom it names."""
    ana, ben = ward.admits("ANA"), ward.admits("BEN")
    honest = ana.before(event_type)
    ben.before("shipment.picked_up")
    astray = honest.model_copy(update={"id": "astray", "subject": ben.journey.start.coi})
    assert tells(ana, astray) == (EventStatus.REFUSED, "identity_mismatch")
    recorded(ben).looks()
    assert ana.journey.state.is_identity_held and ben.journey.state.is_identity_held


def test_even_a_withdrawal_is_heard_for_the_patient_whom_it_names_only(ward: Ward) -> None:
    ana, ben = ward.admits("ANA"), ward.admits("BEN")
    ana.before("shipment.picked_up")
    said = {"reason": "patient_choice"}
    withdrawn = ana.neighbours.event("patient.withdrawn", ben.journey.start.coi, said)
    assert tells(ana, withdrawn) == (EventStatus.REFUSED, "identity_mismatch")
    assert ana.journey.state.leaving is None
