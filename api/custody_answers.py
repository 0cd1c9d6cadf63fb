"""What the API says of material and its custody: one model an answer."""

from datetime import datetime
from typing import Any

from pydantic import Field

from api.answers import Answer
from api.cursors import Page


class NodeView(Answer):
    """A collection, container, split, pool, batch, dose or sample. Only what is held has a status and a holder."""

    id: str
    form: str | None
    journey: str | None
    kind: str | None
    status: str | None
    holder: str | None
    amounts: list[dict[str, Any]] | None
    quarantined: bool = False


class EdgeView(Answer):
    """`child` came from `parent`. `amounts`: how much of the parent went in, as far as that is known."""

    journey: str
    child: str
    parent: str
    how: str = Field(description="collected, split, pooled, sampled, made_from or filled.")
    amounts: list[dict[str, Any]]


class GenealogyView(Answer):
    """Part of the graph of material. `complete`: whether nothing was left out for being too much."""

    nodes: list[NodeView]
    edges: list[EdgeView]
    complete: bool


class CustodyView(Answer):
    """Who had a container, where, from when until when (null: has it). Temperatures: while they had it, in Cel.

    `worst`: the reading furthest outside the shipment's limits, or nearest to them. `given_by` and `taken_by` are
    people, where they were named; `from_party` is the organisation that gave. `seq`: the entry that says it.
    """

    material: str
    number: int
    role: str
    party: str | None
    place: str | None
    since: datetime
    until: datetime | None
    ended: str | None = Field(description="What became of the container in these hands: used, infused, destroyed, …")
    told_at: datetime
    from_party: str | None
    given_by: str | None
    taken_by: str | None
    condition: str | None
    shipment: str | None
    seq: int
    coldest: float | None = None
    warmest: float | None = None
    worst: float | None = None


class CustodyList(Answer):
    """The custodians of a journey's containers, container by container, each in order of time."""

    items: list[CustodyView]


class ExcursionView(Answer):
    """From the first reading outside the limits to the first one inside again (null: not inside yet). Cel."""

    shipment: str
    device: str
    started_at: datetime
    ended_at: datetime | None
    worst: float


class NoticeView(Answer):
    """What is to be known of readings. `logger_gap`: the device has said nothing in between (null: no device has)."""

    code: str
    shipment: str
    device: str | None
    begins: datetime
    ends: datetime


class ReadingsReceipt(Answer):
    """Readings are on record. `told`: ids of the events that journeys are told of excursions with, now.

    `unjudged`: shipments whose stage has no limits.
    """

    new: int
    repeated: int
    excursions: list[ExcursionView]
    notices: list[NoticeView]
    told: list[str]
    unjudged: list[str]


class ReadingView(Answer):
    """What a device measured at a moment. `unit`: UCUM."""

    device: str
    at: datetime
    quantity: str
    value: float
    unit: str


class QuantitySummary(Answer):
    """All readings of one quantity."""

    quantity: str
    unit: str
    count: int
    first_at: datetime
    last_at: datetime
    least: float
    greatest: float
    mean: float


class ShipmentReadings(Page[ReadingView]):
    """A shipment's condition, and one page of its readings."""

    shipment: str
    journey: str
    limits: dict[str, float] | None
    summary: list[QuantitySummary]
    excursions: list[ExcursionView]
    notices: list[NoticeView]
