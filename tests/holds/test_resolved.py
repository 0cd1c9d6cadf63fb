"""How an identity hold ends: what may be used again, what never, and what each patient's people are asked."""

import pytest

from schemas.decisions import CancelJourney, DecideTask, HoldJourney, LiftHold
from schemas.facts import EventStatus, JourneyStatus, Material
from tests.holds.ward import Ward, recorded, sign, with_labels_of
from tests.workflows.neighbours import Therapy
from workflows import decisions
from workflows.state import KnownHold

TWO = ("qa-07", "qp-02")


def doubted(ward: Ward, at: str = "shipment.picked_up") -> tuple[Therapy, Therapy, str]:
    """Ana's hand-over was told with Ben's containers, and both journeys know."""
    ana, ben = ward.admits("ANA"), ward.admits("BEN")
    honest, other = ana.before(at), ben.before(at)
    recorded(ana).hears(with_labels_of(honest, other))
    recorded(ben).looks()
    (hold,) = ana.journey.state.identity_holds
    return ana, ben, hold


def ends(ward: Ward, hold: str, finding: str, *sides: Therapy) -> None:
    """Two people sign, and these journeys are told."""
    sign(ward, hold, finding, *TWO)
    for each in sides:
        recorded(each).looks()


def apart(therapy: Therapy) -> set[str]:
    return {each.id for each in therapy.journey.state.materials.values() if each.quarantined}


def here(therapy: Therapy) -> set[str]:
    return set(therapy.journey.state.materials)


def asked(therapy: Therapy, stage: str = "to_manufacturer") -> tuple[str, tuple[str, ...]]:
    impasse = therapy.journey.state.stages[stage].impasse
    assert impasse is not None and impasse.task is not None
    return impasse.code, impasse.choices


def test_what_was_not_crossed_is_used_again_and_both_therapies_reach_their_end(ward: Ward) -> None:
    ana, ben, hold = doubted(ward)
    assert (apart(ana), apart(ben)) == (here(ana), here(ben))
    ends(ward, hold, "not_crossed", ana, ben)
    assert apart(ana) == apart(ben) == set()
    # Nothing was wrong with what was told of Ben; of Ana a person says how to go on.
    assert not ben.journey.state.is_held
    assert ana.journey.state.is_held
    ana.journey.decide("to_manufacturer", "continue")
    for patient in (ana, ben):
        assert patient.whole().journey.state.closed is JourneyStatus.COMPLETED
        assert [each.type for each in patient.journey.facts if each.type.startswith("materials.")] == [
            "materials.quarantined",
            "materials.cleared",
        ]


@pytest.mark.parametrize("at", ["shipment.picked_up", "material.received", "manufacture.started", "batch.released"])
def test_what_was_crossed_is_never_used_and_both_patients_are_collected_from_again(ward: Ward, at: str) -> None:
    ana, ben, hold = doubted(ward, at)
    old = apart(ana), apart(ben)
    ends(ward, hold, "crossed", ana, ben)
    for patient, bags in zip((ana, ben), old, strict=True):
        (stage,) = [each for each in patient.journey.state.active() if each.impasse is not None]
        assert asked(patient, stage.id) == ("identity_crossed", ("recollect", "stop"))
        assert patient.journey.state.is_held
        patient.unheard.clear()
        patient.journey.decide(stage.id, "recollect")
        patient.listen()
        assert patient.whole().journey.state.closed is JourneyStatus.COMPLETED
        assert apart(patient) == bags
        infused = {each.data["said"]["dose"] for each in patient.journey.facts if each.type == "infusion.completed"}
        used = {each for each in bags if _is_used_after(patient, each)}
        assert not infused & bags and not used


def _is_used_after(patient: Therapy, bag: str) -> bool:
    """Whether something was made of a bag after it was put apart."""
    facts = patient.journey.facts
    since = next(number for number, each in enumerate(facts) if each.type == "materials.quarantined")
    started = [each for each in facts[since:] if each.type == "manufacture.started"]
    return any(bag in each.data["said"]["containers"] for each in started)


