"""What operators do, such as giving an event up. On the ledger like facts, on chains of their own.

An operator's action belongs to no journey's own story, and a journey's entries are numbered by its workflow alone.
So each thing that is operated has its own chain; `actor` is the person, `reason` is why.
"""

from schemas.base import Code, Strict
from schemas.events import EventId, Source

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


class OnConnector(Operation):
    """A version of a connector, and the SHA-256 of its canonical JSON."""

    version: int
    hash: str


class OnMessage(Operation):
    """A partner's message, by its id. `became`: the status that it has now."""

    message: str
    became: str


OPERATIONS: dict[str, type[Operation]] = {
    "event.dismissed": OnEvent,
    "connector.published": OnConnector,
    "message.released": OnMessage,
    "message.dismissed": OnMessage,
}
"""Every action of an operator that is on record, and what its data says."""
