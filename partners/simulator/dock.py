"""The dock: where a courier hands material over, and the receiver scans it."""

from partners.simulator import durations
from partners.simulator.story import Setting, Story
from schemas.base import Identifier, Instant, Strict
from schemas.event_data import Identifiers
from schemas.identity import CoiId


class Handover(Strict):
    """What the driver hands over. `as_of`: when."""

    reference: Identifier
    coi: CoiId
    order: Identifier
    containers: Identifiers
    as_of: Instant
    time_lapse: float


def receive(setting: Setting, handover: Handover) -> Story:
    """The receiver scans what arrived and says so."""
    story = Story(
        setting=setting,
        key=f"dock/{handover.reference}",
        coi=handover.coi,
        order=handover.order,
        as_of=handover.as_of,
        time_lapse=handover.time_lapse,
        parts=("dock", handover.reference),
    )
    story.takes(durations.RECEIPT)
    said = {"containers": handover.containers, "condition": "good", "reference": handover.reference}
    story.says("material.received", handover.reference, **said, **story.checked("receiver"))
    return story
