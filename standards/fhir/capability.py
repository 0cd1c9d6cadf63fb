"""CapabilityStatement: what the FHIR interface can do, made from the same tables that it works by."""

from standards.fhir.search import PARAMETERS
from standards.fhir.systems import Element
from standards.fhir.told import FHIR_VERSION, TYPES

MEDIA_TYPE = "application/fhir+json"
_SINCE = "2026-11-26"
"""When the interface last changed."""

_READ = ("read", "vread", "search-type")
_PROFILE = "http://hl7.org/fhir/StructureDefinition/"


def capability(base: str, version: str) -> Element:
    """`base`: the URL of the interface. `version`: of the software."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _SINCE,
        "kind": "instance",
        "software": {"name": "Clew", "version": version},
        "implementation": {"description": "Journeys of cell and gene therapies, from their record.", "url": base},
        "fhirVersion": FHIR_VERSION,
        "format": [MEDIA_TYPE, "json"],
        "rest": [{"mode": "server", "resource": [_resource(kind) for kind in TYPES]}],
    }


def _resource(kind: str) -> Element:
    writes = kind == "ServiceRequest"
    described: Element = {
        "type": kind,
        "profile": _PROFILE + kind,
        "interaction": [{"code": code} for code in (*_READ, *(("create", "update") if writes else ()))],
        "versioning": "versioned",
        "readHistory": False,
        "updateCreate": False,
        "conditionalCreate": writes,
        "conditionalRead": "not-match",
        "searchParam": [_parameter(name, each.kind, each.says) for name, each in PARAMETERS[kind].items()],
    }
    if writes:
        described["documentation"] = "A create starts a journey. An update can only revoke: the patient has withdrawn."
    return described


def _parameter(name: str, kind: str, says: str) -> Element:
    plain, colon, modifier = name.partition(":")
    needs = f" With the modifier `:{modifier}`, or as `system|value`." if colon else ""
    return {"name": plain, "type": kind, "documentation": says + needs}
