"""What operators do: pausing a partner, sending again, giving up. On the ledger like facts, on chains of their own.

An operator's action belongs to no journey's own story, and a journey's entries are numbered by its workflow alone.
So each thing that is operated (a partner, the inbox, a connector, a subscription) has its own chain; `actor` is the
person, `reason` is why.
"""

from typing import Any

from pydantic import PositiveInt

from schemas.base import Code, Identifier, Strict
from schemas.events import EventId, Source

OPERATIONS_PREFIX = "operations/"
"""No chain-of-identity id of any issuer begins like this."""


def operations_chain(about: str) -> str:
    """The chain of what is operated: `partner/swift-courier`, `inbox`, `connector/fhir`, `subscription/S1`."""
    return OPERATIONS_PREFIX + about


def is_journey(chain: str) -> bool:
    """Whether entries with this name belong to a journey; the others are operators' own."""
    return not chain.startswith(OPERATIONS_PREFIX)


class Operation(Strict):
    """Base: why it was done. `journey`: the one that it is about, where there is one."""

    reason: Code
    journey: Identifier | None = None


class OnPartner(Operation):
    partner: str


class OnDelivery(OnPartner):
    """`delivery`: the delivery's id; `key`: the command's idempotency key."""

    delivery: str
    key: str


class DeliveryChanged(OnDelivery):
    """The details as they were and as they are sent from now on."""

    before: dict[str, Any]
    after: dict[str, Any]


class DeliveryConfirmed(OnDelivery):
    """A person found out that the partner had taken the command."""

    reference: Identifier | None = None


class OnMessage(OnPartner):
    """A partner's own message that could not be mapped. `sha256` names its content."""

    message: str
    sha256: str


class OnEvent(Operation):
    source: Source
    event: EventId


class ConnectorPublished(Operation):
    connector: str
    version: PositiveInt
    hash: str


class OnSubscription(Operation):
    subscription: str


OPERATIONS: dict[str, type[Operation]] = {
    "partner.paused": OnPartner,
    "partner.resumed": OnPartner,
    "delivery.resent": OnDelivery,
    "delivery.changed": DeliveryChanged,
    "delivery.confirmed": DeliveryConfirmed,
    "delivery.given_up": OnDelivery,
    "message.released": OnMessage,
    "message.dismissed": OnMessage,
    "event.released": OnEvent,
    "event.dismissed": OnEvent,
    "connector.published": ConnectorPublished,
    "subscription.created": OnSubscription,
    "subscription.changed": OnSubscription,
    "subscription.disabled": OnSubscription,
    "subscription.enabled": OnSubscription,
    "subscription.removed": OnSubscription,
}
"""Every action of an operator that is on record, and what its data says."""
