"""Events: what partners tell us, in the CloudEvents 1.0 envelope, and the catalogue of their types.

`source` + `id` is an event's identity. On the wire a type is `clew.sample.collected.v1`; inside Clew, and as
the name of the Temporal signal, it is `sample.collected`.
"""

import json
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError

from schemas import event_data as said
from schemas.base import Identifier, Instant, Strict, Tolerant
from schemas.canonical import content_hash
from schemas.errors import Flaw, Invalid, flaws_of
from schemas.event_data import EventData
from schemas.forms import form

CATALOGUE: dict[str, type[EventData]] = {
    "evidence.provided": said.Evidence,
    "evidence.withdrawn": said.EvidenceWithdrawn,
    "slot.confirmed": said.Slot,
    "slot.lost": said.Slot,
    "collection.started": said.CollectionStarted,
    "sample.collected": said.SampleCollected,
    "collection.failed": said.CollectionFailed,
    "shipment.booked": said.ShipmentBooked,
    "shipment.picked_up": said.ShipmentPickedUp,
    "shipment.delayed": said.ShipmentDelayed,
    "shipment.delivered": said.ShipmentDelivered,
    "shipment.lost": said.ShipmentLost,
    "shipment.excursion": said.ShipmentExcursion,
    "material.received": said.MaterialReceived,
    "material.damaged": said.MaterialDamaged,
    "material.split": said.MaterialSplit,
    "material.pooled": said.MaterialPooled,
    "material.sampled": said.MaterialSampled,
    "material.disposed": said.MaterialDisposed,
    "manufacture.started": said.ManufactureStarted,
    "manufacture.step_completed": said.ManufactureStep,
    "manufacture.completed": said.ManufactureCompleted,
    "manufacture.failed": said.ManufactureFailed,
    "test.reported": said.ReportedTest,
    "batch.released": said.BatchReleased,
    "batch.rejected": said.BatchRejected,
    "conditioning.started": said.ConditioningStarted,
    "conditioning.completed": said.ConditioningCompleted,
    "product.thawed": said.ProductThawed,
    "infusion.completed": said.InfusionCompleted,
    "infusion.aborted": said.InfusionAborted,
    "patient.withdrawn": said.PatientLeft,
    "patient.deceased": said.PatientLeft,
    "patient.status_changed": said.PatientStatus,
    "follow_up.completed": said.FollowUpCompleted,
    "follow_up.missed": said.FollowUpMissed,
    "milestone.reached": said.MilestoneReached,
    "labels.issued": said.LabelsIssued,
    "labels.reconciled": said.LabelsReconciled,
    "identifier.assigned": said.IdentifierAssigned,
}
"""Every event type of version 1, and what its data says."""

OUR_SOURCES = "//clew/"
"""What the sources of Clew's own desks begin with; no partner's does."""

LABEL_DESK = OUR_SOURCES + "labels"
DESKS = {"labels.issued": LABEL_DESK, "labels.reconciled": LABEL_DESK}
"""The types that only a desk of Clew's own says, each with that desk's source."""

_PREFIX, _SUFFIX = "clew.", ".v1"

EventType = Annotated[str, form(r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$", "a type of two words, such as sample.collected")]
Source = Annotated[str, form(r"^[!-~]{1,200}$", "a source without blanks, such as //courier.example")]
EventId = Annotated[str, form(r"^[!-~]{1,120}$", "an id without blanks; 120 characters at the most")]
JsonType = Annotated[
    str,
    BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value),
    StringConstraints(pattern=r"^application/([a-z0-9!#$&^_.\-]+\+)?json( *;.*)?$"),
]
"""JSON, also under a name of the sender's own: `application/vnd.hospital+json`. Media types know no capitals."""

TraceParent = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")]


def wire_type(event_type: str) -> str:
    """`sample.collected` as it stands on the wire: `clew.sample.collected.v1`."""
    return f"{_PREFIX}{event_type}{_SUFFIX}"


def inner_type(wire: str) -> str:
    """The catalogue's name of a type on the wire. Raises `Invalid` (`unknown_event_type`)."""
    name = wire.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    if wire_type(name) != wire or name not in CATALOGUE:
        flaw = Flaw(pointer="/type", code="unknown_event_type", detail="not in the catalogue of version 1")
        raise Invalid("unknown_event_type", "The event's type is not in the catalogue.", [flaw])
    return name


class CloudEvent(Tolerant):
    """An event as it stands on the wire (CloudEvents 1.0, JSON format)."""

    specversion: Annotated[str, StringConstraints(pattern=r"^1\.0$")]
    id: EventId
    source: Source
    type: str
    subject: Identifier
    time: Instant
    datacontenttype: JsonType = "application/json"
    traceparent: TraceParent | None = None
    data: Annotated[dict[str, Any], Field(default_factory=dict)]


class PartnerEvent(Strict):
    """An event that has been read: what the inbox hands to the journey as a signal.

    `data` holds only the fields that the catalogue knows, in their canonical form.
    """

    source: Source
    id: EventId
    type: EventType
    subject: Identifier
    occurred_at: Instant
    data: dict[str, Any]
    traceparent: TraceParent | None = None

    @property
    def identity(self) -> str:
        """What makes it this event and no other."""
        return f"{self.source} {self.id}"

    def said(self) -> EventData:
        """The data as its model. Raises `ValidationError` where a signal carried rubbish."""
        return CATALOGUE[self.type].model_validate(self.data)

    def fingerprint(self) -> str:
        """SHA-256 of all that it says; the trace it travels in is no part of that."""
        return content_hash(self.model_dump(mode="json", exclude={"traceparent"}))


def read_event(envelope: Any) -> PartnerEvent:
    """Read one decoded CloudEvent. Raises `Invalid` with a JSON pointer to each flaw."""
    try:
        event = CloudEvent.model_validate(envelope)
    except ValidationError as error:
        raise Invalid("malformed", "The event's envelope is not as the reference gives it.", flaws_of(error)) from None
    name = inner_type(event.type)
    try:
        data = CATALOGUE[name].model_validate(event.data)
    except ValidationError as error:
        flaws = flaws_of(error, under="/data")
        raise Invalid("malformed", f"The data of {event.type} is not as the reference gives it.", flaws) from None
    return PartnerEvent(
        source=event.source,
        id=event.id,
        type=name,
        subject=event.subject,
        occurred_at=event.time,
        data=data.model_dump(mode="json", exclude_none=True),
        traceparent=event.traceparent,
    )


def from_partner(event: PartnerEvent) -> PartnerEvent:
    """The event, unless it speaks for Clew itself. Raises `Invalid` (`source_reserved`)."""
    if event.source.startswith(OUR_SOURCES) or event.type in DESKS:
        where = "/type" if event.type in DESKS else "/source"
        flaw = Flaw(pointer=where, code="source_reserved", detail="only Clew's own desks say this")
        raise Invalid("source_reserved", "A partner cannot speak for Clew's own desks.", [flaw])
    return event


def write_event(event: PartnerEvent) -> dict[str, Any]:
    """The event as a structured CloudEvent, ready for `json.dumps`."""
    envelope: dict[str, Any] = json.loads(
        CloudEvent(
            specversion="1.0",
            id=event.id,
            source=event.source,
            type=wire_type(event.type),
            subject=event.subject,
            time=event.occurred_at,
            data=event.data,
            traceparent=event.traceparent,
        ).model_dump_json(exclude_none=True)
    )
    return envelope
