"""Milestone: wait for named moments, for what a new therapy needs before it deserves a kind of its own."""

from typing import TYPE_CHECKING

from schemas.stages import MilestoneStage
from workflows import checks
from workflows.steps import Step, steps

if TYPE_CHECKING:
    from workflows.desk import Desk

STEPS = steps(Step("milestone.reached", checks=(checks.milestone_is_awaited,)))


async def milestone(desk: "Desk[MilestoneStage]") -> None:
    """Ask for the milestones, where the protocol says whom, and wait for all of them."""
    awaited = set(desk.spec.milestones)
    if desk.spec.at is not None:
        await desk.tell(desk.spec.at, "request_milestones", lambda: {"milestones": list(desk.spec.milestones)})
    await desk.until(lambda: awaited <= {each.key for each in desk.heard("milestone.reached")})
