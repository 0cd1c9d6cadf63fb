"""What the API says: one model an answer."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.base import Identifier
from schemas.events import EventId, Source
from schemas.holds import Finding
from schemas.operations import Said
from schemas.subscriptions import Standing


class Answer(BaseModel):
    """Base of every answer; made from rows by attribute."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Links(Answer):
    """Where to look further."""

    self: str
    journey: str | None = None


class EventReceipt(Answer):
    """An event is on record. `status`: `unmatched` while its subject is unknown, else what became of it so far."""

    source: str
    id: str
    status: str
    reason: str | None = None
    journey: str | None = None
    links: Links
    checkpoint: str | None = Field(default=None, description="The newest checkpoint of the ledger, a signed note.")


class BatchReceipt(Answer):
    """All events of a batch are on record, in the batch's order. `checkpoint`: the newest one, a signed note."""

    items: list[EventReceipt]
    checkpoint: str | None = None


class EventView(Answer):
    """An event, and what became of it. The message itself stays in the inbox."""

    source: str
    id: str
    type: str
    subject: str
    occurred_at: datetime
    received_at: datetime
    delivered_at: datetime | None
    status: str
    reason: str | None
    journey: str | None
    decided_by: str | None


class JourneyReceipt(Answer):
    """A journey is on record. `status` is `ordered` until it runs; `started`: whether Temporal has taken it.

    `position`: of its first entry, once that is on the ledger; `checkpoint`: the newest one, a signed note.
    """

    coi: str
    order: str
    status: str
    started: bool
    links: Links
    position: int | None = None
    checkpoint: str | None = None


class JourneySummary(Answer):
    """A journey in a list. `stages`: the active ones."""

    coi: str
    order: str = Field(validation_alias="order_number")
    protocol: str
    version: int
    status: str
    stages: list[str]
    treatment_centre: str | None
    ordered_at: datetime
    closed_at: datetime | None
    next_due_at: datetime | None
    at_risk: bool


class StageView(Answer):
    """A stage as it is now. `visit`: which time it runs."""

    stage: str
    kind: str | None
    status: str
    visit: int
    began_at: datetime | None
    ended_at: datetime | None
    due_at: datetime | None
    times_overdue: int


class TaskView(Answer):
    """A question to people, and its answer once there is one. `party`: whose people."""

    journey: str
    id: str
    status: str
    question: str
    stage: str | None
    role: str
    party: str | None
    about: list[str]
    choices: list[dict[str, str]]
    opened_at: datetime
    due_at: datetime
    times_overdue: int
    closed_at: datetime | None
    choice: str | None
    reason: str | None
    decided_by: str | None


class DeviationView(Answer):
    """A departure from the plan. `blocks`: whether the journey is held until it is resolved."""

    journey: str
    id: str
    code: str
    stage: str | None
    about: list[str]
    blocks: bool
    opened_at: datetime
    resolved_at: datetime | None
    resolution: str | None


class SignatureView(Answer):
    """What one person found, and what it rests on."""

    by: str
    finding: Finding
    reason: str
    at: datetime


class HoldView(Answer):
    """Doubt whose cells these are. `journey`: whose record brought it; `sides`: every journey that it holds.

    `finding` is None until two different people have signed the same one.
    """

    id: str
    reason: str
    journey: str
    sides: list[str]
    about: list[str]
    opened_at: datetime
    finding: Finding | None
    closed_at: datetime | None
    signatures: list[SignatureView]


class MaterialView(Answer):
    """A container or dose as it is now. `parents`: what it was made from; `children`: what was made from it.

    `quarantined`: its identity is in doubt, or was found to be wrong.
    """

    id: str
    kind: str
    status: str
    holder: str
    party: str | None
    parents: list[str]
    children: list[str]
    batch: str | None
    expires_at: datetime | None
    quarantined: bool
    form: str | None = None
    amounts: list[dict[str, Any]] = []


class IdentifierView(Answer):
    """A name under which the journey, or something of it, is known; `names`: ours, where it is a partner's own."""

    kind: str
    value: str
    names: str | None = None


class IdentifierLookup(IdentifierView):
    """Which journey the identifier leads to."""

    journey: str


class EntryView(Answer):
    """One fact on the ledger. `occurred_at` is the sender's time, `recorded_at` ours."""

    position: int
    seq: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    source: str
    event_id: str | None
    data: dict[str, Any]
    previous_hash: str
    hash: str


class FeedEntryView(EntryView):
    """A fact, and whose it is: `journey` is a chain-of-identity id, or an operators' chain (`operations/…`)."""

    journey: str


class FeedView(Answer):
    """Entries of the ledger. `next`: pass it as `after` to read on, also where `items` is empty."""

    items: list[FeedEntryView]
    next: int


