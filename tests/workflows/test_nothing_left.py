"""The last cells are gone before anybody used them: a person knows at once, and no patient is prepared for nothing."""

from typing import Any

import pytest

from schemas.facts import EventStatus
from tests.workflows.neighbours import Therapy, therapy
from tests.workflows.pure import PureJourney
from tests.workflows.test_material import BAG, SPARE, deviations, hear, quarantine, say

DOSES = ("DOSE-1-1", "DOSE-1-2")


def destroy(ana: Therapy, *names: str) -> Any:
    return say(ana, "material.disposed", containers=names, disposition="destroyed", by="technician-3")


def asked(ana: Therapy) -> dict[str, tuple[str, ...]]:
    """What people are asked, by stage, and what they can choose."""
    stuck = [each for each in ana.journey.state.stages.values() if each.impasse is not None]
    return {each.id: each.impasse.choices for each in stuck if each.impasse is not None}


def test_when_all_released_doses_are_destroyed_the_patient_is_not_prepared() -> None:
    ana = therapy()
    ana.after("batch.released")
    begins = next(each for each in ana.unheard if each.type == "conditioning.started")
    assert destroy(ana, *DOSES)[0] is EventStatus.APPLIED
    assert deviations(ana) == ["nothing_left"] and ana.journey.state.is_held
    assert hear(ana, begins) == (EventStatus.HELD, "journey_held")
    assert asked(ana) == {"to_centre": ("remake", "recollect", "stop")}


def test_what_is_made_again_is_given() -> None:
    ana = therapy(nothing_left="remake")
    ana.after("batch.released")
    ana.unheard.clear()
    destroy(ana, *DOSES)
    assert ana.whole().journey.state.closed == "completed"
    given = {each.id for each in ana.journey.state.materials.values() if each.status == "infused"}
    assert given == {"DOSE-2-1", "DOSE-2-2"}


def test_when_all_bags_are_destroyed_before_their_pick_up_the_patient_is_asked_again() -> None:
    ana = therapy()
    ana.before("shipment.picked_up")
    assert destroy(ana, BAG, SPARE)[0] is EventStatus.APPLIED
    assert deviations(ana) == ["nothing_left"]
    assert asked(ana) == {"to_manufacturer": ("recollect", "stop")}


@pytest.mark.parametrize("one_by_one", [True, False])
def test_the_last_one_counts_however_they_go(one_by_one: bool) -> None:
    ana = therapy()
    ana.before("manufacture.started")
    destroy(ana, BAG) if one_by_one else quarantine(ana, BAG)
    assert deviations(ana) == []
    destroy(ana, SPARE)
    assert deviations(ana) == ["nothing_left"]


@pytest.mark.parametrize(
    ("after", "names"),
    [("manufacture.started", [SPARE]), ("infusion.completed", ["DOSE-1-2"]), ("sample.collected", [BAG])],
)
def test_what_is_not_needed_or_not_the_last_is_missed_by_nobody(after: str, names: list[str]) -> None:
    ana = therapy()
    ana.after(after)
    destroy(ana, *names)
    assert deviations(ana) == []


def test_a_batch_that_was_rejected_can_be_destroyed() -> None:
    ana = therapy(fails=(("request_disposition", 1),), batch_rejected="remake")
    ana.before("manufacture.started", 2)
    assert destroy(ana, *DOSES)[0] is EventStatus.APPLIED
    assert deviations(ana) == []


def test_a_journey_that_an_earlier_engine_began_is_asked_nothing_new() -> None:
    ana = therapy()
    ana.journey = PureJourney(ana.journey.start.model_copy(update={"engine_version": 1}))
    ana.unheard, ana.told, ana._answered = [], [], 0
    ana.listen()
    ana.after("batch.released")
    begins = ana.before("conditioning.started")
    destroy(ana, *DOSES)
    assert deviations(ana) == [] and hear(ana, begins)[0] is EventStatus.APPLIED
