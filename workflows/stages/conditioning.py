"""Conditioning: the patient is prepared. It cannot be undone, so it never starts before the release."""

from functools import partial
from typing import TYPE_CHECKING, Any

from schemas.stages import ConditioningStage
from workflows import checks, nothing_left
from workflows.steps import MAKE_AGAIN, RELEASE_FIRST, Step, steps

if TYPE_CHECKING:
    from workflows.desk import Desk

STEPS = steps(
    Step("conditioning.started", checks=(checks.after_release, nothing_left.released_dose_is_left)),
    Step("conditioning.completed", after=("conditioning.started",)),
)


async def conditioning(desk: "Desk[ConditioningStage]") -> None:
    """Clear the patient for conditioning, once the product is released, and wait until it is done."""
    await desk.tell(desk.spec.at, "clear_conditioning", partial(_clearance, desk))
    await desk.hears("conditioning.completed")


def _clearance(desk: "Desk[ConditioningStage]") -> dict[str, Any]:
    if checks.release_before(desk.state, desk.stage) is None:
        desk.asks("release_missing", RELEASE_FIRST)
    if not nothing_left.has_released_dose(desk.state):
        desk.asks(nothing_left.CODE, MAKE_AGAIN)
    batches = [release.batch for release in desk.state.releases.values()]
    return {"batch": batches[-1]}
