"""What operators do: giving an event up, sending a command again, pausing a partner.

On the ledger like facts, on chains of their own: such an action belongs to no journey's own story, and a journey's
entries are numbered by its workflow alone. `actor` is the person, `reason` is why.
"""

from typing import Any

from schemas.base import Code, Identifier, Strict
from schemas.events import EventId, EventType, Source
from schemas.identity import CoiId
from schemas.labels import LabelContent, LabelFor, LabelNumber, SetId
from schemas.orders import PartyName
from schemas.protocols import ProtocolName
from schemas.stages import StageId

OPERATIONS_PREFIX = "operations/"
"""No chain-of-identity id of any issuer begins like this."""


def operations_chain(about: str) -> str:
    """The chain of what is operated: `inbox`, `partner/swift-courier`."""
    return OPERATIONS_PREFIX + about


def is_journey(chain: str) -> bool:
    """Whether entries with this name belong to a journey; the others are operators' own."""
    return not chain.startswith(OPERATIONS_PREFIX)


class Said(Strict):
    """Who does something, and why."""

    by: Identifier
    reason: Code


class Operation(Strict):
    """Base: why it was done."""

    reason: Code


class OnEvent(Operation):
    """`source` and `event`: the identity of the event."""

    source: Source
    event: EventId


class OnPartner(Operation):
    """`partner`: its name."""

    partner: PartyName


class OnDelivery(OnPartner):
    """`delivery`: its id; `key`: the command's idempotency key; `journey`: the one that waits for it."""

    delivery: str
    key: str
    journey: CoiId


class DeliveryChanged(OnDelivery):
    """The details as they were, and as they are sent from now on."""

    before: dict[str, Any]
    after: dict[str, Any]


class DeliveryConfirmed(OnDelivery):
    """A person found out that the partner had taken the command. `reference`: the partner's own name for it."""

    reference: Identifier | None = None


class OnConnector(Operation):
    """A version of a connector, and the SHA-256 of its canonical JSON."""

    version: int
    hash: str


class OnMessage(Operation):
    """A partner's message, by its id. `became`: the status that it has now."""

    message: str
    became: str


class OnHold(Operation):
    """An identity hold, by its id."""

    hold: str


class HoldOpened(OnHold):
    """`journey`: whose record brought the doubt; `sides`: every journey that is held; `about`: the identifiers."""

    journey: CoiId
    sides: tuple[CoiId, ...]
    about: tuple[Identifier, ...]


class HoldJoined(OnHold):
    """`journey`: held too since it claimed these identifiers."""

    journey: CoiId
    about: tuple[Identifier, ...]


class HoldSigned(OnHold):
    """The actor signed `finding`: `not_crossed` or `crossed`."""

    finding: Code


class HoldClosed(HoldSigned):
    """Two people signed the same finding; `signed_by`: who."""

    signed_by: tuple[Identifier, ...]


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


class OnEpcisEvent(Operation):
    """A partner declared an EPCIS event of its own wrong. `event`: its id; `capture`: the job that brought the word.

    `instead`: the events that are right, as far as the partner names them.
    """

    capture: str
    event: EventId
    instead: tuple[str, ...] = ()


class OnLabelSet(Operation):
    """`set`: its id; `journey`: whose material it is for."""

    set: SetId
    journey: CoiId


class LabelSetIssued(OnLabelSet):
    """`labels`: every label of the set; `content`: what stands on each; `two_people`: its account needs two.

    `request`: the hash of what was asked, where it came with an Idempotency-Key.
    """

    stage: StageId
    content: LabelContent
    labels: tuple[LabelFor, ...]
    two_people: bool
    request: str | None = None


class OnLabels(OnLabelSet):
    """`numbers`: the labels that it was done with."""

    numbers: tuple[LabelNumber, ...]


class LabelApplied(OnLabelSet):
    """`container`: the container or dose that bears it now; `verified_by`: who looked on."""

    number: LabelNumber
    container: Identifier
    verified_by: Identifier | None = None


class LabelSetReconciled(OnLabelSet):
    """Labels issued = used + destroyed + returned. `witnessed_by`: the second signature."""

    issued: int
    used: int
    destroyed: int
    returned: int
    witnessed_by: Identifier | None = None


class CheckpointsRestarted(Operation):
    """The checkpoints were begun anew. `kept_as`: the old file's name; `size` and `root`: of the newest in it."""

    kept_as: str
    size: int | None = None
    root: str | None = None


OPERATIONS: dict[str, type[Operation]] = {
    "partner.paused": OnPartner,
    "partner.resumed": OnPartner,
    "partner.resent": OnPartner,
    "delivery.resent": OnDelivery,
    "delivery.changed": DeliveryChanged,
    "delivery.confirmed": DeliveryConfirmed,
    "delivery.given_up": OnDelivery,
    "event.dismissed": OnEvent,
    "identity_hold.opened": HoldOpened,
    "identity_hold.joined": HoldJoined,
    "identity_hold.signed": HoldSigned,
    "identity_hold.closed": HoldClosed,
    "connector.published": OnConnector,
    "message.released": OnMessage,
    "message.dismissed": OnMessage,
    "subscription.created": OfSubscription,
    "subscription.changed": OfSubscription,
    "subscription.disabled": OnSubscription,
    "subscription.enabled": OnSubscription,
    "subscription.replayed": SubscriptionReplayed,
    "subscription.secret_rotated": OnSubscription,
    "subscription.removed": OnSubscription,
    "epcis.error_declared": OnEpcisEvent,
    "label_set.issued": LabelSetIssued,
    "labels.printed": OnLabels,
    "label.applied": LabelApplied,
    "labels.destroyed": OnLabels,
    "labels.returned": OnLabels,
    "labels.voided": OnLabels,
    "label_set.reconciled": LabelSetReconciled,
    "checkpoints.restarted": CheckpointsRestarted,
}
"""Every action of an operator that is on record, and what its data says."""
