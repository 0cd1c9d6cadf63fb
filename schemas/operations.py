"""What operators do, such as giving an event up. On the ledger like facts, on chains of their own.

An operator's action belongs to no journey's own story, and a journey's entries are numbered by its workflow alone.
So each thing that is operated has its own chain; `actor` is the person, `reason` is why.
"""

from schemas.base import Code, Strict
from schemas.events import EventId, EventType, Source
from schemas.orders import PartyName
from schemas.protocols import ProtocolName

OPERATIONS_PREFIX = "operations/"
"""No chain-of-identity id of any issuer begins like this."""


def operations_chain(about: str) -> str:
    """The chain of what is operated, such as `inbox`."""
    return OPERATIONS_PREFIX + about


def is_journey(chain: str) -> bool:
    """Whether entries with this name belong to a journey; the others are operators' own."""
    return not chain.startswith(OPERATIONS_PREFIX)


class Operation(Strict):
    """Base: why it was done."""

    reason: Code


class OnEvent(Operation):
    """`source` and `event`: the identity of the event."""

    source: Source
    event: EventId


class OnSubscription(Operation):
    """`position`: where in the feed it stood."""

    position: int


class OfSubscription(OnSubscription):
    """`host`: whom entries are sent to from now on, and then which of them. Without the whole URL, which may be a
    secret."""

    host: str
    types: tuple[EventType, ...] = ()
    protocol: ProtocolName | None = None
    party: PartyName | None = None


class SubscriptionReplayed(OnSubscription):
    """`after`: what comes after this position is sent again."""

    after: int


OPERATIONS: dict[str, type[Operation]] = {
    "event.dismissed": OnEvent,
    "subscription.created": OfSubscription,
    "subscription.changed": OfSubscription,
    "subscription.disabled": OnSubscription,
    "subscription.enabled": OnSubscription,
    "subscription.replayed": SubscriptionReplayed,
    "subscription.secret_rotated": OnSubscription,
    "subscription.removed": OnSubscription,
}
"""Every action of an operator that is on record, and what its data says."""
