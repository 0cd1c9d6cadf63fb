"""The tables. `entry` is the record; everything else is either made from it (projections) or waits to become it.

record        entry, ledger_head; ledger_tile (the Merkle tree over the entries)
projections   journey, journey_stage, task, deviation, material, material_edge, custody, identifier
readings      reading: what devices measured, beside the ledger
waiting       inbox (events acknowledged and not yet judged; later: what became of them)
              message (what partners sent in their own form, whole)
deliveries    delivery, attempt, lane: commands on their way to partners
labels        label_set, label: made from the label desk's entries
identity      identity_hold and its sides, identifiers and signatures: doubt that stands outside every journey
registry      protocol, connector, partner, subscription; and the order half of `journey`
epcis         epcis_event, epcis_name: custody as EPCIS events, made from the ledger up to the position in epcis_cursor;
              epcis_capture (documents that partners sent, whole)
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, text
from sqlmodel import Field, SQLModel

from ledger.columns import Json, Utc
from schemas.deliveries import DeliveryStatus

# SQLite makes only a plain INTEGER primary key an alias of its row id.
_BIG = BigInteger().with_variant(Integer(), "sqlite")


def _utc(nullable: bool = False, index: bool = False) -> Any:
    return Field(default=None, sa_column=Column(Utc, nullable=nullable, index=index))


def _serial() -> Any:
    return Field(default=None, sa_column=Column(_BIG, primary_key=True, autoincrement=True))


def _json() -> Any:
    return Field(sa_column=Column(Json, nullable=False))


def _amounts() -> Any:
    return Field(default_factory=list, sa_column=Column(Json, nullable=False, server_default="[]"))


def _only(condition: str) -> dict[str, Any]:
    """An index over a few rows of a large table."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


_OPEN_DELIVERIES = "status IN ('waiting', 'failing', 'unknown')"
_UNTOLD_DELIVERIES = "told_at IS NULL AND settled_at IS NOT NULL"


class EntryRow(SQLModel, table=True):
    """One fact, for ever. `position` is gapless over all journeys, `seq` within one."""

    __tablename__ = "entry"
    __table_args__ = (
        Index("entry_journey_seq", "journey", "seq", unique=True),
        Index("entry_event", "source", "event_id"),
        Index("entry_type", "type", "position"),
    )

    position: int = Field(sa_column=Column(_BIG, primary_key=True, autoincrement=False))
    journey: str
    seq: int
    type: str
    occurred_at: datetime = _utc()
    recorded_at: datetime = _utc()
    actor: str
    source: str
    event_id: str | None = None
    data: dict[str, Any] = _json()
    previous_hash: str
    hash: str


class HeadRow(SQLModel, table=True):
    """The one row whose lock makes appends wait for each other: `position` of the newest entry."""

    __tablename__ = "ledger_head"

    id: int = Field(default=1, primary_key=True)
    position: int = Field(sa_column=Column(_BIG, nullable=False))


class TileRow(SQLModel, table=True):
    """The hash over 256 leaves of the Merkle tree (level 1), or over 256 tiles of the level below; once complete."""

    __tablename__ = "ledger_tile"

    level: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    number: int = Field(sa_column=Column(_BIG, primary_key=True, autoincrement=False))
    hash: str


class JourneyRow(SQLModel, table=True):
    """A journey: its order (written by the API), and where it is (made from the ledger)."""

    __tablename__ = "journey"
    __table_args__ = (
        Index("journey_waiting", "ordered_at", postgresql_where=text("started_at IS NULL")),
        Index("journey_status", "status"),
    )

    coi: str = Field(primary_key=True)
    order_number: str = Field(unique=True)
    idempotency_key: str | None = Field(default=None, unique=True)
    request_hash: str
    protocol: str = Field(index=True)
    version: int
    protocol_hash: str
    parties: dict[str, str] = _json()
    treatment_centre: str | None = Field(default=None, index=True)
    time_lapse: float = 1
    traceparent: str | None = None
    ordered_at: datetime = _utc(index=True)
    started_at: datetime | None = _utc(nullable=True)
    closed_at: datetime | None = _utc(nullable=True)
    status: str = "ordered"
    outcome_reason: str | None = None
    stages: str = Field(default="", description="The active stages, in the protocol's order, comma-separated.")
    next_due_at: datetime | None = _utc(nullable=True)
    at_risk: bool = False
    last_seq: int = 0
    seq_offset: int = Field(default=0, description="How many entries more than the journey has numbered.")
    epoch: datetime | None = _utc(nullable=True)


