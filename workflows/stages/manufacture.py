"""Manufacture: the cells become a medicine."""

from functools import partial
from typing import TYPE_CHECKING, Any

from schemas.stages import ManufactureStage
from workflows import checks, new_names
from workflows.hand_overs import HAND_OVER
from workflows.steps import COLLECT_AGAIN, MAKE_AGAIN, Departure, Step, steps

if TYPE_CHECKING:
    from workflows.desk import Desk

STEPS = steps(
    Step(
        "manufacture.started",
        checks=(
            *HAND_OVER,
            new_names.batch_is_new,
            checks.starting_material_is_ours,
            checks.starting_material_is_fresh,
        ),
    ),
    Step(
        "manufacture.step_completed",
        after=("manufacture.started",),
        before=("manufacture.completed", "manufacture.failed"),
        checks=(checks.batch_is_this_one,),
    ),
    Step(
        "manufacture.completed",
        after=("manufacture.started",),
        before=("manufacture.failed",),
        checks=(*HAND_OVER, checks.batch_is_this_one, new_names.doses_are_new, checks.parents_are_those_started),
    ),
    Step(
        "manufacture.failed",
        after=("manufacture.started",),
        before=("manufacture.completed",),
        checks=(checks.batch_is_this_one,),
        departs=Departure("manufacture_failed"),
    ),
)


async def manufacture(desk: "Desk[ManufactureStage]") -> None:
    """Place the order, and wait for the doses. After a failure a person decides what to make again, and from what."""
    await desk.tell(desk.spec.at, "place_order", partial(_order, desk))
    outcome = await desk.hears("manufacture.completed", "manufacture.failed")
    if outcome.type == "manufacture.failed":
        desk.asks("manufacture_failed", MAKE_AGAIN)


def _order(desk: "Desk[ManufactureStage]") -> dict[str, Any]:
    fresh = checks.left_to_make_from(desk.state, desk.stage)
    if not fresh:
        desk.asks("lot_expired", COLLECT_AGAIN)
    return {"containers": fresh}