def test_once_it_was_crossed_the_stage_cannot_simply_go_on(ward: Ward) -> None:
    ana, _, hold = doubted(ward)
    before = ana.journey.state.stages["to_manufacturer"].impasse
    assert before is not None and before.task is not None
    ends(ward, hold, "crossed", ana)
    old = DecideTask(id="d1", by="dr-lindqvist", reason="x", task=before.task, choice="continue")
    refused = decisions.refusal(ana.journey.state, old)
    assert refused is not None and refused[0] == "task_decided"


def test_what_is_put_apart_is_not_told_from_a_strangers_when_it_is_scanned(ward: Ward) -> None:
    """It was crossed, another collection is on its way, and somebody takes the old bags all the same."""
    ana, _, hold = doubted(ward)
    honest = ana.unheard[1] if ana.unheard[0].type == "shipment.booked" else ana.unheard[0]
    ends(ward, hold, "crossed", ana)
    ana.unheard.clear()
    ana.journey.decide("to_manufacturer", "recollect")
    ana.listen()
    again = ana.before("shipment.picked_up")
    old = again.model_copy(update={"id": "old-bags", "data": {**again.data, "containers": honest.data["containers"]}})
    outcome = recorded(ana).hears(old)
    assert outcome is not None and (outcome.status, outcome.reason) == (EventStatus.REFUSED, "identity_mismatch")
    assert len(ana.journey.state.identity_holds) == 2


def test_what_two_holds_put_apart_is_free_when_both_have_ended(ward: Ward) -> None:
    ana, ben, cora = ward.admits("ANA"), ward.admits("BEN"), ward.admits("CORA")
    honest, other, third = (each.before("shipment.picked_up") for each in (ana, ben, cora))
    recorded(ana).hears(with_labels_of(honest, other))
    recorded(cora).hears(with_labels_of(third, other))
    recorded(ben).looks()
    first, second = ben.journey.state.identity_holds
    ends(ward, first, "not_crossed", ben)
    assert apart(ben) == here(ben) and ben.journey.state.is_held
    ends(ward, second, "not_crossed", ben)
    assert apart(ben) == set() and not ben.journey.state.is_held


def test_where_one_hold_ends_and_another_has_begun_a_journey_is_free_at_no_moment(ward: Ward) -> None:
    """Ben's journey hears of the end of the first and of the second at once."""
    ana, ben, cora = ward.admits("ANA"), ward.admits("BEN"), ward.admits("CORA")
    honest, other, third = (each.before("shipment.picked_up") for each in (ana, ben, cora))
    recorded(ana).hears(with_labels_of(honest, other))
    recorded(ben).looks()
    (first,) = ben.journey.state.identity_holds
    recorded(cora).hears(with_labels_of(third, other))
    ends(ward, first, "not_crossed", ben)
    assert ben.journey.state.is_held and apart(ben) == here(ben)
    assert "hold.lifted" not in {each.type for each in ben.journey.facts}


def test_what_one_of_two_holds_found_to_be_crossed_stays_apart(ward: Ward) -> None:
    ana, ben, cora = ward.admits("ANA"), ward.admits("BEN"), ward.admits("CORA")
    honest, other, third = (each.before("shipment.picked_up") for each in (ana, ben, cora))
    recorded(ana).hears(with_labels_of(honest, other))
    recorded(cora).hears(with_labels_of(third, other))
    recorded(ben).looks()
    first, second = ben.journey.state.identity_holds
    ends(ward, first, "crossed", ben)
    ends(ward, second, "not_crossed", ben)
    assert apart(ben) == here(ben)


def test_a_journey_that_looks_late_learns_that_it_was_crossed_all_the_same(ward: Ward) -> None:
    ana, ben = ward.admits("ANA"), ward.admits("BEN")
    honest, other = ana.before("shipment.picked_up"), ben.before("shipment.picked_up")
    recorded(ana).hears(with_labels_of(honest, other))
    (hold,) = ana.journey.state.identity_holds
    ends(ward, hold, "crossed", ana, ben)
    assert apart(ben) == here(ben)
    assert asked(ben) == ("identity_crossed", ("recollect", "stop"))


