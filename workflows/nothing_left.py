"""When the last material that a therapy could go on with is gone before its use, a person must know at once. Pure.

Else a shipment would wait with nothing to carry, and a patient could be prepared for cells that are no more.
"""

from collections.abc import Iterator

from schemas.event_data import MaterialDisposed
from schemas.facts import Material, MaterialStatus
from schemas.stages import CollectionStage, InfusionStage, ManufactureStage, StageBase
from workflows.checks import is_current, is_released, release_before
from workflows.state import JourneyState, StageStatus
from workflows.steps import MAKE_AGAIN, Departure, Hearing, Refusal

SINCE = 2
"""Journeys of earlier engines are asked no such question: their histories must replay (invariant 7)."""

CODE = "nothing_left"

TO_BE_USED = (MaterialStatus.AVAILABLE, MaterialStatus.IN_TRANSIT)


def departure(hearing: Hearing) -> Departure | None:
    """What it means that containers are disposed of, before they are."""
    if not isinstance(hearing.said, MaterialDisposed) or hearing.state.start.engine_version < SINCE:
        return None
    gone = set(hearing.said.handled())
    last = any(left and left <= gone for left in (_to_make_from(hearing.state), _to_give(hearing.state)))
    return Departure(CODE, blocks=True, choices=MAKE_AGAIN) if last else None


def released_dose_is_left(hearing: Hearing) -> Refusal | None:
    """Nobody is prepared for a product that was released and is gone, lost or put apart since."""
    released = release_before(hearing.state, hearing.stage) is not None
    left = has_released_dose(hearing.state)
    return None if left or not released else Refusal(reason=CODE, choices=MAKE_AGAIN, blocks=True)


def has_released_dose(state: JourneyState) -> bool:
    """Whether a dose is left to be given that a release names; earlier engines did not ask."""
    doses = [each for each in _usable(state, "product") if is_released(state, each.id)]
    return bool(doses) or state.start.engine_version < SINCE


def _to_make_from(state: JourneyState) -> set[str]:
    """The starting material of a manufacture that has not begun; none while more may be collected."""
    awaited = any(state.batch_of(each) is None for each in _not_done(state, ManufactureStage))
    if not awaited or any(_not_done(state, CollectionStage)):
        return set()
    fresh = [each for each in _usable(state, "starting_material") if not _is_expired(state, each)]
    return {each.id for each in fresh}


def _to_give(state: JourneyState) -> set[str]:
    """The product of an infusion that nothing was given in."""
    doses = [each for each in state.materials.values() if each.kind == "product" and _is_of_now(state, each)]
    given = any(each.status is MaterialStatus.INFUSED for each in doses)
    if given or not any(_not_done(state, InfusionStage)):
        return set()
    return {each.id for each in _usable(state, "product") if _is_of_now(state, each)}


def _usable(state: JourneyState, kind: str) -> Iterator[Material]:
    for each in state.materials.values():
        if each.kind == kind and each.status in TO_BE_USED and not each.quarantined:
            yield each


def _not_done(state: JourneyState, kind: type[StageBase]) -> Iterator[str]:
    for spec in state.protocol.stages:
        if isinstance(spec, kind) and state.stages[spec.id].status is not StageStatus.DONE:
            yield spec.id


def _is_of_now(state: JourneyState, dose: Material) -> bool:
    return dose.batch is not None and is_current(state, dose.batch)


def _is_expired(state: JourneyState, material: Material) -> bool:
    return material.expires_at is not None and material.expires_at < state.as_of
