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
