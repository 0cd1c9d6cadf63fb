"""A partner's message as events, by its connector."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from partners.connectors.expressions import Failed, evaluate
from partners.connectors.reading import expressions_of
from schemas.canonical import canonical_json
from schemas.connectors import Inbound, MappedEvent
from schemas.errors import Flaw, Invalid, pointer
from schemas.events import PartnerEvent, from_partner, read_event, wire_type

MOST_EVENTS = 1_000
"""Of one message."""

KEPT_OF_A_VALUE = 2_000
"""Characters of what failed, as JSON."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """An event, and the envelope that it was read from."""

    event: PartnerEvent
    envelope: dict[str, Any]


class Unmapped(Exception):
    """A message that its connector cannot map: where in the connector, which expression, on which value."""

    def __init__(self, at: str, expression: str | None, value: Any, detail: str) -> None:
        super().__init__(detail)
        self.problem = {"pointer": at, "expression": expression, "value": _kept(value), "detail": detail}


def source_of(connector: str, partner: str) -> str:
    """The source of all events from one partner by one connector: its ids cannot meet another's."""
    return f"//{connector}/{partner}"


def map_message(connector: str, inbound: Inbound, partner: str, message: Any) -> list[Mapped]:
    """Every event that the message holds, in its order. Raises `Unmapped`."""
    source, found = source_of(connector, partner), list[Mapped]()
    for scope in _scopes(inbound, message):
        for index, event in enumerate(inbound.events):
            at = ("inbound", "events", index)
            if event.when is None or _value(event.when, scope, (*at, "when")):
                found.append(_event(event, source, scope, at))
        if len(found) > MOST_EVENTS:
            raise Unmapped("/inbound/each", inbound.each, len(found), f"more than {MOST_EVENTS} events")
    return found


def _scopes(inbound: Inbound, message: Any) -> Iterator[dict[str, Any]]:
    if inbound.each is None:
        yield {"message": message}
        return
    items = _value(inbound.each, {"message": message}, ("inbound", "each"))
    if not isinstance(items, list):
        raise Unmapped("/inbound/each", inbound.each, items, "not a list")
    for item in items:
        yield {"message": message, "item": item}


def _event(event: MappedEvent, source: str, scope: Any, at: tuple[str | int, ...]) -> Mapped:
    values = {name: _value(text, scope, (*at, *name)) for name, text in expressions_of(event).items()}
    envelope = {
        "specversion": "1.0",
        "source": source,
        "type": wire_type(event.type),
        **{name: values[name,] for name in ("id", "subject", "time")},
        "data": {field: value for field in event.data if (value := values["data", field]) is not None},
    }
    try:
        # What no JSON can say (a number beyond all limits, half a character) cannot be kept either.
        canonical_json(envelope)
        return Mapped(from_partner(read_event(envelope)), envelope)
    except Invalid as error:
        raise _unread(error.errors, event, values, at) from None
    except (ValueError, RecursionError):
        raise Unmapped(pointer(at), None, None, "a value that JSON cannot say") from None


def _unread(flaws: Sequence[Flaw], event: MappedEvent, values: Any, at: tuple[str | int, ...]) -> Unmapped:
    """The first flaw of an event that does not read, told by the expression that its value came from."""
    expressions, flaw = expressions_of(event), flaws[0]
    parts = tuple(flaw.pointer.strip("/").split("/"))
    name = parts[:2] if parts[0] == "data" and parts[:2] in expressions else parts[:1]
    return Unmapped(pointer((*at, *name)), expressions.get(name), values.get(name), flaw.detail)


def _value(expression: str, scope: Any, at: tuple[str | int, ...]) -> Any:
    try:
        return evaluate(expression, scope)
    except Failed as failed:
        raise Unmapped(pointer(at), failed.expression, failed.value, failed.detail) from None


def _kept(value: Any) -> Any:
    """The value, if it can be kept as JSON and is not long; else the beginning of how it is written."""
    try:
        written = canonical_json(value).decode()
    except (ValueError, TypeError, RecursionError):
        return None
    return value if len(written) <= KEPT_OF_A_VALUE else written[:KEPT_OF_A_VALUE]
