"""The FHIR interface in examples, made by the views that make its answers."""

from datetime import UTC, datetime
from typing import Any

from api import examples
from api.documented import Examples, named, problems
from api.fhir_refusals import outcome
from standards.fhir.capability import MEDIA_TYPE, capability
from standards.fhir.requests import asking_for, ordered
from standards.fhir.told import document, full_url

BASE = "https://clew.example/fhir/R4"
_WHEN = datetime(2026, 2, 20, 8, tzinfo=UTC)

REQUEST = ordered(examples.COI, examples.ORDER | {"version": 1}, _WHEN)
REVOKED = REQUEST | {"status": "revoked", "meta": {**REQUEST["meta"], "versionId": "31"}}
ORDER = asking_for(examples.ORDER | {"version": 1}, {"reference": "Patient/1187"})
REVOCATION = REQUEST | {"status": "revoked"}
SEARCHSET = {
    "resourceType": "Bundle",
    "type": "searchset",
    "link": [{"relation": "self", "url": f"{BASE}/ServiceRequest?status=active&_count=50"}],
    "total": 1,
    "entry": [{"fullUrl": full_url(BASE, REQUEST), "resource": REQUEST, "search": {"mode": "match"}}],
}
DOCUMENT = document(examples.COI, REQUEST["meta"], [REQUEST], BASE)
CAPABILITY = capability(BASE, "0.1.0")


def fhir_answer(status: int, description: str, shown: Examples) -> dict[int | str, Any]:
    """An answer of a FHIR route, with its examples."""
    return {status: {"description": description, "content": {MEDIA_TYPE: _content(shown)}}}


def fhir_problems(*codes: str) -> dict[int | str, Any]:
    """The refusals of a FHIR route, by status, each code with an example."""
    described = problems(*codes)
    for refused in described.values():
        (content,) = refused["content"].values()
        shown = {name: outcome(each["value"]) for name, each in content["examples"].items()}
        refused["content"] = {MEDIA_TYPE: _content(shown)}
    return described


def fhir_body(shown: Examples) -> dict[str, Any]:
    """A FHIR resource as a request's body."""
    return {"requestBody": {"required": True, "content": {MEDIA_TYPE: _content(shown)}}}


def _content(shown: Examples) -> dict[str, Any]:
    return {"schema": {"type": "object"}, "examples": named(shown)}
