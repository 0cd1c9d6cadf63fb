"""Deliveries: commands on their way to partners, and what came of each attempt."""

from enum import StrEnum
from typing import Annotated

from schemas.forms import form

DeliveryId = Annotated[str, form(r"^D[0-9a-f]{16}$", "a delivery as `clew delivery list` names it")]


class DeliveryStatus(StrEnum):
    """Where a delivery stands.

    `waiting`: nothing was tried yet. `failing`: tried and not taken; it is tried again. `unknown`: the partner may
    have taken it, so it is asked before anything is sent again; where it cannot be asked, a person decides.
    `delivered`, `refused`, `given_up`: settled.
    """

    WAITING = "waiting"
    FAILING = "failing"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    REFUSED = "refused"
    GIVEN_UP = "given_up"


OPEN = (DeliveryStatus.WAITING, DeliveryStatus.FAILING, DeliveryStatus.UNKNOWN)
"""Not settled: the journey waits for it."""


class AttemptKind(StrEnum):
    """What was asked of the partner: to take the command, or what became of it."""

    SEND = "send"
    LOOK_UP = "look_up"


class Outcome(StrEnum):
    """What came of asking a partner.

    `taken`: it did, or had done, what it was told. `not_taken`: asked what became of a command, it has none.
    `later`: it did not take the command, and may later. `refused`: never. `unknown`: it may have taken it, so it is
    asked before anything is sent again (invariant 9). `no_look_up`: it cannot be asked; a person decides.
    """

    TAKEN = "taken"
    NOT_TAKEN = "not_taken"
    LATER = "later"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NO_LOOK_UP = "no_look_up"