def test_a_new_patient_who_bears_a_name_that_is_in_doubt_is_held(ward: Ward) -> None:
    """Ana's bag was scanned under Ben's future label: nobody knew it. Then Ben's cells are collected."""
    ana = ward.admits("ANA")
    honest = ana.before("shipment.picked_up")
    ben = ward.admits("BEN")
    theirs = ben.before("sample.collected")
    bags = [each["id"] for each in theirs.data["containers"]]
    wrong = honest.model_copy(update={"id": "wrong", "data": {**honest.data, "containers": bags}})
    recorded(ana).hears(wrong)
    assert not ben.journey.state.is_held
    ben.tell(theirs)
    assert ben.journey.state.is_identity_held and apart(ben) == set(bags)
    assert list(ben.journey.state.identity_holds) == list(ana.journey.state.identity_holds)


def test_two_patients_who_are_given_the_same_bag_are_both_held(ward: Ward) -> None:
    ana, ben = ward.admits("ANA"), ward.admits("BEN")
    collected = ana.after("sample.collected")
    theirs = ben.before("sample.collected")
    same = {**theirs.data, "containers": collected.data["containers"]}
    ben.tell(theirs.model_copy(update={"data": same}))
    recorded(ana).looks()
    assert ana.journey.state.is_identity_held and ben.journey.state.is_identity_held
    assert [each.code for each in ben.journey.state.deviations.values()] == ["identifier_in_use"]
    assert [each.code for each in ana.journey.state.deviations.values()] == ["identity_held"]


def test_while_it_is_open_a_journey_can_be_stopped_and_ended_but_nothing_lets_it_go_on(ward: Ward) -> None:
    ana, ben, _ = doubted(ward)
    impasse = ana.journey.state.stages["to_manufacturer"].impasse
    assert impasse is not None and impasse.task is not None
    who = {"by": "dr-lindqvist", "reason": "x"}
    for choice in impasse.choices:
        decision = DecideTask(id=f"d-{choice}", task=impasse.task, choice=choice, **who)
        refused = decisions.refusal(ana.journey.state, decision)
        assert refused is not None and refused[0] == "identity_held"
    refused = decisions.refusal(ben.journey.state, LiftHold(id="l", **who))
    assert refused is not None and refused[0] == "identity_held"
    assert decisions.refusal(ben.journey.state, HoldJourney(id="h", **who)) is None
    assert decisions.refusal(ben.journey.state, CancelJourney(id="c", **who)) is None


def test_a_journey_that_ends_early_keeps_the_deviation_for_those_who_sign(ward: Ward) -> None:
    _, ben, hold = doubted(ward)
    state, notebook = ben.journey.state, ben.journey.notebook
    state.leaving = "patient_withdrew"
    notebook.close("journey_leaving", state.as_of)
    assert [each.code for each in state.deviations.values()] == ["identity_held"]
    ends(ward, hold, "crossed", ben)
    assert state.deviations == {}
    assert all(stage.impasse is None for stage in state.stages.values())


def test_a_shipment_for_which_nothing_is_left_to_carry_is_not_booked(ward: Ward) -> None:
    ana = ward.admits("ANA")
    released = ana.before("batch.released")
    state = ana.journey.state
    state.materials = {name: put_apart(each) for name, each in state.materials.items()}
    ana.tell(released)
    assert asked(ana, "to_centre") == ("material_quarantined", ("recollect", "stop"))
    assert "to_centre" not in {each.stage for each in ana.journey.commands}


def put_apart(material: Material) -> Material:
    return material.model_copy(update={"quarantined": True})


def test_what_a_journey_knows_of_holds_goes_along_into_its_next_run(ward: Ward) -> None:
    ana, _, hold = doubted(ward)
    state = ana.journey.state
    again = type(state).of(state.carried_over())
    assert again.is_identity_held
    assert again.identity_holds[hold] == KnownHold(deviation="D1", apart=sorted(here(ana)))
