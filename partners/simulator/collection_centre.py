"""The apheresis unit or theatre: takes cells or tissue from the patient."""

from typing import Any

from partners.simulator import durations
from partners.simulator.milestones import reach_milestones
from partners.simulator.practice import Practice, only_acknowledge
from partners.simulator.story import CommandStory
from schemas.base import iso
from schemas.identity import Role


def collect(story: CommandStory) -> None:
    """A slot, hours at the machine, then two containers under a new donation number; or too few cells."""
    story.takes(durations.COLLECTION_SLOT)
    story.says("collection.started", story.coi, device=f"device-{story.chance.randint(1, 6)}")
    story.takes(durations.COLLECTION)
    donation = story.number("DN")
    people = story.people("nurse", 2)
    containers = [_container(story, f"{donation}-{letter}") for letter in "AB"]
    if story.happens(story.rates.collection_fails):
        story.says("collection.failed", story.coi, reason="too_few_cells", donation=donation)
    else:
        said = {"donation": donation, "containers": containers, "ended_at": iso(story.now), "verified_by": people}
        story.says("sample.collected", story.coi, **said)


def _container(story: CommandStory, identity: str) -> dict[str, Any]:
    tnc = round(story.chance.lognormvariate(0, 0.25) * 6e9)
    volume = round(story.chance.triangular(80, 240, 150))
    cd3 = round(tnc * story.chance.triangular(0.2, 0.6, 0.4))
    if story.details["material"] == "leukapheresis":
        return {"id": identity, "volume_ml": volume, "tnc": tnc, "cd3": cd3}
    return {"id": identity, "volume_ml": volume}


COLLECTION_CENTRE = Practice(
    role=Role.COLLECTION_CENTRE,
    commands={
        "schedule_collection": collect,
        "cancel_collection": only_acknowledge,
        "request_milestones": reach_milestones,
        "announce_delivery": only_acknowledge,
        "settle_material": only_acknowledge,
    },
    has_dock=True,
)
