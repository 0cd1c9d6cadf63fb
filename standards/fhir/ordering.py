"""A ServiceRequest as the order of a journey, and as the end of one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from schemas.base import Code
from schemas.errors import Flaw, Invalid, flaws_of
from schemas.orders import JourneyOrder
from standards.fhir import systems
from standards.fhir.incoming import Place, Reference, SentRequest, flaw

_ORDERS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
_ROLE_OF_PERFORMER = "urn:clew:extension:role"
_STATUS_REASON = "urn:clew:extension:status-reason"
_TIME_LAPSE = "urn:clew:extension:time-lapse"
_CODE = TypeAdapter(Code)

_WHERE = {
    "order": "/identifier",
    "protocol": "/instantiatesCanonical",
    "parties": "/performer",
    "time_lapse": "/extension",
}
"""Where something belongs that was not said."""

Said = tuple[Place, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """The order that a request makes; `places`: where in the request each part of it stands."""

    order: JourneyOrder
    places: Mapping[str, Place]

    def placed(self, flaws: Sequence[Flaw]) -> list[Flaw]:
        """Flaws of the order, with pointers into the request."""
        return _placed(self.places, flaws)


def read_order(request: SentRequest) -> Asked:
    """The order in a request. Raises `Invalid` (`malformed`) with a pointer to each flaw."""
    flaws = list(_not_an_order(request))
    places: dict[str, Place] = {}
    order = _only(list(request.named(systems.ORDER)), "order", places, flaws)
    protocol = _only(list(_protocols(request)), "protocol", places, flaws)
    parties = _parties(request, places, flaws)
    if flaws:
        raise Invalid("malformed", "The request cannot be an order.", flaws)
    name, bar, version = protocol.partition("|")
    asked: dict[str, Any] = {"order": order, "protocol": name, "parties": parties, **_time_lapse(request)}
    if bar:
        asked["version"] = version
    try:
        return Asked(JourneyOrder.model_validate(asked), places)
    except ValidationError as error:
        raise Invalid("malformed", "The request cannot be an order.", _placed(places, flaws_of(error))) from None


def status_reason(request: SentRequest) -> str:
    """Why the request has its status: a reason code in the extension for it, else `revoked`."""
    for each in request.extension:
        if each.url == _STATUS_REASON and each.code is not None:
            try:
                return _CODE.validate_python(each.code)
            except ValidationError:
                break
    return "revoked"


def _time_lapse(request: SentRequest) -> dict[str, float]:
    given = [each.number for each in request.extension if each.url == _TIME_LAPSE and each.number is not None]
    return {"time_lapse": given[0]} if given else {}


def _not_an_order(request: SentRequest) -> Iterator[Flaw]:
    if request.status != "active":
        yield flaw("/status", "only an active request starts a journey")
    if request.intent not in _ORDERS:
        yield flaw("/intent", f"one of {', '.join(sorted(_ORDERS))} starts a journey")
    if request.patient() is not None:
        yield flaw("/subject/identifier", "a chain-of-identity id is issued here, for this order: leave it out")


def _protocols(request: SentRequest) -> Iterator[Said]:
    """`name` or `name|version`."""
    prefix = f"{systems.PROTOCOL}:"
    for element, values in (("instantiatesCanonical", request.canonical), ("instantiatesUri", request.uri)):
        for number, each in enumerate(values):
            if each.startswith(prefix):
                yield f"/{element}/{number}", each.removeprefix(prefix)
    for number, coding in enumerate(request.code.coding):
        if coding.system == systems.PROTOCOL and coding.code is not None:
            version = f"|{coding.version}" if coding.version else ""
            yield f"/code/coding/{number}/code", coding.code + version


def _only(said: list[Said], part: str, places: dict[str, Place], flaws: list[Flaw]) -> str:
    """The one value of a part; a protocol may be named once more without its version."""
    if not said:
        flaws.append(flaw(_WHERE[part], f"the request must name its {part} once, as the guide says"))
        return ""
    place, value = next((each for each in said if "|" in each[1]), said[0])
    others = [each for _, each in said if each not in (value, value.partition("|")[0])]
    if others:
        flaws.append(flaw(place, f"the request names two of what there can be one of: {part}"))
    places[part] = place
    return value


def _parties(request: SentRequest, places: dict[str, Place], flaws: list[Flaw]) -> dict[str, str]:
    parties: dict[str, str] = {}
    for role, place, party in (*_contained(request), *_performers(request)):
        if parties.setdefault(role, party) != party:
            flaws.append(flaw(place, "another organisation has this role"))
        places.setdefault(f"parties/{role}", place)
    return parties


def _contained(request: SentRequest) -> Iterator[tuple[str, Place, str]]:
    """Organisations in the request that have a name as a partner: role, place, name."""
    for number, organisation in enumerate(request.contained):
        if organisation is None:
            continue
        roles = [
            coding.code
            for kind in organisation.kinds
            for coding in kind.coding
            if coding.system == systems.ROLE and coding.code
        ]
        for at, each in enumerate(organisation.identifier):
            if each.system == systems.PARTY and each.value is not None:
                yield from ((role, f"/contained/{number}/identifier/{at}/value", each.value) for role in roles)


def _performers(request: SentRequest) -> Iterator[tuple[str, Place, str]]:
    """Performers that are named by their identifier, with their role in an extension."""
    for number, performer in enumerate(request.performer):
        named = performer.identifier
        if named is None or named.system != systems.PARTY or named.value is None:
            continue
        for role in _roles(performer):
            yield role, f"/performer/{number}/identifier/value", named.value


def _roles(performer: Reference) -> list[str]:
    return [each.code for each in performer.extension if each.url == _ROLE_OF_PERFORMER and each.code]


def _placed(places: Mapping[str, Place], flaws: Sequence[Flaw]) -> list[Flaw]:
    return [each.model_copy(update={"pointer": _place(places, each.pointer)}) for each in flaws]


def _place(places: Mapping[str, Place], place: Place) -> Place:
    part, _, rest = place.removeprefix("/").partition("/")
    part = "protocol" if part == "version" else part
    known = places.get(f"parties/{rest.partition('/')[0]}") if part == "parties" else places.get(part)
    return known or _WHERE.get(part, place)