class StageRow(SQLModel, table=True):
    """A stage of a journey as it is now."""

    __tablename__ = "journey_stage"

    journey: str = Field(primary_key=True)
    stage: str = Field(primary_key=True)
    ordinal: int
    kind: str | None = None
    status: str = "pending"
    visit: int = 1
    began_at: datetime | None = _utc(nullable=True)
    ended_at: datetime | None = _utc(nullable=True)
    due_at: datetime | None = _utc(nullable=True)
    times_overdue: int = 0


class TaskRow(SQLModel, table=True):
    """Something that a person has to decide, or has decided."""

    __tablename__ = "task"
    __table_args__ = (Index("task_status_due", "status", "due_at"),)

    journey: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    status: str = "open"
    question: str
    stage: str | None = None
    role: str
    party: str | None = Field(default=None, index=True)
    about: list[str] = _json()
    choices: list[dict[str, str]] = _json()
    opened_at: datetime = _utc()
    due_at: datetime = _utc()
    times_overdue: int = 0
    closed_at: datetime | None = _utc(nullable=True)
    choice: str | None = None
    reason: str | None = None
    decided_by: str | None = None


class DeviationRow(SQLModel, table=True):
    """A departure from the plan, open or resolved."""

    __tablename__ = "deviation"

    journey: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    code: str
    stage: str | None = None
    about: list[str] = _json()
    blocks: bool = False
    opened_at: datetime = _utc(index=True)
    resolved_at: datetime | None = _utc(nullable=True)
    resolution: str | None = None


class MaterialRow(SQLModel, table=True):
    """A container or dose as it is now."""

    __tablename__ = "material"
    __table_args__ = (Index("material_by_id", "id"),)

    journey: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    status: str
    holder: str
    party: str | None = None
    parents: list[str] = _json()
    batch: str | None = None
    expires_at: datetime | None = _utc(nullable=True)
    quarantined: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    form: str | None = None
    since: datetime | None = _utc(nullable=True)
    amounts: list[dict[str, Any]] = _amounts()
    shares: list[dict[str, Any]] = _amounts()


class EdgeRow(SQLModel, table=True):
    """`child` came from `parent`. `amounts`: how much of the parent went in, as far as that is known."""

    __tablename__ = "material_edge"
    __table_args__ = (Index("edge_child", "child"), Index("edge_parent", "parent"))

    journey: str = Field(primary_key=True)
    child: str = Field(primary_key=True)
    parent: str = Field(primary_key=True)
    how: str
    amounts: list[dict[str, Any]] = _amounts()


class CustodyRow(SQLModel, table=True):
    """Who had a container from `since` until `until` (None: has it). `number` counts its custodians.

    `told_at`: when the taking is said to have happened; later than that is `since` where the giver had it till then.
    `ended`: what became of the container, where its existence ended in these hands. `seq`: the entry that says it.
    """

    __tablename__ = "custody"

    journey: str = Field(primary_key=True)
    material: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    role: str
    party: str | None = None
    place: str | None = None
    since: datetime = _utc()
    until: datetime | None = _utc(nullable=True)
    ended: str | None = None
    told_at: datetime = _utc()
    from_party: str | None = None
    given_by: str | None = None
    taken_by: str | None = None
    condition: str | None = None
    shipment: str | None = None
    seq: int


