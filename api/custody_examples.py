"""Ana's two bags, told in examples: split, made into a dose, carried, and measured on the way."""

from typing import Any

from api.examples import COI

_TAKEN, _GIVEN = "2026-03-02T12:00:00Z", "2026-03-02T19:40:00Z"
_CELLS = [{"code": "tnc", "value": 1.2e10, "unit": "{cells}"}]
_BAG: dict[str, Any] = {
    "id": "BAG-1",
    "form": "container",
    "journey": COI,
    "kind": "starting_material",
    "status": "used",
    "holder": "manufacturer",
    "amounts": _CELLS,
}
_WITHOUT = {"journey": None, "kind": None, "status": None, "holder": None, "amounts": None}
_DOSE = {**_BAG, "id": "DOSE-1", "form": "dose", "kind": "product", "status": "available", "amounts": []}
_EDGES = [
    {"journey": COI, "child": "BAG-1", "parent": "G171726000001", "how": "collected", "amounts": []},
    {"journey": COI, "child": "BATCH-7", "parent": "BAG-1", "how": "made_from", "amounts": _CELLS},
    {"journey": COI, "child": "DOSE-1", "parent": "BATCH-7", "how": "filled", "amounts": []},
]
GENEALOGY = {
    "From the collection to the dose": {
        "nodes": [
            _BAG,
            {"id": "G171726000001", "form": "collection", **_WITHOUT},
            {"id": "BATCH-7", "form": "batch", **_WITHOUT},
            _DOSE,
        ],
        "edges": _EDGES,
        "complete": True,
    }
}
_CUSTODY = {
    "material": "BAG-1",
    "number": 2,
    "role": "courier",
    "party": "coldline",
    "place": "coldline",
    "since": _TAKEN,
    "until": _GIVEN,
    "ended": None,
    "told_at": _TAKEN,
    "from_party": "apheresis-east",
    "given_by": "technician-3",
    "taken_by": "driver-12",
    "condition": None,
    "shipment": "SHIP-88",
    "seq": 12,
    "coldest": 3.1,
    "warmest": 6.4,
    "worst": 6.4,
}
CUSTODY = {"While the courier had it": {"items": [_CUSTODY]}}
_READING = {"device": "LOGGER-7", "at": _TAKEN, "quantity": "temperature", "value": 4.8, "unit": "Cel"}
_EXCURSION = {
    "shipment": "SHIP-88",
    "device": "LOGGER-7",
    "started_at": "2026-03-02T15:10:00Z",
    "ended_at": "2026-03-02T15:40:00Z",
    "worst": 9.4,
}
_GAP = {
    "code": "logger_gap",
    "shipment": "SHIP-88",
    "device": "LOGGER-7",
    "begins": "2026-03-02T16:00:00Z",
    "ends": "2026-03-02T17:10:00Z",
}
_CSV = "device,at,quantity,value,unit,shipment\nLOGGER-7,2026-03-02T12:00:00Z,temperature,4.8,Cel,SHIP-88\n"
_OF_SHIPMENT = {**_READING, "shipment": "SHIP-88"}
READINGS_BODY: dict[str, Any] = {
    "application/json": {
        "Of a shipment": [_OF_SHIPMENT],
        "Of a container in a store": [{**_READING, "device": "FREEZER-2", "value": -151.5, "material": "DOSE-1"}],
    },
    "application/x-ndjson": {"One reading a line": '{"device": "LOGGER-7", "at": "2026-03-02T12:00:00Z", …}\n'},
    "text/csv": {"A logger's file": _CSV},
}
READINGS_RECEIPT = {
    "An excursion was found": {
        "new": 48,
        "repeated": 0,
        "excursions": [_EXCURSION],
        "notices": [_GAP],
        "told": ["excursion-5b1d0c9a7be2d34c5e6a70b84a3f9e12"],
        "unjudged": [],
    }
}
SHIPMENT_READINGS = {
    "One page": {
        "items": [_READING],
        "next": None,
        "shipment": "SHIP-88",
        "journey": COI,
        "limits": {"min": 2.0, "max": 8.0},
        "summary": [
            {
                "quantity": "temperature",
                "unit": "Cel",
                "count": 48,
                "first_at": _TAKEN,
                "last_at": _GIVEN,
                "least": 3.1,
                "greatest": 9.4,
                "mean": 4.9,
            }
        ],
        "excursions": [_EXCURSION],
        "notices": [_GAP],
    }
}
