"""Shipment: from hand to hand, every container scanned at each."""

from functools import partial
from typing import TYPE_CHECKING, Any

from schemas.identity import Role
from schemas.stages import ShipmentStage
from workflows import checks
from workflows.hand_overs import HAND_OVER
from workflows.steps import GO_ON, MAKE_AGAIN, RELEASE_FIRST, Departure, Step, steps

if TYPE_CHECKING:
    from workflows.desk import Desk

STEPS = steps(
    Step("shipment.booked", before=("shipment.picked_up",)),
    Step("shipment.picked_up", checks=(*HAND_OVER, checks.cargo_is_ours)),
    Step("shipment.delayed", before=("shipment.delivered",), repeatable=True, departs=Departure("shipment_delayed")),
    Step(
        "shipment.excursion",
        after=("shipment.picked_up",),
        repeatable=True,
        departs=Departure("temperature_excursion", blocks=True, choices=GO_ON),
    ),
    Step("shipment.delivered", after=("shipment.picked_up",), checks=(*HAND_OVER, checks.cargo_is_complete)),
    Step("material.received", after=("shipment.delivered",), checks=(*HAND_OVER, checks.cargo_is_complete)),
    Step(
        "material.damaged",
        after=("shipment.picked_up",),
        checks=(checks.cargo_is_among,),
        departs=Departure("material_damaged", blocks=True, choices=GO_ON),
    ),
    Step(
        "shipment.lost",
        after=("shipment.picked_up",),
        before=("material.received",),
        departs=Departure("shipment_lost", choices=MAKE_AGAIN),
    ),
)


async def shipment(desk: "Desk[ShipmentStage]") -> None:
    """Book the courier, warn the receiver, and wait until every container is received."""
    await desk.tell(Role.COURIER, "book_pickup", partial(_booking, desk))
    await desk.tell(desk.spec.to, "announce_delivery", partial(_announcement, desk))
    await desk.hears("material.received")


def _booking(desk: "Desk[ShipmentStage]") -> dict[str, Any]:
    product = desk.state.protocol.ships_product(desk.spec)
    if product and checks.release_before(desk.state, desk.stage) is None:
        desk.asks("release_missing", RELEASE_FIRST)
    cargo = [each.id for each in checks.cargo_of(desk.state, desk.stage)]
    if not cargo and any(each.quarantined for each in desk.state.materials.values()):
        desk.asks("material_quarantined", MAKE_AGAIN)
    limits = desk.spec.temperature
    return {
        "from": desk.party(desk.spec.sender),
        "to": desk.party(desk.spec.to),
        "cargo": "product" if product else "starting_material",
        "containers": cargo,
        **({"temperature": limits.model_dump(exclude_none=True)} if limits else {}),
    }


def _announcement(desk: "Desk[ShipmentStage]") -> dict[str, Any]:
    # What was booked: by now it may have been picked up, and lie with the sender no more.
    booked = desk.command("book_pickup").details
    return {name: booked[name] for name in ("from", "cargo", "containers")}
