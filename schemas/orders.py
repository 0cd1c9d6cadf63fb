"""The start of a journey: what is asked for, and what the workflow is given."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PositiveInt

from schemas.base import Identifier, Instant, Strict
from schemas.errors import Flaw, Invalid
from schemas.forms import form
from schemas.identity import CoiId, Role
from schemas.protocols import Protocol, ProtocolName, as_one

PartyName = Annotated[str, form(r"^[a-z0-9][a-z0-9-]{0,47}$", "in small letters, digits and -, such as st-marys")]
"""An organisation, by the name under which it is registered as a partner."""

Parties = dict[Role, PartyName]

ENGINE_VERSION = 2
"""Raised when the workflow's code changes so that a running journey must keep the old behaviour (invariant 7)."""


class JourneyOrder(Strict):
    """A request to start a journey. `version` left out means the newest published one."""

    protocol: ProtocolName
    version: PositiveInt | None = None
    order: Identifier
    parties: Annotated[Parties, Field(min_length=1)]
    time_lapse: Annotated[
        float,
        Field(ge=1, le=1_000_000, description="Divides every duration of the protocol: demonstrations only."),
    ] = 1


class JourneyStart(Strict):
    """What a journey carries for life. The protocol is passed whole, so it can never change under the journey."""

    coi: CoiId
    order: Identifier
    parties: Parties
    protocol: Annotated[Protocol, AfterValidator(as_one)]
    time_lapse: float = 1
    ordered_at: Instant
    engine_version: int = ENGINE_VERSION
    carried: dict[str, Any] | None = Field(
        default=None, description="What the run before this one knew; set when a journey goes on in a new run."
    )

    def party(self, role: Role) -> PartyName:
        """The organisation in a role; every role of the protocol is bound before a journey starts."""
        return self.parties[role]


def journey_start(order: JourneyOrder, coi: str, protocol: Protocol, ordered_at: datetime) -> JourneyStart:
    """The start that answers an order. Raises `Invalid` (`party_missing`) where a role is bound to nobody."""
    missing = sorted(protocol.roles() - set(order.parties))
    if missing:
        flaws = [Flaw(pointer=f"/parties/{role}", code="party_missing", detail="bound to nobody") for role in missing]
        raise Invalid("party_missing", f"The protocol needs an organisation as {', '.join(missing)}.", flaws)
    return JourneyStart(
        coi=coi,
        order=order.order,
        parties=order.parties,
        protocol=protocol,
        time_lapse=order.time_lapse,
        ordered_at=ordered_at,
    )
