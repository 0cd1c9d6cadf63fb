"""EPCIS 2.0 events (GS1 EPCIS 2.0, section 7), in JSON-LD: the subset that the custody of a therapy needs.

Names of fields are the standard's own. What a partner adds under a name of its own (`example:note`) is kept; any other
unknown field is refused, as the standard's schema does.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from standards.epcis.names import Uri, is_uri
from standards.epcis.terms import (
    Alert,
    BizStep,
    Disposition,
    Dispositions,
    ErrorReason,
    MasterData,
    Measurement,
    Moment,
    Names,
    Number,
    Offset,
    PartyType,
    TransactionType,
)

_SOURCES = frozenset({"deviceMetadata", "rawData", "dataProcessingMethod", "bizRules"})
_VALUES = frozenset({"stringValue", "booleanValue", "hexBinaryValue", "uriValue"})
_STATISTICS = frozenset({"sDev", "percRank", "percValue"})
_MEASURED = frozenset({"deviceID", "microorganism", "chemicalSubstance", "component", "coordinateReferenceSystem"})
_SENSED = _SOURCES | _VALUES | _STATISTICS | _MEASURED


class Epcis(BaseModel):
    """Base: frozen, camel case on the wire, open for extensions whose names are URIs."""

    model_config = ConfigDict(frozen=True, extra="allow", alias_generator=to_camel, populate_by_name=True)

    KEPT: ClassVar[frozenset[str]] = frozenset()
    """Fields of the standard that are kept as they are, and not understood."""

    @model_validator(mode="after")
    def _extensions_have_names_of_their_own(self) -> "Epcis":
        if not all(is_uri(each) or each in self.KEPT for each in self.model_extra or ()):
            raise ValueError("a field is not of the standard, and has no namespace either")
        return self

    def said(self, name: str) -> Any:
        """What stands under a name of ours (`clew:reason`); None where nothing does."""
        return (self.model_extra or {}).get(f"clew:{name}")

    def written(self) -> dict[str, Any]:
        """As JSON."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Place(Epcis):
    id: Uri


class BizTransaction(Epcis):
    type: TransactionType | None = None
    biz_transaction: Uri


class Source(Epcis):
    type: PartyType
    source: Uri


class Destination(Epcis):
    type: PartyType
    destination: Uri


class ErrorDeclaration(Epcis):
    """The event is wrong (EPCIS 2.0, 7.4.1.2): since when that is known, why, and which events are right instead."""

    declaration_time: Moment
    reason: ErrorReason | None = None
    corrective_event_ids: tuple[Uri, ...] | None = Field(default=None, alias="correctiveEventIDs")


class SensorMetadata(Epcis):
    KEPT = _SOURCES

    time: Moment | None = None
    start_time: Moment | None = None
    end_time: Moment | None = None
    device_id: Uri | None = Field(default=None, alias="deviceID")


class SensorReport(Epcis):
    """A measurement; `uom`: a UN/CEFACT Rec. 20 code (`CEL`: degrees Celsius, `FAH`: Fahrenheit, `KEL`: kelvin)."""

    KEPT = _SENSED

    type: Measurement
    exception: Alert | None = None
    time: Moment | None = None
    value: Number | None = None
    min_value: Number | None = None
    max_value: Number | None = None
    mean_value: Number | None = None
    uom: str | None = None


class SensorElement(Epcis):
    sensor_metadata: SensorMetadata | None = None
    sensor_report: Annotated[tuple[SensorReport, ...], Field(min_length=1, max_length=10_000)]


class PersistentDisposition(Epcis):
    model_config = ConfigDict(extra="forbid")

    set: Dispositions | None = None
    unset: Dispositions | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "PersistentDisposition":
        if self.set is None and self.unset is None:
            raise ValueError("a persistent disposition is set or unset")
        return self


class Quantity(Epcis):
    """So much of a class of things; it is kept, and names no container."""

    model_config = ConfigDict(extra="forbid")

    epc_class: Uri
    quantity: Number | None = None
    uom: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,3}$")] | None = None


Quantities = tuple[Quantity, ...]


