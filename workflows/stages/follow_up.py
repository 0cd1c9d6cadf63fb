"""Follow-up: the patient is seen at each visit, counted from the infusion."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from schemas.base import iso
from schemas.stages import FollowUpStage, InfusionStage
from workflows import checks
from workflows.steps import Departure, Step, steps

if TYPE_CHECKING:
    from workflows.desk import Desk

STEPS = steps(
    Step("follow_up.completed", checks=(checks.visit_is_planned, checks.visit_is_open)),
    Step("follow_up.missed", checks=(checks.visit_is_planned, checks.visit_is_open), departs=Departure("visit_missed")),
)


async def follow_up(desk: "Desk[FollowUpStage]") -> None:
    """Ask for every visit at once, then wait for each in turn; a missed visit is on record and the next one counts."""
    infused_at = _infused_at(desk)
    visits = {str(number): infused_at + after for number, after in enumerate(desk.spec.visits, start=1)}
    planned = {"visits": {each: iso(at) for each, at in visits.items()}}
    await desk.tell(desk.spec.at, "request_follow_up", lambda: planned)
    for number, at in visits.items():
        await desk.by(at + desk.spec.due, partial(_is_reported, desk, number))


def _is_reported(desk: "Desk[FollowUpStage]", number: str) -> bool:
    return number in {each.key for each in desk.heard("follow_up.completed", "follow_up.missed")}


def _infused_at(desk: "Desk[FollowUpStage]") -> datetime:
    spec = desk.state.protocol.nearest_before(desk.stage.id, InfusionStage)
    infused = desk.state.stages[spec.id].latest("infusion.completed") if spec else None
    return infused.occurred_at if infused else desk.state.as_of
