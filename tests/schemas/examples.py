"""One event's data of each type of the catalogue, as partners send it."""

from typing import Any

TWO_PEOPLE = ["nurse-17", "nurse-23"]
SHIPPED = {"reference": "SHIP-1", "containers": ["BAG-1", "BAG-2"]}
WHEN = "2026-03-02T10:10:00Z"

CELLS = [{"code": "tnc", "value": 1.2e10, "unit": "{cells}"}]

EXAMPLES: dict[str, dict[str, Any]] = {
    "evidence.provided": {"evidence": "consent", "reference": "DOC-1", "valid_until": "2026-09-01T00:00:00Z"},
    "evidence.withdrawn": {"evidence": "consent", "reason": "patient_unsure"},
    "slot.confirmed": {"slot": "SLOT-1", "resource": "apheresis_chair", "starts_at": WHEN},
    "slot.lost": {"slot": "SLOT-1", "resource": "apheresis_chair"},
    "collection.started": {"device": "OPTIA-7"},
    "sample.collected": {
        "donation": "G123498654321",
        "containers": [{"id": "BAG-1", "volume_ml": 120.5, "tnc": 9.1e9, "cd3": 4.2e9}, {"id": "BAG-2"}],
        "ended_at": WHEN,
        "verified_by": TWO_PEOPLE,
    },
    "collection.failed": {"reason": "too_few_cells", "donation": "G123498654322"},
    "shipment.booked": {"reference": "SHIP-1", "pick_up_at": WHEN, "eta": "2026-03-03T08:00:00Z"},
    "shipment.picked_up": SHIPPED,
    "shipment.delayed": {"reference": "SHIP-1", "eta": "2026-03-03T12:00:00Z", "reason": "weather"},
    "shipment.delivered": SHIPPED,
    "shipment.lost": {"reference": "SHIP-1", "reason": "not_found"},
    "shipment.excursion": {
        "reference": "SHIP-1",
        "limit_min": 2.0,
        "limit_max": 8.0,
        "started_at": WHEN,
        "ended_at": "2026-03-02T10:40:00Z",
        "worst": 11.5,
    },
    "material.received": {**SHIPPED, "condition": "good"},
    "material.damaged": {"containers": ["BAG-1"], "reason": "leaking"},
    "material.split": {"container": "BAG-1", "into": [{"id": "HALF-1", "amounts": CELLS}], "rest": CELLS},
    "material.pooled": {"parts": [{"id": "BAG-1", "amounts": CELLS}, {"id": "BAG-2"}], "into": {"id": "POOL-1"}},
    "material.sampled": {"source": "BAG-1", "samples": [{"id": "QC-1"}], "form": "retained_sample"},
    "material.disposed": {"containers": ["BAG-2"], "disposition": "destroyed", "by": "technician-3"},
    "manufacture.started": {"batch": "LOT-1", "containers": ["BAG-1"]},
    "manufacture.step_completed": {"batch": "LOT-1", "step": "expansion"},
    "manufacture.completed": {"batch": "LOT-1", "doses": ["DOSE-1"], "parents": ["BAG-1"]},
    "manufacture.failed": {"batch": "LOT-1", "reason": "contaminated"},
    "test.reported": {
        "batch": "LOT-1",
        "test": "endotoxin",
        "result": "<0.5",
        "unit": "EU/mL",
        "specification": "<=5.0",
        "passed": True,
    },
    "batch.released": {
        "batch": "LOT-1",
        "doses": ["DOSE-1"],
        "signatures": [
            {"role": "quality_assurance", "by": "qa-4", "at": WHEN},
            {"role": "qualified_person", "by": "qp-2", "at": WHEN},
        ],
    },
    "batch.rejected": {"batch": "LOT-1", "reason": "potency_too_low"},
    "conditioning.started": {"regimen": "flu_cy", "starts_on": "2026-03-20"},
    "conditioning.completed": {"regimen": "flu_cy", "ends_on": "2026-03-23"},
    "product.thawed": {"dose": "DOSE-1"},
    "infusion.completed": {"dose": "DOSE-1", "bedside_check": True, "verified_by": TWO_PEOPLE},
    "infusion.aborted": {"dose": "DOSE-1", "reason": "reaction"},
    "patient.withdrawn": {"reason": "own_wish"},
    "patient.deceased": {"reason": "disease"},
    "patient.status_changed": {"status": "hospitalised"},
    "follow_up.completed": {"visit": 1, "outcomes": ["complete_response"]},
    "follow_up.missed": {"visit": 2, "reason": "patient_travelled"},
    "milestone.reached": {"milestone": "interleukin_started", "reference": "DOC-9"},
    "labels.issued": {"stage": "collection", "set": "LS7KQ2M9XW4D", "labels": 3},
    "labels.reconciled": {
        "stage": "collection",
        "set": "LS7KQ2M9XW4D",
        "issued": 3,
        "used": 2,
        "destroyed": 1,
        "returned": 0,
    },
    "identifier.assigned": {"kind": "sgtin", "value": "010950600013435221BAG1", "names": "BAG-1"},
}