class Event(Epcis):
    """What all events say: when, where, why."""

    KEPT = frozenset({"@context", "certificationInfo"})

    type: str
    event_id: Uri | None = Field(default=None, alias="eventID")
    event_time: Moment
    record_time: Moment | None = None
    event_time_zone_offset: Offset
    error_declaration: ErrorDeclaration | None = None
    biz_step: BizStep | None = None
    disposition: Disposition | None = None
    persistent_disposition: PersistentDisposition | None = None
    read_point: Place | None = None
    biz_location: Place | None = None
    biz_transaction_list: tuple[BizTransaction, ...] | None = None
    source_list: tuple[Source, ...] | None = None
    destination_list: tuple[Destination, ...] | None = None
    sensor_element_list: tuple[SensorElement, ...] | None = None

    def things(self) -> tuple[str, ...]:
        """Every thing that the event names one by one."""
        lists = (getattr(self, name, None) for name in ("epc_list", "child_epcs", "input_epc_list", "output_epc_list"))
        parent = getattr(self, "parent_id", None)
        return (*(name for each in lists for name in each or ()), *((parent,) if parent else ()))

    def transactions(self, *types: str) -> tuple[str, ...]:
        """The business transactions of these types."""
        return tuple(each.biz_transaction for each in self.biz_transaction_list or () if each.type in types)


Action = Literal["ADD", "OBSERVE", "DELETE"]


class ObjectEvent(Event):
    """Something happened to things."""

    type: Literal["ObjectEvent"] = "ObjectEvent"
    action: Action
    epc_list: Names | None = None
    quantity_list: Quantities | None = None
    ilmd: MasterData | None = None

    @model_validator(mode="after")
    def _is_about_something(self) -> "ObjectEvent":
        measured = self.sensor_element_list and self.read_point
        if self.epc_list is None and not self.quantity_list and not measured:
            raise ValueError("the event names things, or a place and what was measured there")
        if self.ilmd is not None and self.action != "ADD":
            raise ValueError("only where things come to be (ADD) master data come with them")
        return self


class _InParent(Event):
    action: Action
    parent_id: Uri | None = Field(default=None, alias="parentID")
    child_epcs: Names | None = Field(default=None, alias="childEPCs")
    child_quantity_list: Quantities | None = None

    @model_validator(mode="after")
    def _has_children(self) -> "_InParent":
        if not self.child_epcs and not self.child_quantity_list and self.action != "DELETE":
            raise ValueError("the event names what is in the parent; only DELETE can mean all of it")
        return self


class AggregationEvent(_InParent):
    """Things were put into another (ADD), seen in it (OBSERVE), or taken out (DELETE)."""

    type: Literal["AggregationEvent"] = "AggregationEvent"


class AssociationEvent(_InParent):
    """Things were fixed to another, as a logger to its shipper."""

    type: Literal["AssociationEvent"] = "AssociationEvent"

    @model_validator(mode="after")
    def _has_a_parent(self) -> "AssociationEvent":
        if self.parent_id is None:
            raise ValueError("an association names its parent")
        return self


class TransformationEvent(Event):
    """Things became others. Events of one `transformationID` are one transformation: what went in may come first."""

    type: Literal["TransformationEvent"] = "TransformationEvent"
    input_epc_list: Names | None = Field(default=None, alias="inputEPCList")
    output_epc_list: Names | None = Field(default=None, alias="outputEPCList")
    input_quantity_list: Quantities | None = None
    output_quantity_list: Quantities | None = None
    transformation_id: Uri | None = Field(default=None, alias="transformationID")
    ilmd: MasterData | None = None

    @model_validator(mode="after")
    def _is_whole_or_names_its_other_part(self) -> "TransformationEvent":
        inputs = bool(self.input_epc_list or self.input_quantity_list)
        outputs = bool(self.output_epc_list or self.output_quantity_list)
        whole = inputs and outputs
        part = (inputs or outputs) and self.transformation_id is not None
        if not whole and not part:
            raise ValueError("a transformation has inputs and outputs, or a transformationID and one of them")
        return self


AnyEvent = Annotated[
    ObjectEvent | AggregationEvent | TransformationEvent | AssociationEvent, Field(discriminator="type")
]
