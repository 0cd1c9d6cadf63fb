"""The stage kinds: what each listens to (`STEPS`), and what each does (a coroutine in the verbs of the clinic)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from workflows.stages import (
    collection,
    conditioning,
    enrolment,
    follow_up,
    infusion,
    manufacture,
    milestone,
    release,
    shipment,
)
from workflows.steps import Steps


@dataclass(frozen=True)
class StageKind:
    """A kind: its steps, and the coroutine that carries a stage of it from its beginning to its end."""

    steps: Steps
    carry: Callable[[Any], Awaitable[None]]


KINDS: dict[str, StageKind] = {
    "enrolment": StageKind(enrolment.STEPS, enrolment.enrolment),
    "collection": StageKind(collection.STEPS, collection.collection),
    "shipment": StageKind(shipment.STEPS, shipment.shipment),
    "manufacture": StageKind(manufacture.STEPS, manufacture.manufacture),
    "release": StageKind(release.STEPS, release.release),
    "conditioning": StageKind(conditioning.STEPS, conditioning.conditioning),
    "infusion": StageKind(infusion.STEPS, infusion.infusion),
    "follow_up": StageKind(follow_up.STEPS, follow_up.follow_up),
    "milestone": StageKind(milestone.STEPS, milestone.milestone),
}
