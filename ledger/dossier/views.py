"""What is made of a journey's entries for those who read a dossier: each a document of its own. Pure.

Everything here must come from the entries alone, the same every time, or `clew verify --dossier` says so.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from ledger.projections import apply, settle
from ledger.view import View
from schemas.base import iso
from schemas.entries import Entry
from schemas.facts import Fact
from standards.epcis.told import document as epcis_document
from standards.fhir.told import bundle as fhir_bundle

VERSION = 2
"""Raised with every change to what a view makes of the same entries: older dossiers are then not made again."""

Made = Callable[[Sequence[Entry]], Any]
"""From the entries that count, in order, to a JSON document."""


def view_of(entries: Sequence[Entry]) -> View:
    """The journey's projections. Raises `ClewError` for a record that cannot have been made by an append."""
    view = View(entries[0].journey)
    for entry in entries:
        apply(view, _fact(entry))
    settle(view)
    return view


def genealogy(entries: Sequence[Entry]) -> dict[str, Any]:
    """Every container and dose: what it was made from and how much of it, what was made from it, what became of it."""
    materials = view_of(entries).materials
    children: dict[str, list[str]] = defaultdict(list)
    for name, row in materials.items():
        for parent in row["parents"]:
            children[parent].append(name)
    return {
        "containers": [
            {**{each: materials[name][each] for each in _CONTAINER}, "children": sorted(children[name])}
            for name in sorted(materials)
        ]
    }


def custody(entries: Sequence[Entry]) -> dict[str, Any]:
    """Who had each container, where, from when until when; by the entry that says so."""
    positions = {entry.seq: entry.position for entry in entries}
    held: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(view_of(entries).custody.values(), key=lambda each: (each["material"], each["number"])):
        spell = {name: _told(row[name]) for name in _SPELL}
        held[row["material"]].append({**spell, "entry": positions[row["seq"]]})
    return {"containers": dict(held)}


def signatures(entries: Sequence[Entry]) -> dict[str, Any]:
    """Who put their name to what: releases, identity checks, decisions, as they were told."""
    return {"signatures": [each for entry in entries for each in _signed(entry)]}


VIEWS: dict[str, Made] = {
    "genealogy.json": genealogy,
    "custody.json": custody,
    "signatures.json": signatures,
    "epcis.json": epcis_document,
    "fhir.json": fhir_bundle,
}
"""The documents of a dossier beside its report, by the name of the part."""

_CONTAINER = ("id", "kind", "form", "status", "quarantined", "batch", "parents", "amounts", "shares")
_SPELL = (
    *("since", "until", "role", "party", "place"),
    *("from_party", "given_by", "taken_by", "condition", "shipment", "ended"),
)

_DECIDED = ("task.decided", "hold.placed", "hold.lifted", "event.released", "event.given_up")


def _signed(entry: Entry) -> Iterator[dict[str, Any]]:
    at = {"entry": entry.position, "what": entry.type}
    said = entry.data.get("said", {})
    for each in said.get("signatures", ()):
        yield {**at, "role": each["role"], "by": each["by"], "at": each["at"]}
    for each in said.get("verified_by", ()):
        yield {**at, "role": "identity_check", "by": each, "at": iso(entry.occurred_at)}
    if entry.type in _DECIDED:
        yield {**at, "role": "decision", "by": entry.actor, "at": iso(entry.occurred_at)}


def _told(value: Any) -> Any:
    return iso(value) if isinstance(value, datetime) else value


def _fact(entry: Entry) -> Fact:
    columns = ("seq", "type", "occurred_at", "actor", "source", "event_id", "data")
    return Fact.model_validate({name: getattr(entry, name) for name in columns})
