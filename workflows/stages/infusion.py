"""Infusion: thaw, bedside check by two people, and the cells are back where they came from."""

from functools import partial
from typing import TYPE_CHECKING, Any

from schemas.base import format_duration
from schemas.stages import InfusionStage
from workflows import checks
from workflows.hand_overs import HAND_OVER
from workflows.steps import GO_ON, RELEASE_FIRST, Departure, Step, steps

if TYPE_CHECKING:
    from workflows.desk import Desk

STEPS = steps(
    Step("product.thawed", checks=(*HAND_OVER, checks.dose_is_ours, checks.dose_is_fresh)),
    Step(
        "infusion.completed",
        waits=checks.dose_not_thawed,
        checks=(*HAND_OVER, checks.dose_is_ours, checks.dose_is_fresh, checks.bedside_check_agreed),
    ),
    Step("infusion.aborted", checks=(checks.dose_is_ours,), departs=Departure("infusion_aborted", choices=GO_ON)),
)


async def infusion(desk: "Desk[InfusionStage]") -> None:
    """Clear the doses that are here and released, and wait until each is given."""
    await desk.tell(desk.spec.at, "clear_infusion", partial(_clearance, desk))
    cleared = set(desk.command("clear_infusion").details["doses"])
    await desk.until(lambda: cleared <= {each.key for each in desk.heard("infusion.completed")})


def _clearance(desk: "Desk[InfusionStage]") -> dict[str, Any]:
    here = desk.state.at(desk.spec.at, "product")
    doses = sorted(each.id for each in here if checks.is_released(desk.state, each.id))
    if not doses:
        desk.asks("release_missing", RELEASE_FIRST)
    limit = {"thaw_limit": format_duration(desk.spec.thaw_limit)} if desk.spec.thaw_limit else {}
    return {"doses": doses, **limit}
