"""A journey in which several things are in doubt at once: whatever is found, in whichever order, somebody can go on."""

from itertools import product

import pytest

from schemas.holds import Finding
from tests.holds.test_resolved import apart, asked, ends, here
from tests.holds.ward import Ward, recorded, with_labels_of
from tests.workflows.neighbours import Therapy

FINDINGS = ("not_crossed", "crossed")


def doubted_twice(ward: Ward, *, by_herself: bool) -> tuple[Therapy, dict[str, str]]:
    """Two hand-overs name Ana's bags. `by_herself`: one of the two is her own journey's, told with Ben's.

    Gives the holds by whose hand-over it was.
    """
    ana, ben, cora = (ward.admits(name) for name in ("ANA", "BEN", "CORA"))
    hers, his, third = (each.before("shipment.picked_up") for each in (ana, ben, cora))
    holds: dict[str, str] = {}
    first, honest, other = (ana, hers, his) if by_herself else (ben, his, hers)
    for name, patient, event in (
        ("first", first, with_labels_of(honest, other)),
        ("second", cora, with_labels_of(third, hers)),
    ):
        recorded(patient).hears(event)
        recorded(ana).looks()
        (holds[name],) = set(ana.journey.state.identity_holds) - set(holds.values())
    return ana, holds


def open_tasks(patient: Therapy) -> list[str]:
    return [name for name, each in patient.journey.state.tasks.items() if each.choice is None]


def is_answered(patient: Therapy, choice: str) -> None:
    """Whoever is asked, says this wherever it is offered."""
    for stage in [each for each in patient.journey.state.active() if each.impasse is not None]:
        assert stage.impasse is not None
        patient.unheard.clear()
        patient.journey.decide(stage.id, choice if choice in stage.impasse.choices else stage.impasse.choices[0])
        patient.listen()


@pytest.mark.parametrize("by_herself", [True, False])
@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")])
@pytest.mark.parametrize("found", list(product(FINDINGS, FINDINGS)))
def test_whatever_two_holds_find_in_whichever_order_nobody_waits_for_nothing(
    ward: Ward, by_herself: bool, order: tuple[str, str], found: tuple[Finding, Finding]
) -> None:
    ana, holds = doubted_twice(ward, by_herself=by_herself)
    for name, finding in zip(order, found, strict=True):
        ends(ward, holds[name], finding, ana)
    state = ana.journey.state
    assert len(open_tasks(ana)) == (1 if state.is_held else 0)
    # What one hold found to be crossed is asked, whatever the other found.
    if "crossed" in found:
        assert asked(ana) == ("identity_crossed", ("recollect", "stop"))
    is_answered(ana, "recollect")
    assert not state.is_held and not open_tasks(ana)
    assert not state.deviations


def test_a_second_finding_that_cells_were_crossed_leaves_the_old_bags_apart_and_another_collection_possible(
    ward: Ward,
) -> None:
    ana, holds = doubted_twice(ward, by_herself=False)
    old = here(ana)
    for hold in holds.values():
        ends(ward, hold, "crossed", ana)
    is_answered(ana, "recollect")
    assert ana.before("shipment.picked_up").data["containers"]
    assert apart(ana) == old < here(ana)