class SubscriptionView(Answer):
    """A subscription. `position`: up to where all has been sent, as last noted; `revision`: how often its owner spoke.

    `problem`: why the next entry was not taken at the last attempt, with the receiver's HTTP `status` if it gave one.
    """

    id: str
    standing: Standing
    url: str
    types: list[str]
    protocol: str | None
    party: str | None
    position: int
    revision: int
    created_at: datetime
    created_by: str
    delivered_at: datetime | None
    failures: int
    failing_since: datetime | None
    problem: str | None
    status: int | None
    disabled_at: datetime | None
    disabled_reason: str | None


class SubscriptionWithSecret(SubscriptionView):
    """A subscription with the secret that signs what is sent: shown this once."""

    secret: str


class MessageName(Answer):
    """A message, and where its JSON Schema is."""

    name: str
    url: str


class MessageList(Answer):
    """Every message that has a JSON Schema."""

    items: list[MessageName]


class JourneyDetail(JourneySummary):
    """Everything about a journey as it is now. `latest`: its newest facts, newest first."""

    protocol_hash: str
    parties: dict[str, str]
    time_lapse: float
    started_at: datetime | None
    outcome_reason: str | None
    stages_in_order: list[StageView]
    tasks: list[TaskView]
    deviations: list[DeviationView]
    identity_holds: list[HoldView]
    materials: list[MaterialView]
    identifiers: list[IdentifierView]
    latest: list[EntryView]


class ProtocolSummary(Answer):
    """A published protocol. `hash` is the SHA-256 of its canonical JSON."""

    name: str
    version: int
    title: str
    hash: str
    published_at: datetime


class ProtocolView(ProtocolSummary):
    """A published protocol with its document."""

    document: dict[str, Any]


class ConnectorSummary(Answer):
    """A published connector. `hash` is the SHA-256 of its canonical JSON."""

    name: str
    version: int
    title: str
    hash: str
    published_at: datetime
    published_by: str


class ConnectorView(ConnectorSummary):
    """A published connector with its document."""

    document: dict[str, Any]


class MessageReceipt(Answer):
    """A partner's message is on record. `status`: `mapped`, or `quarantined` until a person has seen to it."""

    id: str
    status: str
    reason: str | None = None
    events: list[list[str]]
    links: Links


class MessageView(Answer):
    """A partner's message, and what became of it. `events`: source and id of each that it became."""

    id: str
    partner: str
    connector: str
    connector_version: int
    received_at: datetime
    sha256: str
    status: str
    reason: str | None
    events: list[list[str]]
    decided_by: str | None
    decided_reason: str | None


class MessageDetail(MessageView):
    """With what failed (place in the connector, expression, value), and the message itself."""

    problem: dict[str, Any] | None
    body: str


class PartnerView(Answer):
    """An organisation's system: where and how it is reached. `paused_at`: no command is sent to it since."""

    name: str
    url: str
    updated_at: datetime
    connector: str | None = None
    at_once: int
    rate: float | None = None
    paused_at: datetime | None = None
    paused_by: str | None = None
    paused_reason: str | None = None


class Liveness(Answer):
    """The process lives."""

    status: str


class Readiness(Answer):
    """Events can be acknowledged. `temporal`: `reachable` or `away`; while it is away, events wait here."""

    status: str
    database: str
    temporal: str


class EventAction(Said):
    """What a person does with an event: which, who, and why."""

    source: Source
    id: EventId


class DeliveryView(Answer):
    """A command on its way to a partner. `next_attempt_at` is None where it is settled, or a person has to decide.

    `age`: seconds since it was asked for. `held`: not sent as long as an identity hold is open.
    """

    id: str
    key: str
    partner: str
    journey: str
    stage: str
    visit: int
    command: str
    status: str
    reason: str | None
    reference: str | None
    attempts: int
    changed: bool
    held: bool
    age: float
    created_at: datetime
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None
    settled_at: datetime | None


class AttemptView(Answer):
    """One time that the partner was asked. `answer`: the first 2 KB of what it said."""

    number: int
    kind: str
    at: datetime
    outcome: str
    problem: str | None
    status: int | None
    answer: str
    seconds: float


class DeliveryDetail(DeliveryView):
    """A delivery with the details that it is sent with, and its newest attempts, the newest first."""

    details: dict[str, Any]
    tried: list[AttemptView]


class PartnerStanding(Answer):
    """How it stands with a partner. `undecided`: unknown outcomes that only a person can settle."""

    partner: str
    waiting: int
    failing: int
    unknown: int
    undecided: int
    refused: int
    given_up: int
    oldest: datetime | None
    next_attempt_at: datetime | None
    resting_until: datetime | None
    paused_at: datetime | None


class Standings(Answer):
    """How it stands with each partner that is paused or has deliveries not taken."""

    items: list[PartnerStanding]


class Resent(Answer):
    """How many deliveries are tried again now."""

    partner: str
    resent: int


class Resend(Said):
    """Try again now. `details`: what the command is sent with from now on, whole; without them it stays as it is."""

    details: dict[str, Any] | None = None


class Confirmation(Said):
    """The partner has taken the command. `reference`: its own name for what it will do, where it has one."""

    reference: Identifier | None = None
