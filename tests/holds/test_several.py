"""A journey in which several things are in doubt at once: whatever is found, in whichever order, somebody can go on."""

from itertools import product

import pytest

from schemas.facts import Appended, Batch, EventStatus, JourneyStatus
from schemas.holds import Finding
from tests.holds.test_resolved import apart, asked, doubted, ends, here
from tests.holds.ward import Ward, recorded, with_labels_of
from tests.workflows.neighbours import Therapy
from workflows import course, hearing, identity_holds
from workflows.notebook import Notebook
from workflows.rules import Verdict
from workflows.state import JourneyState, StageStatus
from workflows.steps import MAKE_AGAIN, Refusal

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


def test_where_the_stage_that_asks_runs_again_for_another_reason_nothing_is_left_of_the_question(ward: Ward) -> None:
    _, ben, hold = doubted(ward)
    ends(ward, hold, "crossed", ben)
    state = ben.journey.state
    course.reopen(state, ben.journey.notebook, state.stages["to_manufacturer"], "x", state.as_of)
    assert not state.is_held


def test_crossed_cells_are_asked_about_in_the_stage_in_which_the_doubt_arose(ward: Ward) -> None:
    """Another one runs beside it, and a question was open already."""
    ana, _, hold = failed_and_in_doubt(ward)
    state = ana.journey.state
    state.stages["collection"].status = StageStatus.ACTIVE
    ends(ward, hold, "crossed", ana)
    assert asked(ana, "manufacture")[0] == "identity_crossed"


def test_a_question_that_waits_for_another_one_is_not_lost_where_some_other_stage_runs_again(ward: Ward) -> None:
    ana, sample, _ = in_doubt_twice_at_once(ward)
    ends(ward, sample, "not_crossed", ana)
    state = ana.journey.state
    waits = state.identity_holds[sample].deviation
    course.reopen(state, ana.journey.notebook, state.stages["collection"], "x", state.as_of)
    assert waits in state.deviations


def failed_and_in_doubt(ward: Ward) -> tuple[Therapy, Therapy, str]:
    """Ana's manufacture has failed, and a person is asked. Then a sample of her batch bears the name of Ben's bag."""
    ana, ben = ward.admits("ANA"), ward.admits("BEN")
    bag = ben.after("sample.collected").data["containers"][0]["id"]
    batch = ana.before("manufacture.completed").data["batch"]
    failed = ana.neighbours.event("manufacture.failed", batch, {"batch": batch, "reason": "contaminated"})
    sampled = ana.neighbours.event("material.sampled", batch, {"source": batch, "samples": [{"id": bag}]})
    ana.unheard.clear()
    for event in (failed, sampled):
        outcome = recorded(ana).hears(event.model_copy(update={"id": f"ANA-{event.id}"}))
        assert outcome is not None and outcome.status is EventStatus.APPLIED
    (hold,) = ana.journey.state.identity_holds
    return ana, ben, hold


def test_doubt_takes_no_open_question_away_and_what_is_decided_on_that_one_is_followed(ward: Ward) -> None:
    ana, _, hold = failed_and_in_doubt(ward)
    assert asked(ana, "manufacture")[0] == "manufacture_failed"
    assert len(open_tasks(ana)) == 1
    ends(ward, hold, "not_crossed", ana)
    ana.journey.decide("manufacture", "remake")
    assert ana.journey.state.stages["manufacture"].visit == 2
    assert not ana.journey.state.is_held and not open_tasks(ana)


def test_where_it_was_crossed_an_older_question_is_closed_and_has_its_own_answer_no_more(ward: Ward) -> None:
    ana, _, hold = failed_and_in_doubt(ward)
    ends(ward, hold, "crossed", ana)
    assert asked(ana, "manufacture")[0] == "identity_crossed"
    assert len(open_tasks(ana)) == 1


