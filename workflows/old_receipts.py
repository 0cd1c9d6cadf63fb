"""Receipts of shipments that the journey went back behind: what was under way then has to be somewhere. Pure.

It changes nothing in the stage, which runs again; but whoever received the material has it, and it is kept apart from
what is collected or made in its place.
"""

from typing import cast

from schemas.event_data import MaterialReceived
from schemas.events import PartnerEvent
from schemas.facts import Material, MaterialStatus
from schemas.stages import ShipmentStage
from workflows import custody
from workflows.checks import mismatch
from workflows.state import JourneyState
from workflows.steps import Refusal

SINCE = 2
"""Journeys of earlier engines record it as late: their histories must replay (invariant 7)."""


def is_one(state: JourneyState, event: PartnerEvent, stage: str) -> bool:
    """Whether an event about an earlier visit of a stage says who has now what was under way."""
    known = state.start.engine_version >= SINCE and isinstance(state.protocol.by_id[stage], ShipmentStage)
    return known and event.type == "material.received" and bool(_under_way(state, event))


def refusal(state: JourneyState, event: PartnerEvent) -> Refusal | None:
    """Why it is not believed: another patient's label, or containers that never were under way in that shipment."""
    received = cast(MaterialReceived, event.said())
    now = {name for each in state.stages.values() for name in custody.cargo(each)}
    strange = {each for each in received.containers if each not in state.materials or each in now}
    other = {received.coi} if received.coi not in (None, state.start.coi) else set()
    wrong = sorted(each for each in strange | other if each is not None)
    return mismatch(*wrong) if wrong else None


def take_effect(state: JourneyState, event: PartnerEvent, stage: str) -> tuple[Material, ...]:
    """What was under way is kept where it arrived; gives the materials as they now are."""
    to = cast(ShipmentStage, state.protocol.by_id[stage]).to
    kept = {"status": MaterialStatus.RETAINED, "holder": to, "since": event.occurred_at}
    changed = tuple(each.model_copy(update=kept) for each in _under_way(state, event))
    state.materials.update({each.id: each for each in changed})
    return changed


def _under_way(state: JourneyState, event: PartnerEvent) -> list[Material]:
    named = [state.materials.get(each) for each in cast(MaterialReceived, event.said()).containers]
    return [each for each in named if each is not None and each.status is MaterialStatus.IN_TRANSIT]
