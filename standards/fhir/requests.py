"""ServiceRequest: the order that the journey answers, and where the journey is.

Who takes part stands in it as contained organisations: each with its name as a partner, and the role as its type.
"""

from datetime import datetime
from typing import Any

from schemas.entries import Entry
from standards.fhir import systems
from standards.fhir.ids import order_id
from standards.fhir.journey import Drafts, Journey
from standards.fhir.systems import Element

_STATUS = {
    "hold.placed": "on-hold",
    "hold.lifted": "active",
    "journey.leaving": "revoked",
    "journey.cancelled": "revoked",
    "journey.completed": "completed",
}
_ENDED = ("revoked", "completed")


def service_requests(journey: Journey) -> Drafts:
    """The one order of the journey; none before it has started."""
    drafts, identity, status = Drafts("ServiceRequest", journey.coi), order_id(journey.coi), ""
    for entry in journey.entries:
        if entry.type == "journey.started":
            status = "active"
            drafts.write_as(entry, identity, **_order(journey.coi, entry.data, entry.occurred_at))
        elif status and entry.type in _STATUS and not (status in _ENDED and entry.type.startswith("hold.")):
            status = _STATUS[entry.type]
            drafts.write_as(entry, identity, status=status, extension=_reason(entry, status))
    return drafts


def ordered(coi: str, order: dict[str, Any], ordered_at: datetime) -> Element:
    """The order of a journey that is on record and has not started: version 0.

    `order`: `order`, `protocol`, `version` and `parties`, as in the fact `journey.started`.
    """
    head = {"resourceType": "ServiceRequest", "id": order_id(coi)}
    return {
        **head,
        "meta": {"versionId": "0", "lastUpdated": systems.instant(ordered_at)},
        **_order(coi, order, ordered_at),
    }


def asking_for(order: dict[str, Any], patient: Element) -> Element:
    """An order as a hospital sends it. `patient`: the reference that its own system has, which is not kept."""
    faster = [systems.extension("time-lapse", "Decimal", order["time_lapse"])] if order.get("time_lapse", 1) > 1 else []
    return {
        "resourceType": "ServiceRequest",
        **({"extension": faster} if faster else {}),
        **_asked(order),
        "subject": patient,
    }


def _order(coi: str, order: dict[str, Any], ordered_at: datetime) -> Element:
    about = {"subject": systems.patient(coi), "authoredOn": systems.instant(ordered_at)}
    return {**_asked(order), **about}


def _asked(order: dict[str, Any]) -> Element:
    protocol, parties = order.get("protocol"), order.get("parties") or {}
    version = order.get("version")
    canonical = f"{systems.PROTOCOL}:{protocol}" + (f"|{version}" if version else "")
    element: Element = {
        "contained": [_organisation(role, party) for role, party in parties.items()],
        "identifier": [systems.identifier(systems.ORDER, order["order"])] if order.get("order") else [],
        "instantiatesCanonical": [canonical] if protocol else [],
        "status": "active",
        "intent": "order",
        "code": systems.concept(systems.PROTOCOL, protocol) if protocol else {},
        "performer": [{"reference": f"#{_within(role)}", "type": "Organization"} for role in parties],
    }
    return {name: value for name, value in element.items() if value}


def _organisation(role: str, party: str) -> Element:
    return {
        "resourceType": "Organization",
        "id": _within(role),
        "identifier": [systems.identifier(systems.PARTY, party)],
        "type": [systems.concept(systems.ROLE, role)],
    }


def _within(role: str) -> str:
    return role.replace("_", "-")


def _reason(entry: Entry, status: str) -> list[Element]:
    reason = entry.data.get("reason")
    return [systems.extension("status-reason", "Code", reason)] if reason and status != "active" else []
