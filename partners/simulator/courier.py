"""The courier: fetches containers, and hands them over at the receiver's dock."""

from datetime import timedelta
from typing import Any

from partners.simulator import durations
from partners.simulator.chance import Spread
from partners.simulator.practice import Practice, only_acknowledge
from partners.simulator.story import CommandStory
from schemas.base import iso
from schemas.identity import Role

LOGGED_EVERY, MOST_LOGGED = timedelta(minutes=10), 1_000


def carry(story: CommandStory) -> str:
    """Booked, picked up, sometimes delayed, delivered; and the goods stand at the dock."""
    reference = story.number("SC")
    containers = story.details["containers"]
    above_freezing = (story.details.get("temperature") or {}).get("max", -1) > 0
    pick_up, transit, delay = _quick() if above_freezing else _usual()

    wait, journey, hold_up = (spread.draw(story.chance) for spread in (pick_up, transit, delay))
    eta = story.later(wait + journey)
    story.says("shipment.booked", reference, reference=reference, pick_up_at=iso(story.later(wait)), eta=iso(eta))
    picked_up_at = story.now = story.later(wait)
    story.says("shipment.picked_up", reference, reference=reference, containers=containers, **story.checked("driver"))
    if story.happens(story.rates.shipment_delayed):
        story.now = story.later(journey / 2)
        new_eta = iso(story.later(journey / 2 + hold_up))
        story.says("shipment.delayed", reference, reference=reference, eta=new_eta, reason="flight_delayed")
        story.now = story.later(journey / 2 + hold_up)
    else:
        story.now = eta
    story.says("shipment.delivered", reference, reference=reference, containers=containers, **story.checked("driver"))
    story.hands_over(story.details["to"], reference, containers)
    if story.happens(story.rates.logger_file):
        story.uploads(_logged(story, reference, story.now - picked_up_at))
    return reference


def _logged(story: CommandStory, reference: str, duration: timedelta) -> list[dict[str, Any]]:
    """What the logger in the box says of the journey that has just ended: always well inside the limits."""
    limits = story.details.get("temperature") or {}
    middle = (limits["min"] + limits["max"]) / 2 if limits.keys() == {"min", "max"} else limits.get("max", 0) - 20
    step = LOGGED_EVERY / story.time_lapse
    return [
        {
            "device": f"LOGGER-{reference}",
            "at": iso(story.now - number * step),
            "value": round(middle + story.chance.uniform(-1, 1), 2),
            "shipment": reference,
        }
        for number in range(min(int(duration / step), MOST_LOGGED))
    ]


def _quick() -> tuple[Spread, Spread, Spread]:
    return durations.QUICK_PICK_UP, durations.QUICK_TRANSIT, durations.QUICK_DELAY


def _usual() -> tuple[Spread, Spread, Spread]:
    return durations.PICK_UP, durations.TRANSIT, durations.DELAY


COURIER = Practice(
    role=Role.COURIER,
    commands={"book_pickup": carry, "recall_pickup": only_acknowledge, "settle_material": only_acknowledge},
)