def in_doubt_twice_at_once(ward: Ward, *, strange_first: bool = False) -> tuple[Therapy, str, str]:
    """A sample of Ana's bears the name of Ben's bag, and a strange bag is handed over, in one append.

    The ledger tells of the two holds in either order. Gives the hold of the sample, and that of the strange bag.
    """
    ana, ben = ward.admits("ANA"), ward.admits("BEN")
    bag = ben.after("sample.collected").data["containers"][0]["id"]
    hers = ana.before("shipment.picked_up")
    said = {"source": hers.data["containers"][0], "samples": [{"id": bag}]}
    sampled = ana.neighbours.event("material.sampled", ana.journey.start.coi, said)
    strange = hers.model_copy(update={"id": "strange", "data": {**hers.data, "containers": ["STRANGE"]}})

    def tells(batch: Batch) -> Appended:
        told = ward.append(batch)
        holds = sorted(told.holds, key=lambda each: "STRANGE" in each.about, reverse=strange_first)
        return told.model_copy(update={"holds": tuple(holds)})

    recorded(ana).append = tells
    for event in (sampled.model_copy(update={"id": "sampled"}), strange):
        hearing.hear(ana.journey.state, ana.journey.notebook, event, ana.journey.state.as_of)
    ana.journey.settle()
    first, second = ana.journey.state.identity_holds
    return (ana, second, first) if strange_first else (ana, first, second)


@pytest.mark.parametrize("strange_first", [True, False])
def test_two_doubts_that_come_at_once_each_go_with_their_own_hold(ward: Ward, strange_first: bool) -> None:
    ana, sample, strange = in_doubt_twice_at_once(ward, strange_first=strange_first)
    state = ana.journey.state
    opened = [state.deviations[state.identity_holds[each].deviation].code for each in (sample, strange)]
    assert opened == ["identifier_in_use", "identity_mismatch"]
    for each in (sample, strange):
        ends(ward, each, "not_crossed", ana)
    # Both are asked of somebody in the end, one after the other.
    assert asked(ana)[0] == "identity_mismatch"
    ana.journey.decide("to_manufacturer", "continue")
    assert asked(ana)[0] == "identifier_in_use"
    ana.journey.decide("to_manufacturer", "continue")
    assert not state.is_held and not open_tasks(ana)


@pytest.mark.parametrize("others", [("BEN",), ("BEN", "CORA")])
def test_a_patient_who_has_had_the_cells_is_followed_up_even_if_they_were_crossed(
    ward: Ward, others: tuple[str, ...]
) -> None:
    """Ana was given her dose; then somebody says that it was given to Ben, and to Cora too."""
    ana = ward.admits("ANA")
    ana.before("follow_up.completed")
    infused = next(each for each in ana.told if each.type == "infusion.completed")
    for ben in [ward.admits(each) for each in others]:
        recorded(ben).hears(with_labels_of(ben.before("infusion.completed"), infused))
        recorded(ana).looks()
    for hold in ana.journey.state.identity_holds:
        ends(ward, hold, "crossed", ana)
    recorded(ben).looks()
    assert asked(ana, "monitoring") == ("identity_crossed", ("continue", "recollect", "stop"))
    assert "continue" not in asked(ben, "infusion")[1]
    ana.journey.decide("monitoring", "continue")
    assert ana.whole().journey.state.closed is JourneyStatus.COMPLETED


def test_another_patients_id_as_a_name_of_this_one_is_in_doubt_even_before_the_first_stage(ward: Ward) -> None:
    ana, ben = ward.admits("ANA"), ward.admits("BEN")
    start = ana.journey.start
    said = {"kind": "coi", "value": ben.journey.start.coi, "names": start.order}
    assigned = ana.neighbours.event("identifier.assigned", start.coi, said)
    state, notebook = _not_begun(ana)
    hearing.hear(state, notebook, assigned, state.as_of)
    (deviation,) = state.deviations.values()
    assert (deviation.code, deviation.stage) == ("identity_mismatch", None)
    assert state.is_held and not course.ready(state)


