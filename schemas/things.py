"""The things that an event's data names: containers, doses, batches, shipments, and whose they are. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

THINGS = frozenset(
    {
        "id",
        "coi",
        "container",
        "containers",
        "dose",
        "doses",
        "parents",
        "parts",
        "contents",
        "into",
        "samples",
        "source",
        "batch",
        "donation",
        "reference",
        "names",
    }
)
"""Fields of events that name a thing of the journey. Another that does is added here."""


def things_named(said: Mapping[str, Any]) -> Iterator[str]:
    """Every name of a thing in an event's data."""
    for field, each in said.items():
        if field in THINGS:
            for item in each if isinstance(each, list | tuple) else [each]:
                if isinstance(item, dict):
                    yield from things_named(item)
                elif item is not None:
                    yield str(item)


def replaced(value: Any, words: Mapping[str, str]) -> Any:
    """A JSON value with every text that is among the words replaced by what it stands for."""
    if isinstance(value, dict):
        return {name: replaced(each, words) for name, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, words) for each in value]
    return words.get(value, value) if isinstance(value, str) else value
