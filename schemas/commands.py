"""What we tell partners to do. One small vocabulary; a partner acknowledges each with a reference of its own."""

from typing import Any

from schemas.base import Code, Identifier, Instant, Strict
from schemas.events import TraceParent
from schemas.identity import CoiId, Role
from schemas.orders import Parties, PartyName
from schemas.stages import StageId

COMMANDS: dict[str, str] = {
    "request_evidence": "Provide the evidence that the enrolment needs.",
    "schedule_collection": "Collect the starting material.",
    "cancel_collection": "Do not collect.",
    "book_pickup": "Pick the named containers up and bring them to their receiver.",
    "recall_pickup": "Do not pick up; bring back what is under way.",
    "announce_delivery": "Expect the named containers.",
    "place_order": "Make the product from the named containers.",
    "cancel_order": "Stop making the product.",
    "request_release_tests": "Test the named batch.",
    "request_disposition": "Review the batch record, and release or reject the batch.",
    "clear_conditioning": "The product is released: conditioning may start.",
    "clear_infusion": "The product is here and the patient is prepared: thaw and infuse.",
    "request_follow_up": "See the patient at each visit and report it.",
    "request_milestones": "Report each of the named milestones.",
    "settle_material": "Destroy, keep or return the named containers.",
}
"""Every command, and what it asks of the partner."""

TAKE_BACKS = frozenset({"cancel_collection", "recall_pickup", "cancel_order"})
"""Commands that take another back: they move no cells on, so they go out also while identity is in doubt."""

MOVES_CELLS = frozenset(
    {
        "book_pickup",
        "announce_delivery",
        "place_order",
        "request_release_tests",
        "request_disposition",
        "clear_conditioning",
        "clear_infusion",
    }
)
"""Commands after which cells are moved, made into something or given. One that was planned for cells that were crossed
is never sent."""

DETAILS: dict[str, frozenset[str]] = {
    "request_evidence": frozenset({"evidence"}),
    "schedule_collection": frozenset({"material"}),
    "cancel_collection": frozenset({"cancels"}),
    "book_pickup": frozenset({"from", "to", "cargo", "containers", "temperature"}),
    "recall_pickup": frozenset({"cancels"}),
    "announce_delivery": frozenset({"from", "cargo", "containers"}),
    "place_order": frozenset({"containers"}),
    "cancel_order": frozenset({"cancels"}),
    "request_release_tests": frozenset({"batch", "tests"}),
    "request_disposition": frozenset({"batch", "doses", "signatures"}),
    "clear_conditioning": frozenset({"batch"}),
    "clear_infusion": frozenset({"doses", "thaw_limit"}),
    "request_follow_up": frozenset({"visits"}),
    "request_milestones": frozenset({"milestones"}),
    "settle_material": frozenset({"containers", "disposition"}),
}
"""What the `details` of each command can hold."""


class PartnerCommand(Strict):
    """A command to one partner.

    `key` is `{coi}/{stage}/{command}/{visit}` and never changes between attempts: the partner's idempotency key,
    and how an unknown outcome is looked up. `as_of` is the time of the newest fact that the command rests on.
    """

    key: str
    command: Code
    coi: CoiId
    order: Identifier
    role: Role
    partner: PartyName
    parties: Parties
    stage: StageId
    visit: int
    as_of: Instant
    time_lapse: float = 1
    details: dict[str, Any]
    traceparent: TraceParent | None = None


class Acknowledgement(Strict):
    """The partner took the command. `reference`: the partner's own name for what it will do."""

    reference: Identifier | None = None


def command_key(coi: str, stage: str, command: str, visit: int) -> str:
    """The idempotency key of a command."""
    return f"{coi}/{stage}/{command}/{visit}"