def test_a_journey_of_an_earlier_engine_goes_its_old_way_then(ward: Ward) -> None:
    """Its recorded history knows of no such hold (invariant 7)."""
    ana, ben = ward.admits("ANA"), ward.admits("BEN")
    start = ana.journey.start
    said = {"kind": "coi", "value": ben.journey.start.coi, "names": start.order}
    assigned = ana.neighbours.event("identifier.assigned", start.coi, said)
    state, notebook = _not_begun(ana, engine_version=1)
    hearing.hear(state, notebook, assigned, state.as_of)
    assert not state.is_held


def test_a_question_that_nobody_could_be_asked_holds_no_journey_unless_two_people_sign_for_it(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = ward.admits("ANA")
    state, notebook = _not_begun(ana)
    refusal = Refusal(reason="nothing_left", choices=MAKE_AGAIN, blocks=True)
    monkeypatch.setattr(hearing, "judge", lambda *_: Verdict(EventStatus.REFUSED, refusal.reason, refusal=refusal))
    hearing.hear(state, notebook, ana.unheard[0], state.as_of)
    assert not state.is_held and not state.deviations


def _not_begun(patient: Therapy, engine_version: int = 2) -> tuple[JourneyState, Notebook]:
    state = JourneyState.new(patient.journey.start.model_copy(update={"engine_version": engine_version}))
    return state, Notebook(state)


def test_a_journey_that_has_left_is_asked_nothing_when_its_own_doubt_turns_out_to_be_none(ward: Ward) -> None:
    """Also where the stage still shows the question that its own hold put."""
    ana, _, hold = doubted(ward)
    ana.journey.state.leaving = "patient_withdrew"
    ends(ward, hold, "not_crossed", ana)
    assert not open_tasks(ana) and not ana.journey.state.deviations


def test_a_journey_that_has_left_is_not_asked_how_to_go_on_with_crossed_cells(ward: Ward) -> None:
    ana, _, hold = doubted(ward)
    ana.journey.state.leaving = "patient_withdrew"
    ends(ward, hold, "crossed", ana)
    assert not open_tasks(ana) and not ana.journey.state.deviations


def test_a_hold_of_anothers_that_was_not_crossed_leaves_the_question_of_ones_own_as_it_is(ward: Ward) -> None:
    ana, holds = doubted_twice(ward, by_herself=True)
    ends(ward, holds["second"], "not_crossed", ana)
    assert asked(ana)[0] == "identity_mismatch" and len(open_tasks(ana)) == 1
    ends(ward, holds["first"], "not_crossed", ana)
    assert asked(ana)[0] == "identity_mismatch" and len(open_tasks(ana)) == 1


def test_a_stage_knows_its_question_for_one_that_a_hold_has_put(ward: Ward) -> None:
    """What else the stage cannot go on with takes no such question's place."""
    ana, ben, _ = doubted(ward)
    state = ana.journey.state
    assert identity_holds.ask(state, state.stages["to_manufacturer"])
    assert not identity_holds.ask(state, state.stages["manufacture"])
    assert not identity_holds.ask(ben.journey.state, ben.journey.state.stages["to_manufacturer"])


def test_doubt_is_asked_as_an_unasked_question_only_when_two_people_have_ended_it(ward: Ward) -> None:
    ana, _, hold = doubted(ward)
    state, stage = ana.journey.state, ana.journey.state.stages["to_manufacturer"]
    assert course.unasked(state, stage) is None
    del state.identity_holds[hold]
    assert course.unasked(state, stage) is None, "nobody has told the journey of the hold yet"


def test_what_blocks_a_stage_without_doubt_about_identity_is_asked_next(ward: Ward) -> None:
    ana = ward.admits("ANA")
    ana.before("shipment.picked_up")
    state, stage = ana.journey.state, ana.journey.state.stages["to_manufacturer"]
    other = ana.journey.notebook.deviate("temperature_excursion", state.as_of, stage="manufacture", blocks=True)
    assert course.unasked(state, stage) is None
    ana.journey.notebook.resolve(other, "x", state.as_of)
    ana.journey.notebook.deviate("temperature_excursion", state.as_of, stage=stage.id, blocks=True)
    found = course.unasked(state, stage)
    assert found is not None and found.code == "temperature_excursion"
