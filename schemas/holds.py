"""Identity holds: doubt whose cells these are. They stand in the database, outside every workflow."""

from typing import Annotated, Literal

from schemas.base import Identifier, Strict
from schemas.forms import form
from schemas.operations import Said

HoldId = Annotated[str, form(r"^hold-[0-9a-f]{20}$", "a hold as `clew hold list` names it")]

DOUBTS = frozenset({"identity_mismatch", "identifier_in_use"})
"""The deviations that open a hold."""

Finding = Literal["not_crossed", "crossed"]
"""What two people found: nothing of one patient reached another's therapy, or it did or may have."""


class IdentityHold(Strict):
    """A hold as one of its journeys is told of it. `about`: the identifiers in doubt. `finding`: None while it is open.

    `ours`: whether that journey's own record opened it; otherwise another journey's did. `reason`: the deviation that
    opened it, one of `DOUBTS`; None where it was told before that was said along.
    """

    id: HoldId
    about: tuple[Identifier, ...]
    ours: bool
    reason: str | None = None
    finding: Finding | None = None

    @property
    def is_open(self) -> bool:
        return self.finding is None


class Signing(Said):
    """A person signs what they found; `reason`: what it rests on."""

    finding: Finding
