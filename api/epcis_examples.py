"""The EPCIS interface, told in examples: a shipment of one patient's cells."""

from typing import Any

from standards.epcis.documents import LD_CONTEXT

_WHEN, _RECORDED = "2026-03-02T12:40:00Z", "2026-03-02T12:40:00.310000Z"

DEPARTING: dict[str, Any] = {
    "type": "AggregationEvent",
    "eventID": "urn:uuid:7f0b5952-4f33-593c-9982-f5bb213fa5b3",
    "eventTime": _WHEN,
    "recordTime": _RECORDED,
    "eventTimeZoneOffset": "+00:00",
    "bizStep": "departing",
    "disposition": "in_transit",
    "readPoint": {"id": "urn:clew:party:apheresis-east"},
    "bizTransactionList": [{"type": "bol", "bizTransaction": "urn:clew:shipment:SHIP-88"}],
    "sourceList": [{"type": "possessing_party", "source": "urn:clew:party:apheresis-east"}],
    "destinationList": [{"type": "possessing_party", "destination": "urn:clew:party:coldline"}],
    "action": "ADD",
    "parentID": "urn:clew:shipper:SHIP-88",
    "childEPCs": ["urn:clew:container:BAG-1", "urn:clew:container:BAG-2"],
    "clew:coi": "urn:clew:coi:CLEWYDWJ67KE69S6NHBXI",
    "clew:entry": "6d7fce9fee471194aa8b5b6e47267f03bb2d2f1d0b5c1f5c9f5e3d7a1f6c8e21",
}


def _envelope(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    said = {"schemaVersion": "2.0", "creationDate": _RECORDED, "epcisBody": body}
    return {"@context": LD_CONTEXT, "type": kind, **said}


_ANSWERED = {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": [DEPARTING]}}
_SAID = {name: value for name, value in DEPARTING.items() if name not in ("recordTime", "clew:coi", "clew:entry")}

EPCIS_QUERY = {"A bag has left": _envelope("EPCISQueryDocument", {"queryResults": _ANSWERED})}
EPCIS_DOCUMENT = {"A bag has left": _envelope("EPCISDocument", {"eventList": [DEPARTING]})}
EPCIS_EVENT = {"A bag has left": {"@context": LD_CONTEXT, **DEPARTING}}
EPCIS_NAMES = {
    "Business steps": {"@context": LD_CONTEXT, "type": "Collection", "member": ["arriving", "departing", "receiving"]}
}

CAPTURED = _envelope("EPCISDocument", {"eventList": [_SAID]}) | {"sender": "urn:clew:party:coldline"}
CAPTURE_BODY = {"application/json": {"The courier has picked up": CAPTURED}}
CAPTURE_EVENT_BODY = {"application/json": {"The courier has picked up": {"@context": LD_CONTEXT, **_SAID}}}

_JOB_ID = "3f1c5a0e9d7b4c2a8e6f1b0d4a7c9e25"
CAPTURE_JOB = {
    "Captured": {
        "captureID": _JOB_ID,
        "createdAt": _RECORDED,
        "finishedAt": _RECORDED,
        "running": False,
        "success": True,
        "captureErrorBehaviour": "rollback",
        "errors": [],
        "events": [
            {
                "number": 0,
                "eventID": DEPARTING["eventID"],
                "outcome": "captured",
                "reason": None,
                "detail": None,
                "told": [
                    {
                        "source": "urn:clew:party:coldline",
                        "id": DEPARTING["eventID"],
                        "type": "shipment.picked_up",
                        "status": "received",
                    }
                ],
            }
        ],
    }
}
CAPTURE_JOBS = {"One job": [CAPTURE_JOB["Captured"]]}