class ReadingRow(SQLModel, table=True):
    """What a device measured at a moment, of a shipment or of a container. Beside the ledger: one row a reading.

    `thing`: which of the two, and its name. A device in a box that two share measures for both.
    """

    __tablename__ = "reading"
    __table_args__ = (
        Index("reading_of_shipment", "shipment", "quantity", "at", **_only("shipment IS NOT NULL")),
        Index("reading_of_material", "material", "quantity", "at", **_only("material IS NOT NULL")),
    )

    device: str = Field(primary_key=True)
    quantity: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(Utc, primary_key=True))
    thing: str = Field(primary_key=True)
    shipment: str | None = None
    material: str | None = None
    value: float
    unit: str
    imported_at: datetime = _utc()


class IdentifierRow(SQLModel, table=True):
    """The crosswalk: which journey an identifier belongs to. The first to claim it keeps it."""

    __tablename__ = "identifier"

    value: str = Field(primary_key=True)
    journey: str = Field(index=True)
    kind: str
    names: str | None = None


class IssuedBlockRow(SQLModel, table=True):
    """How many serials of a year an issuer has given out, in whole blocks: those before `upto`."""

    __tablename__ = "issued_block"

    issuer: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    upto: int


class InboxRow(SQLModel, table=True):
    """An event that was acknowledged. `body` is the message whole; only `event` goes any further."""

    __tablename__ = "inbox"
    __table_args__ = (
        Index("inbox_waiting", "status", "received_at"),
        Index("inbox_subject", "subject", "status"),
    )

    source: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    type: str
    subject: str
    occurred_at: datetime = _utc()
    received_at: datetime = _utc(index=True)
    fingerprint: str
    event: dict[str, Any] = _json()
    body: dict[str, Any] = _json()
    journey: str | None = Field(default=None, index=True)
    status: str = "received"
    reason: str | None = None
    delivered_at: datetime | None = _utc(nullable=True)
    attempts: int = 0
    decided_by: str | None = None


class ProtocolRow(SQLModel, table=True):
    """A published protocol; never changed."""

    __tablename__ = "protocol"

    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    hash: str = Field(index=True)
    title: str
    document: dict[str, Any] = _json()
    published_at: datetime = _utc()


class ConnectorRow(SQLModel, table=True):
    """A published connector; never changed."""

    __tablename__ = "connector"

    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    hash: str
    title: str
    document: dict[str, Any] = _json()
    published_at: datetime = _utc()
    published_by: str


class MessageRow(SQLModel, table=True):
    """A partner's message in its own form, byte for byte. `events`: source and id of each that it became."""

    __tablename__ = "message"
    __table_args__ = (
        Index("message_received", "received_at", "id"),
        Index("message_status", "status", "received_at"),
    )

    id: str = Field(primary_key=True)
    partner: str = Field(index=True)
    connector: str
    connector_version: int
    received_at: datetime = _utc()
    sha256: str
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    status: str
    reason: str | None = None
    problem: dict[str, Any] | None = Field(default=None, sa_column=Column(Json, nullable=True))
    events: list[list[str]] = _json()
    decided_by: str | None = None
    decided_reason: str | None = None


class PartnerRow(SQLModel, table=True):
    """An organisation's system: where and how we reach it."""

    __tablename__ = "partner"

    name: str = Field(primary_key=True)
    url: str
    updated_at: datetime = _utc()
    connector: str | None = Field(default=None, description="The document that maps its own form; None: Clew's form.")
    at_once: int = Field(default=4, sa_column_kwargs={"server_default": "4"}, description="Deliveries at a time.")
    rate: float | None = Field(default=None, description="Deliveries a second at the most.")
    paused_at: datetime | None = _utc(nullable=True)
    paused_by: str | None = None
    paused_reason: str | None = None


