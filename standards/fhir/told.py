"""A journey's record as FHIR R4 resources, and as one document. No clock, no order but the record's."""

from collections.abc import Iterable, Sequence

from schemas.entries import Entry
from standards.fhir import systems
from standards.fhir.deliveries import supply_deliveries
from standards.fhir.ids import order_id
from standards.fhir.journey import read_journey
from standards.fhir.procedures import procedures
from standards.fhir.products import products
from standards.fhir.provenance import provenances
from standards.fhir.requests import service_requests
from standards.fhir.specimens import specimens
from standards.fhir.systems import Element
from standards.fhir.tasks import tasks

FHIR_VERSION = "4.0.1"
NOWHERE = "https://clew.invalid/fhir/R4"
"""The base of full URLs in a document that no server gave out: a name that by RFC 2606 leads nowhere."""

_VIEWS = {
    "ServiceRequest": service_requests,
    "Specimen": specimens,
    "BiologicallyDerivedProduct": products,
    "SupplyDelivery": supply_deliveries,
    "Procedure": procedures,
    "Task": tasks,
}

TYPES = (*_VIEWS, "Provenance")


def resources(entries: Iterable[Entry], kind: str | None = None) -> list[Element]:
    """The resources of the journey whose chain these entries are, of one type or by type; each where it first came."""
    journey = read_journey(entries)
    if journey is None:
        return []
    if kind in _VIEWS:
        return [draft.resource() for draft in _VIEWS[kind](journey)]
    told = [view(journey) for view in _VIEWS.values()]
    if kind is not None:
        return [draft.resource() for draft in provenances(journey, told)]
    return [draft.resource() for drafts in (*told, provenances(journey, told)) for draft in drafts]


def bundle(entries: Sequence[Entry], base: str = NOWHERE) -> Element:
    """The same in a Bundle of the type `collection`. `base`: where references lead. Raises `ValueError` for none."""
    if not entries:
        raise ValueError("a bundle is made from a journey's entries, and there is none")
    newest = entries[-1]
    meta = {"versionId": str(newest.seq), "lastUpdated": systems.instant(newest.recorded_at)}
    return document(newest.journey, meta, resources(entries), base)


def document(coi: str, meta: Element, told: Sequence[Element], base: str = NOWHERE) -> Element:
    """Resources of a journey in a Bundle; `meta`: of the newest of them."""
    return {
        "resourceType": "Bundle",
        "id": order_id(coi),
        "meta": meta,
        "identifier": systems.identifier(systems.COI, coi),
        "type": "collection",
        "timestamp": meta["lastUpdated"],
        "entry": [{"fullUrl": full_url(base, each), "resource": each} for each in told],
    }


def full_url(base: str, resource: Element) -> str:
    """Where a resource is."""
    return f"{base}/{resource['resourceType']}/{resource['id']}"
