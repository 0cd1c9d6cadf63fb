"""What is said, described for programs: a JSON Schema of every message, and an AsyncAPI document of all of them.

Two kinds of message: events, as partners send them (`clew.sample.collected.v1`), and entries, as the feed shows them
(`sample.collected`). Everything is made from the models, so it says what the code does.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from inspect import cleandoc
from typing import Any

from pydantic import BaseModel

from api.answers import FeedEntryView
from ledger.announced import entry_type
from schemas.events import CATALOGUE, DESKS, CloudEvent, wire_type
from schemas.facts import FACTS, EventFact
from schemas.operations import OPERATIONS

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMAS_AT = "/v1/schemas"


@cache
def schemas() -> dict[str, Schema]:
    """The schema of every message, by its name."""
    events = {wire_type(name): _event(name, model) for name, model in CATALOGUE.items() if name not in DESKS}
    applied = {name: _applied_event(name, model) for name, model in CATALOGUE.items()}
    noted = {name: _entry(name, model) for name, model in {**FACTS, **OPERATIONS}.items()}
    return {**events, **applied, **noted}


def asyncapi(version: str) -> dict[str, Any]:
    """AsyncAPI 3: what partners may say on which route, and what the feed says."""
    events = {wire_type(name): model for name, model in CATALOGUE.items() if name not in DESKS}
    entries: dict[str, type[BaseModel]] = {**CATALOGUE, **FACTS, **OPERATIONS}
    sent = {entry_type(name): _sent(name) for name in entries}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Clew",
            "version": version,
            "description": "What partners tell Clew, and what Clew tells whoever follows the ledger.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "events": _channel("/v1/events", "CloudEvents 1.0, structured, binary or batched.", events),
            "feed": _channel("/v1/feed/stream", "The ledger, as server-sent events; `/v1/feed` page by page.", entries),
            "subscriptions": _channel(
                None,
                "The ledger, posted to a subscriber's own URL as CloudEvents.",
                sent,
            ),
        },
        "operations": {
            "takeEvents": _operation("receive", "events", "A partner says what happened."),
            "showEntries": _operation("send", "feed", "The ledger goes on."),
            "sendEntries": _operation("send", "subscriptions", "The ledger goes on, and a subscriber is told."),
        },
        "components": {
            "messages": {
                **{name: _message(name, model, "application/cloudevents+json") for name, model in events.items()},
                **{name: _message(name, model, "application/json") for name, model in entries.items()},
                **sent,
            }
        },
    }


def _event(name: str, model: type[BaseModel]) -> Schema:
    envelope, data = CloudEvent.model_json_schema(), model.model_json_schema()
    shape = {**envelope["properties"], "type": {"const": wire_type(name)}}
    required = [*envelope["required"], *(["data"] if data.get("required") else [])]
    return _document(wire_type(name), shape, required, data)


def _applied_event(name: str, model: type[BaseModel]) -> Schema:
    fact, said = EventFact.model_json_schema(), model.model_json_schema()
    definitions = {**fact.pop("$defs", {}), **said.pop("$defs", {})}
    fact["properties"]["said"] = said
    return _of_entry(name, {**fact, "$defs": definitions})


def _entry(name: str, model: type[BaseModel]) -> Schema:
    return _of_entry(name, model.model_json_schema())


def _of_entry(name: str, data: Schema) -> Schema:
    entry = FeedEntryView.model_json_schema()
    return _document(name, {**entry["properties"], "type": {"const": name}}, entry["required"], data)


def _document(name: str, properties: dict[str, Any], required: list[str], data: Schema) -> Schema:
    definitions = data.pop("$defs", {})
    return {
        "$schema": DIALECT,
        "$id": f"{SCHEMAS_AT}/{name}",
        "title": name,
        "type": "object",
        "properties": {**properties, "data": data},
        "required": required,
        "$defs": definitions,
    }


def _channel(address: str | None, description: str, messages: Iterable[str]) -> dict[str, Any]:
    named = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {"address": address, "description": description, "messages": named}


def _operation(action: str, channel: str, summary: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _message(name: str, model: type[BaseModel], content_type: str) -> dict[str, Any]:
    told = " ".join(_sentences(model))
    return {
        "name": name,
        "title": name,
        **({"description": told} if told else {}),
        "contentType": content_type,
        "payload": {"$ref": f"{SCHEMAS_AT}/{name}"},
    }


def _sent(name: str) -> dict[str, Any]:
    """An entry on its way to a subscriber: a CloudEvent around what the feed shows."""
    envelope = CloudEvent.model_json_schema()["properties"]
    said = {"type": {"const": entry_type(name)}, "data": {"$ref": f"{SCHEMAS_AT}/{name}"}}
    return {
        "name": entry_type(name),
        "title": entry_type(name),
        "contentType": "application/cloudevents+json",
        "payload": {"type": "object", "properties": {**envelope, **said}, "required": ["id", "source", "type", "data"]},
    }


def _sentences(model: type[BaseModel]) -> Iterator[str]:
    """What the model's own docstring says; pydantic gives a model without one its parent's."""
    if "__doc__" in vars(model) and model.__doc__:
        yield cleandoc(model.__doc__)
