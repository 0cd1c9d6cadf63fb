"""Winding up: a journey that ends early takes back what it began and accounts for every container."""

import asyncio
from typing import TYPE_CHECKING

from temporalio import workflow

from schemas.facts import Material, MaterialsSettled, MaterialStatus
from schemas.identity import Role
from workflows import checks
from workflows.desk import Stuck
from workflows.state import Impasse

if TYPE_CHECKING:
    from workflows.journey import Journey

DISPOSITIONS = {
    "destroy": MaterialStatus.DESTROYED,
    "retain": MaterialStatus.RETAINED,
    "return": MaterialStatus.RETURNED,
}
WINDING_UP = "winding_up"
"""What a command's key has in the place of a stage when the journey as a whole sends it."""


async def wind_up(journey: "Journey") -> None:
    """Recall pick-ups, cancel orders, then have people settle the material where it lies."""
    journey.notebook.close_tasks("journey_leaving", workflow.now())
    for stage in journey.state.active():
        journey.leave_stage(stage)
        journey.calls.take_back(stage)
    await journey.calls.done()
    holders = dict.fromkeys(each.holder for each in _unsettled(journey))
    await asyncio.gather(*(_settle(journey, number, holder) for number, holder in enumerate(holders, start=1)))


def settle_what_is_left(journey: "Journey") -> None:
    """A journey that reached its goal keeps what it did not need where it lies."""
    left = _unsettled(journey)
    if left:
        _settled(journey, left, MaterialStatus.RETAINED)


def _unsettled(journey: "Journey") -> list[Material]:
    return [each for each in journey.state.materials.values() if checks.is_unsettled(each)]


async def _settle(journey: "Journey", number: int, holder: Role) -> None:
    here = [each for each in _unsettled(journey) if each.holder is holder]
    ids = tuple(each.id for each in here)
    question = Impasse(question="settle_material", code="settle_material", choices=tuple(DISPOSITIONS), about=ids)
    choice = await journey.ask(f"settle-{number}", holder, question)
    status = DISPOSITIONS[choice]
    await _instruct(journey, number, holder, {"containers": list(ids), "disposition": status.value})
    _settled(journey, here, status)


async def _instruct(journey: "Journey", number: int, holder: Role, details: dict[str, object]) -> None:
    """Tell the holder, as often as a person says after a refusal."""
    attempt = 1
    while True:
        try:
            await journey.calls.tell_about(WINDING_UP, number, holder, "settle_material", details)
            return
        except Stuck as stuck:
            again = stuck.impasse.model_copy(update={"choices": ("send_again",)})
            await journey.ask(f"settle-{number}-refused-{attempt}", holder, again)
            attempt += 1


def _settled(journey: "Journey", materials: list[Material], status: MaterialStatus) -> None:
    now_so = tuple(each.model_copy(update={"status": status}) for each in materials)
    for each in now_so:
        journey.state.materials[each.id] = each
    fact = MaterialsSettled.model_validate({"disposition": status.value, "materials": now_so})
    journey.notebook.note("materials.settled", fact, workflow.now())
