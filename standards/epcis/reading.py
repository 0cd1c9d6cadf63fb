"""Reading EPCIS documents that others wrote: checked whole, each flaw told with a pointer to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from schemas.canonical import content_hash
from schemas.errors import BadRequest, Flaw, flaws_of
from standards.epcis.events import (
    AggregationEvent,
    AssociationEvent,
    Epcis,
    Event,
    ObjectEvent,
    TransformationEvent,
)
from standards.epcis.names import is_uri
from standards.epcis.terms import Moment, Offset

MOST_EVENTS = 1_000
"""Events that one document may hold."""

MODELS: dict[str, type[Event]] = {
    "ObjectEvent": ObjectEvent,
    "AggregationEvent": AggregationEvent,
    "AssociationEvent": AssociationEvent,
    "TransformationEvent": TransformationEvent,
}

_LISTED = "/epcisBody/eventList"


def _context(value: Any) -> Any:
    each_once = not isinstance(value, list) or not any(each in value[:place] for place, each in enumerate(value))
    named = value if isinstance(value, list) else [value]
    if not each_once or not all(isinstance(each, dict) or (isinstance(each, str) and is_uri(each)) for each in named):
        raise ValueError("a context is a URI, an object, or a list of these in which each stands once")
    return value


Context = Annotated[Any, AfterValidator(_context)]
"""What the names in a document mean; it is kept, and not followed."""


def _foreign(kind: str) -> str:
    if kind != "TransactionEvent" and not is_uri(kind):
        raise ValueError("neither a type of the standard's, nor one in a namespace of somebody's own")
    return kind


class _Body(Epcis):
    event_list: Annotated[list[dict[str, Any]], Field(max_length=MOST_EVENTS)]


class _Document(Epcis):
    KEPT = frozenset({"id", "instanceIdentifier", "receiver", "epcisHeader"})

    context: Context = Field(alias="@context")
    type: Literal["EPCISDocument"]
    schema_version: Annotated[str, StringConstraints(pattern=r"^2(\.\d+)*$")]
    creation_date: Moment
    sender: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,150}$")] | None = None
    epcis_body: _Body


class _Single(Epcis):
    context: Context = Field(alias="@context")
    type: str


class _Foreign(BaseModel):
    """An event of a type that we do not read: what all events have is checked all the same."""

    model_config = ConfigDict(alias_generator=to_camel)

    type: Annotated[str, AfterValidator(_foreign)]
    event_time: Moment
    event_time_zone_offset: Offset


@dataclass(frozen=True, slots=True)
class Written:
    """One event as its sender wrote it. `event` is None for a type that we do not read; `key`: its id, or its hash."""

    number: int
    raw: dict[str, Any]
    event: Event | None
    key: str


@dataclass(frozen=True, slots=True)
class Writing:
    """What somebody sent: who says to have written it, and its events."""

    sender: str | None
    events: Sequence[Written]


def read_document(document: Any) -> Writing:
    """Read a decoded document. Raises `BadRequest` (`epcis_invalid`) with a JSON pointer to each flaw."""
    try:
        read = _Document.model_validate(document)
    except ValidationError as error:
        raise _invalid(flaws_of(error)) from None
    return Writing(read.sender, _events(read.epcis_body.event_list, [f"{_LISTED}/{i}" for i in range(MOST_EVENTS)]))


def read_single(event: Any) -> Writing:
    """Read one decoded event that stands alone. Raises `BadRequest` (`epcis_invalid`)."""
    try:
        _Single.model_validate({name: event[name] for name in ("@context", "type") if name in event})
    except ValidationError as error:
        raise _invalid(flaws_of(error)) from None
    except TypeError:
        raise _invalid([Flaw(pointer="", code="epcis_invalid", detail="an event is an object")]) from None
    return Writing(None, _events([event], [""]))


def _events(raw: Sequence[dict[str, Any]], places: Sequence[str]) -> list[Written]:
    flaws: list[Flaw] = []
    found: list[Written] = []
    for number, (each, place) in enumerate(zip(raw, places, strict=False)):
        event, wrong = _event(each, place)
        flaws += wrong
        found.append(Written(number, each, event, _key(each, event)))
    flaws += _twice(found, places)
    if flaws:
        raise _invalid(flaws)
    return found


def _event(raw: dict[str, Any], place: str) -> tuple[Event | None, Sequence[Flaw]]:
    model = MODELS.get(str(raw.get("type")))
    try:
        if model is None:
            _Foreign.model_validate(raw)
            return None, ()
        return model.model_validate(raw), ()
    except ValidationError as error:
        return None, flaws_of(error, under=place)


def _twice(events: Sequence[Written], places: Sequence[str]) -> Iterator[Flaw]:
    """An id names one event; only its error declaration may bear it too."""
    seen: set[tuple[str, bool]] = set()
    for each in events:
        key = (each.key, "errorDeclaration" in each.raw)
        if key in seen:
            yield Flaw(pointer=f"{places[each.number]}/eventID", code="epcis_invalid", detail="stands here twice")
        seen.add(key)


def _key(raw: dict[str, Any], event: Event | None) -> str:
    """What makes it this event: its id; without one, or with one too long to keep, a hash."""
    given = event.event_id if event else raw.get("eventID")
    if (
        isinstance(given, str)
        and given.isascii()
        and given.isprintable()
        and " " not in given
        and 0 < len(given) <= 100
    ):
        return given
    said = given if given else {name: value for name, value in raw.items() if name != "@context"}
    return f"sha256:{content_hash(said)}"


def _invalid(flaws: Sequence[Flaw]) -> BadRequest:
    return BadRequest("epcis_invalid", "The document is not EPCIS 2.0 as Clew reads it.", flaws)