class DeliveryRow(SQLModel, table=True):
    """A command to a partner, until its outcome is known and its journey has been told.

    `next_attempt_at` is None where nothing happens by itself any more: it is settled, or a person has to decide.
    `sending_since` is set while the partner is being asked; the outcome of one whose lane has another holder by then
    is unknown.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("delivery_of_journey", "journey", "number"),
        Index("delivery_by_status", "status", "number"),
        Index("delivery_open", "partner", "journey", "number", **_only(_OPEN_DELIVERIES)),
        Index("delivery_untold", "settled_at", **_only(_UNTOLD_DELIVERIES)),
    )

    number: int = _serial()
    id: str = Field(unique=True)
    key: str = Field(unique=True)
    partner: str
    journey: str
    stage: str
    visit: int
    command: str
    payload: dict[str, Any] = _json()
    details: dict[str, Any] | None = Field(default=None, sa_column=Column(Json, nullable=True))
    status: str = DeliveryStatus.WAITING.value
    reason: str | None = None
    reference: str | None = None
    attempts: int = 0
    created_at: datetime = _utc()
    next_attempt_at: datetime | None = _utc(nullable=True)
    sending_since: datetime | None = _utc(nullable=True)
    last_attempt_at: datetime | None = _utc(nullable=True)
    settled_at: datetime | None = _utc(nullable=True)
    told_at: datetime | None = _utc(nullable=True)
    workflow: str
    run: str
    activity: str


class AttemptRow(SQLModel, table=True):
    """One time that a partner was asked. `answer`: the first 2 KB of what it said, which goes no further than here."""

    __tablename__ = "attempt"

    delivery: int = Field(sa_column=Column(_BIG, primary_key=True, autoincrement=False))
    number: int = Field(primary_key=True)
    kind: str
    at: datetime = _utc()
    outcome: str
    problem: str | None = None
    status: int | None = None
    answer: str = ""
    seconds: float = 0


class LaneRow(SQLModel, table=True):
    """The way to one partner: which process may ask it until when, and how long it is left in peace."""

    __tablename__ = "lane"

    partner: str = Field(primary_key=True)
    held_by: str | None = None
    held_until: datetime | None = _utc(nullable=True)
    failures: int = Field(default=0, description="How often in a row the partner could not be reached.")
    resting_until: datetime | None = _utc(nullable=True)


class IdentityHoldRow(SQLModel, table=True):
    """Doubt whose cells these are: open until two people have signed the same finding."""

    __tablename__ = "identity_hold"
    __table_args__ = (Index("identity_hold_opened", "opened_at", "id"),)

    id: str = Field(primary_key=True)
    reason: str
    journey: str
    opened_at: datetime = _utc()
    finding: str | None = None
    closed_at: datetime | None = _utc(nullable=True)


class IdentityHoldSideRow(SQLModel, table=True):
    """A journey that a hold holds. `news` counts what it is to be told: held, cleared; `told`: what it was told."""

    __tablename__ = "identity_hold_side"
    __table_args__ = (Index("identity_hold_untold", "journey", **_only("told < news")),)

    hold: str = Field(primary_key=True)
    journey: str = Field(primary_key=True, index=True)
    joined_at: datetime = _utc()
    news: int = 1
    told: int = 0


class IdentityHoldIdentifierRow(SQLModel, table=True):
    """An identifier that is in doubt: whoever claims it while the hold is open is held too."""

    __tablename__ = "identity_hold_identifier"

    hold: str = Field(primary_key=True)
    value: str = Field(primary_key=True, index=True)


class IdentityHoldSignatureRow(SQLModel, table=True):
    """What one person found; `signer` is their name in small letters, so that one person cannot be two."""

    __tablename__ = "identity_hold_signature"

    hold: str = Field(primary_key=True)
    signer: str = Field(primary_key=True)
    by: str
    finding: str
    reason: str
    at: datetime = _utc()


class SubscriptionRow(SQLModel, table=True):
    """Whom the feed is sent to, as its owner wants it, and how far that has come.

    Each of the owner's words raises `revision`; `told` is the last one that Temporal has heard. `position` is what the
    workflow came to, as it last noted it, by when it had followed so many of `replays`; the newest of them begins after
    `replay_after`.
    """

    __tablename__ = "subscription"
    __table_args__ = (Index("subscription_untold", "id", postgresql_where=text("told < revision")),)

    id: str = Field(primary_key=True)
    standing: str
    url: str
    secret: str
    former_secret: str | None = None
    former_until: datetime | None = _utc(nullable=True)
    types: list[str] = _json()
    protocol: str | None = None
    party: str | None = None
    revision: int = 1
    told: int = 0
    position: int = Field(sa_column=Column(_BIG, nullable=False))
    replays: int = 0
    replays_followed: int = 0
    replay_after: int = Field(sa_column=Column(_BIG, nullable=False))
    created_at: datetime = _utc()
    created_by: str
    delivered_at: datetime | None = _utc(nullable=True)
    failures: int = 0
    failing_since: datetime | None = _utc(nullable=True)
    problem: str | None = None
    status: int | None = None
    disabled_at: datetime | None = _utc(nullable=True)
    disabled_reason: str | None = None


class EpcisEventRow(SQLModel, table=True):
    """An EPCIS event that an entry tells: where it stands in the ledger, and what queries ask for."""

    __tablename__ = "epcis_event"
    __table_args__ = (
        Index("epcis_event_id", "event_id"),
        Index("epcis_event_journey", "journey", "position"),
        Index("epcis_event_time", "event_time", "position", "number"),
        Index("epcis_event_step", "biz_step", "position"),
    )

    position: int = Field(sa_column=Column(_BIG, primary_key=True, autoincrement=False))
    number: int = Field(primary_key=True)
    event_id: str
    journey: str
    type: str
    action: str | None = None
    event_time: datetime = _utc()
    record_time: datetime = _utc()
    biz_step: str | None = None
    disposition: str | None = None
    read_point: str | None = None
    biz_location: str | None = None
    event: dict[str, Any] = _json()


class EpcisNameRow(SQLModel, table=True):
    """A name in an EPCIS event: of a thing, a business transaction, a source. `kind`: where in the event it stands."""

    __tablename__ = "epcis_name"

    value: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    position: int = Field(sa_column=Column(_BIG, primary_key=True, autoincrement=False))
    number: int = Field(primary_key=True)


class EpcisCursorRow(SQLModel, table=True):
    """The one row whose lock makes those who bring the index up to date wait for each other: how far it has come."""

    __tablename__ = "epcis_cursor"

    id: int = Field(default=1, primary_key=True)
    position: int = Field(sa_column=Column(_BIG, nullable=False))


class EpcisCaptureRow(SQLModel, table=True):
    """An EPCIS document that was captured, byte for byte, and what became of each of its events."""

    __tablename__ = "epcis_capture"
    __table_args__ = (Index("epcis_capture_received", "received_at", "id"),)

    id: str = Field(primary_key=True)
    received_at: datetime = _utc()
    sender: str | None = None
    behaviour: str
    sha256: str
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    success: bool
    events: list[dict[str, Any]] = _json()


class LabelSetRow(SQLModel, table=True):
    """Labels that were issued together for a stage, as its entries make it."""

    __tablename__ = "label_set"
    __table_args__ = (
        Index("label_set_of_journey", "journey", "issued_at", "id"),
        Index("label_set_open", "issued_at", "id", **_only("reconciled_at IS NULL")),
    )

    id: str = Field(primary_key=True)
    journey: str
    stage: str
    content: dict[str, Any] = _json()
    two_people: bool
    labels: int
    issued_at: datetime = _utc()
    issued_by: str
    reconciled_at: datetime | None = _utc(nullable=True)
    reconciled_by: str | None = None
    witnessed_by: str | None = None


class LabelRow(SQLModel, table=True):
    """One label as it is now. `thing`: what it was made for; `container`: what bears it. `at`, `by`, `reason`: of the
    last thing that was done with it."""

    __tablename__ = "label"
    __table_args__ = (
        Index("label_of_set", "set", "number"),
        Index("label_for", "thing"),
        Index("label_on", "container"),
    )

    number: str = Field(primary_key=True)
    set: str
    kind: str
    thing: str | None = None
    status: str
    prints: int = 0
    container: str | None = None
    verified_by: str | None = None
    at: datetime = _utc()
    by: str
    reason: str
