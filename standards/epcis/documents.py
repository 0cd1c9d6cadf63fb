"""The envelopes of EPCIS 2.0 in JSON-LD: documents of events, and answers to queries. Reading one is in `reading`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from schemas.base import iso
from standards.epcis.vocabulary import CONTEXT, SCHEMA_VERSION

LD_CONTEXT: list[Any] = [CONTEXT, {"clew": "urn:clew:epcis:"}]
"""The standard's own context, and the namespace of what we say beside it."""


def epcis_document(events: Sequence[dict[str, Any]], created_at: datetime) -> dict[str, Any]:
    """Events as one document."""
    return _envelope("EPCISDocument", {"eventList": list(events)}, created_at)


def query_document(events: Sequence[dict[str, Any]], created_at: datetime) -> dict[str, Any]:
    """Events as the answer to a query."""
    found = {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": list(events)}}
    return _envelope("EPCISQueryDocument", {"queryResults": found}, created_at)


def single_event(event: dict[str, Any]) -> dict[str, Any]:
    """An event that stands alone, and so brings its context along."""
    return {"@context": LD_CONTEXT, **event}


def collection(members: Sequence[str]) -> dict[str, Any]:
    """The names below a resource: `/bizSteps`, `/epcs`."""
    return {"@context": LD_CONTEXT, "type": "Collection", "member": list(members)}


def _envelope(kind: str, body: dict[str, Any], created_at: datetime) -> dict[str, Any]:
    return {
        "@context": LD_CONTEXT,
        "type": kind,
        "schemaVersion": SCHEMA_VERSION,
        "creationDate": iso(created_at),
        "epcisBody": body,
    }
