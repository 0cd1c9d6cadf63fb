"""The manufacturer's execution system: makes the product, reviews the batch record, releases or rejects."""

from partners.simulator import durations
from partners.simulator.milestones import reach_milestones
from partners.simulator.practice import Practice, only_acknowledge
from partners.simulator.story import CommandStory
from schemas.base import iso
from schemas.identity import Role

DOSES = (1, 1, 1, 2)
"""How many doses a batch fills: now and then it is enough for two."""


def make(story: CommandStory) -> str:
    """One batch from the first container; what is left of the starting material is kept."""
    batch = story.number("B")
    used = story.details["containers"][:1]
    story.takes(durations.MANUFACTURE_START)
    story.says("manufacture.started", story.order, batch=batch, containers=used, **story.checked("operator"))
    for step, spread in durations.STEPS.items():
        story.takes(spread)
        story.says("manufacture.step_completed", batch, batch=batch, step=step)
    story.takes(durations.HARVEST_AND_FILL)
    doses = [f"{batch}-{number}" for number in range(1, story.chance.choice(DOSES) + 1)]
    filled = {"batch": batch, "doses": doses, "parents": used}
    story.says("manufacture.completed", batch, **filled, **story.checked("operator"))
    return story.number("MO")


def review(story: CommandStory) -> None:
    """The batch record is read; everyone who must sign signs, or the batch is rejected."""
    batch = story.details["batch"]
    began = story.now
    story.takes(durations.DISPOSITION)
    signed_at = [began + (story.now - began) * share for share in _shares(len(story.details["signatures"]))]
    signers = story.people("quality", len(signed_at))
    signatures = [
        {"role": role, "by": by, "at": iso(at)}
        for role, by, at in zip(story.details["signatures"], signers, signed_at, strict=True)
    ]
    if story.happens(story.rates.batch_rejected):
        story.says("batch.rejected", batch, batch=batch, reason="batch_record_deviation")
    else:
        released = {"batch": batch, "doses": story.details["doses"], "signatures": signatures}
        story.says("batch.released", batch, **released, **story.checked("quality"))


def _shares(count: int) -> list[float]:
    """When each of the signers signs, as a share of the whole review; the last one ends it."""
    return [(number + 1) / count for number in range(count)]


MANUFACTURER = Practice(
    role=Role.MANUFACTURER,
    commands={
        "place_order": make,
        "cancel_order": only_acknowledge,
        "request_disposition": review,
        "request_milestones": reach_milestones,
        "announce_delivery": only_acknowledge,
        "settle_material": only_acknowledge,
    },
    has_dock=True,
)
