"""One patient's therapy, told in examples: what goes in and what comes out of every route."""

import json
from typing import Any

COI = "CLEWYDWJ67KE69S6NHBXI"
HOSPITAL = "//hospital.example/apheresis"

_WHEN, _LATER = "2026-03-02T10:15:00Z", "2026-03-02T10:15:01.120000Z"

COLLECTED: dict[str, Any] = {
    "specversion": "1.0",
    "id": "evt-0001",
    "source": HOSPITAL,
    "type": "clew.sample.collected.v1",
    "subject": COI,
    "time": _WHEN,
    "data": {
        "donation": "G171726000001",
        "containers": [{"id": "BAG-1", "volume_ml": 120.5}, {"id": "BAG-2", "volume_ml": 118.0}],
        "ended_at": "2026-03-02T10:10:00Z",
        "verified_by": ["nurse-17", "nurse-23"],
    },
}
EARLY: dict[str, Any] = {
    "specversion": "1.0",
    "id": "evt-0002",
    "source": "//courier.example",
    "type": "clew.shipment.delayed.v1",
    "subject": "SHIP-88",
    "time": _WHEN,
    "data": {"reference": "SHIP-88", "eta": "2026-03-03T18:00:00Z", "reason": "weather"},
}
EVENT_BODIES = {
    "application/cloudevents+json": {"A collection is done": COLLECTED},
    "application/cloudevents-batch+json": {"Two events at once": [COLLECTED, EARLY]},
    "application/json": {"Binary mode: the data alone, its attributes in ce- headers": COLLECTED["data"]},
}

_EVENT_LINK = "/v1/events/%2F%2Fhospital.example%2Fapheresis/evt-0001"
_RECEIPT = {
    "source": HOSPITAL,
    "id": "evt-0001",
    "status": "received",
    "journey": COI,
    "links": {"self": _EVENT_LINK, "journey": f"/v1/journeys/{COI}"},
}
_EARLY_RECEIPT = {
    "source": "//courier.example",
    "id": "evt-0002",
    "status": "unmatched",
    "links": {"self": "/v1/events/%2F%2Fcourier.example/evt-0002"},
}
EVENT_RECEIPTS = {
    "On its way to its journey": _RECEIPT,
    "Kept until somebody knows its subject": _EARLY_RECEIPT,
    "A batch": {"items": [_RECEIPT, _EARLY_RECEIPT]},
}

_EVENT = {
    "source": HOSPITAL,
    "id": "evt-0001",
    "type": "sample.collected",
    "subject": COI,
    "occurred_at": _WHEN,
    "received_at": _LATER,
    "delivered_at": "2026-03-02T10:15:01.131000Z",
    "status": "applied",
    "reason": None,
    "journey": COI,
    "decided_by": None,
}
_DISMISSED = {
    **_EVENT,
    "source": "//courier.example",
    "id": "evt-0002",
    "type": "shipment.delayed",
    "subject": "SHIP-88",
    "delivered_at": None,
    "status": "dismissed",
    "reason": "wrong_recipient",
    "journey": None,
    "decided_by": "coordinator-4",
}
EVENT_PAGE = {"One page": {"items": [_EVENT], "next": None}}
EVENT_DISMISSED = {"Given up": _DISMISSED}
EVENT_RELEASED = {"It took effect after all": {**_EVENT, "decided_by": "coordinator-4"}}
RELEASE = {"source": HOSPITAL, "id": "evt-0001", "by": "coordinator-4", "reason": "label_corrected"}
RELEASE_BODY = {"application/json": {"What it named is known now": RELEASE}}
DISMISSAL = {"source": "//courier.example", "id": "evt-0002", "by": "coordinator-4", "reason": "wrong_recipient"}
DISMISSAL_BODY = {"application/json": {"Nobody knows this shipment": DISMISSAL}}

PARTIES = {
    "treatment_centre": "st-anna",
    "collection_centre": "apheresis-east",
    "courier": "coldline",
    "manufacturer": "cellworks",
    "laboratory": "qc-lab",
}
ORDER = {"protocol": "autologous-car-t", "order": "ORD-2026-0001", "parties": PARTIES}
ORDER_BODY = {"application/json": {"The newest version of a protocol": ORDER}}
_JOURNEY_RECEIPT = {
    "coi": COI,
    "order": "ORD-2026-0001",
    "status": "ordered",
    "started": True,
    "links": {"self": f"/v1/journeys/{COI}", "journey": f"/v1/journeys/{COI}"},
}
JOURNEY_STARTED = {"Started": _JOURNEY_RECEIPT}
JOURNEY_RECORDED = {"Recorded; starts when Temporal is back": {**_JOURNEY_RECEIPT, "started": False}}
_HOLD = {
    "id": "hold-4f3a91c07be25d68a1b2",
    "reason": "identity_mismatch",
    "journey": COI,
    "sides": [COI, "CLEW7QZ3N0VB41TXHE5KO"],
    "about": ["DN-1-A", "DN-7-A"],
    "opened_at": "2026-03-02T10:15:02Z",
    "finding": None,
    "closed_at": None,
    "signatures": [
        {"by": "qa-07", "finding": "not_crossed", "reason": "labels_compared", "at": "2026-03-02T11:40:00Z"}
    ],
}
HOLD = {"Signed once": _HOLD}
HOLD_PAGE = {"One page": {"items": [_HOLD], "next": None}}
SIGNING = {"by": "qp-02", "reason": "labels_compared", "finding": "not_crossed"}
SIGNING_BODY = {"application/json": {"Nothing was crossed": SIGNING}}
_JOURNEY = {
    "coi": COI,
    "order": "ORD-2026-0001",
    "protocol": "autologous-car-t",
    "version": 1,
    "status": "running",
    "stages": ["collection"],
    "treatment_centre": "st-anna",
    "ordered_at": "2026-02-20T08:00:00Z",
    "closed_at": None,
    "next_due_at": "2026-03-06T08:00:00Z",
    "at_risk": False,
}
JOURNEY_PAGE = {"One page": {"items": [_JOURNEY], "next": None}}
_STAGE = {
    "stage": "collection",
    "kind": "collection",
    "status": "active",
    "visit": 1,
    "began_at": "2026-02-20T08:00:00Z",
    "ended_at": None,
    "due_at": "2026-03-06T08:00:00Z",
    "times_overdue": 0,
}
SGTIN = "010950600013435221BAG1"
_IDENTIFIER = {"kind": "sgtin", "value": SGTIN, "names": "BAG-1", "journey": COI}
IDENTIFIER = {"A courier's own label on a bag": _IDENTIFIER}
IDENTIFIER_PAGE = {
    "One page": {
        "items": [{"kind": "coi", "value": COI, "names": None}, {"kind": "sgtin", "value": SGTIN, "names": "BAG-1"}],
        "next": None,
    }
}
SCAN_BODY = {"application/json": {"A GS1 DataMatrix, at the bedside": {"text": f"]d2{SGTIN}", "journey": COI}}}
SCANNED = {
    "It belongs to the journey": {
        "parts": [
            {
                "kind": "sgtin",
                "value": SGTIN,
                "check": "passed",
                "text": "GTIN 09506000134352, serial BAG1",
                "problem": None,
                "leads_to": _IDENTIFIER,
            }
        ],
        "problem": None,
        "journeys": [COI],
        "agrees": True,
    }
}
_TASK = {
    "journey": COI,
    "id": "T1",
    "status": "open",
    "question": "batch_rejected",
    "stage": "release",
    "role": "treatment_centre",
    "party": "st-anna",
    "about": ["BATCH-7"],
    "choices": [
        {"choice": "remake", "then": "Make the product again from what is left."},
        {"choice": "recollect", "then": "Collect again."},
        {"choice": "stop", "then": "End the journey."},
    ],
    "opened_at": "2026-03-20T09:00:00Z",
    "due_at": "2026-03-22T09:00:00Z",
    "times_overdue": 0,
    "closed_at": None,
    "choice": None,
    "reason": None,
    "decided_by": None,
}
TASK_PAGE = {"One page": {"items": [_TASK], "next": None}}
_DEVIATION = {
    "journey": COI,
    "id": "D1",
    "code": "batch_rejected",
    "stage": "release",
    "about": ["BATCH-7"],
    "blocks": False,
    "opened_at": "2026-03-20T09:00:00Z",
    "resolved_at": None,
    "resolution": None,
}
DEVIATION_PAGE = {"One page": {"items": [_DEVIATION], "next": None}}
_BAG = {
    "id": "BAG-1",
    "kind": "starting_material",
    "status": "used",
    "holder": "manufacturer",
    "party": "cellworks",
    "parents": [],
    "children": ["DOSE-1"],
    "batch": None,
    "expires_at": "2026-03-05T10:10:00Z",
    "quarantined": False,
}
_DOSE = {
    "id": "DOSE-1",
    "kind": "product",
    "status": "available",
    "holder": "manufacturer",
    "party": "cellworks",
    "parents": ["BAG-1"],
    "children": [],
    "batch": "BATCH-7",
    "expires_at": None,
    "quarantined": False,
}
MATERIAL_PAGE = {"A bag and the dose made from it": {"items": [_BAG, _DOSE], "next": None}}
_ENTRY = {
    "position": 42,
    "seq": 7,
    "type": "sample.collected",
    "occurred_at": _WHEN,
    "recorded_at": _LATER,
    "actor": HOSPITAL,
    "source": HOSPITAL,
    "event_id": "evt-0001",
    "data": {"stage": "collection", "visit": 1, "subject": COI, "said": COLLECTED["data"]},
    "previous_hash": "9f2c" * 16,
    "hash": "41ab" * 16,
}
FEED = {"One answer": {"items": [{**_ENTRY, "journey": COI}], "next": 42}}
FEED_STREAM = f"event: sample.collected\nid: 42\ndata: {json.dumps({**_ENTRY, 'journey': COI})}\n\n"
_SAID = {"by": "integrator-2", "reason": "warehouse_load"}
_SUBSCRIPTION = {
    "id": "sub-1f0c9a7be2d34c5e6a70",
    "standing": "active",
    "url": "https://warehouse.example/clew",
    "types": ["batch.released", "batch.rejected"],
    "protocol": None,
    "party": "cellworks",
    "position": 42,
    "revision": 1,
    "created_at": _WHEN,
    "created_by": "integrator-2",
    "delivered_at": _LATER,
    "failures": 0,
    "failing_since": None,
    "problem": None,
    "status": 204,
    "disabled_at": None,
    "disabled_reason": None,
}
_DISABLED = {
    **_SUBSCRIPTION,
    "standing": "disabled",
    "failures": 131,
    "failing_since": _WHEN,
    "problem": "not_taken",
    "status": 500,
    "disabled_at": "2026-03-07T10:15:00Z",
    "disabled_reason": "failed_too_long",
}
NEW_SUBSCRIPTION_BODY = {
    "application/json": {
        "Everything from now on": {"url": "https://warehouse.example/clew", **_SAID},
        "One manufacturer's batches, from the beginning": {
            "url": "https://warehouse.example/clew",
            "types": ["batch.released", "batch.rejected"],
            "party": "cellworks",
            "after": 0,
            **_SAID,
        },
    }
}
CHANGED_SUBSCRIPTION_BODY = {
    "application/json": {
        "Send elsewhere": {"url": "https://new-warehouse.example/clew", "by": "integrator-2", "reason": "moved"},
        "Send all types": {"types": [], "by": "integrator-2", "reason": "more_wanted"},
    }
}
SAID_BODY = {"application/json": {"Who, and why": {"by": "integrator-2", "reason": "receiver_repaired"}}}
REPLAY_BODY = {"application/json": {"All from the beginning": {"after": 0, **_SAID}}}
SUBSCRIPTION = {"At work": _SUBSCRIPTION, "Given up after five days": _DISABLED}
SUBSCRIPTION_CREATED = {
    "With its secret": {**_SUBSCRIPTION, "secret": "whsec_KkVbyLQfPNVnpYQ8Vd0aXiVsl3M7RrV2HxVcEg2H1bM="}
}
SUBSCRIPTION_PAGE = {"One page": {"items": [_SUBSCRIPTION], "next": None}}
MESSAGE_LIST = {
    "Two of them": {
        "items": [
            {"name": "clew.sample.collected.v1", "url": "/v1/schemas/clew.sample.collected.v1"},
            {"name": "sample.collected", "url": "/v1/schemas/sample.collected"},
        ]
    }
}
MESSAGE_SCHEMA = {
    "The beginning of one": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "/v1/schemas/clew.sample.collected.v1",
        "title": "clew.sample.collected.v1",
        "type": "object",
    }
}
ASYNCAPI = {"The beginning of it": {"asyncapi": "3.0.0", "info": {"title": "Clew", "version": "0.1.0"}}}
ENTRY_PAGE = {"One page": {"items": [_ENTRY], "next": None}}
JOURNEY = {
    "While cells are collected": {
        **_JOURNEY,
        "protocol_hash": "7d0e" * 16,
        "parties": PARTIES,
        "time_lapse": 1,
        "started_at": "2026-02-20T08:00:00.050000Z",
        "outcome_reason": None,
        "stages_in_order": [_STAGE],
        "tasks": [_TASK],
        "deviations": [_DEVIATION],
        "identity_holds": [],
        "materials": [_BAG, _DOSE],
        "identifiers": [{"kind": "coi", "value": COI}, {"kind": "order", "value": "ORD-2026-0001"}],
        "latest": [_ENTRY],
    }
}
DECISION = {
    "kind": "task",
    "id": "decision-1",
    "by": "physician-2",
    "reason": "material_left",
    "task": "T1",
    "choice": "remake",
}
DECISION_BODY = {
    "application/json": {
        "Answer a task": DECISION,
        "Hold the journey": {"kind": "hold", "id": "decision-2", "by": "physician-2", "reason": "patient_unwell"},
        "Let it go on": {"kind": "lift_hold", "id": "decision-3", "by": "physician-2", "reason": "patient_well"},
        "End it": {"kind": "cancel", "id": "decision-4", "by": "physician-2", "reason": "patient_withdrew"},
    }
}

PROTOCOL_DOCUMENT: dict[str, Any] = {
    "protocol": "collection-only",
    "version": 1,
    "title": "A collection, then follow-up",
    "stages": [
        {"id": "enrolment", "kind": "enrolment", "evidence": ["consent"], "due": "5d"},
        {
            "id": "collection",
            "kind": "collection",
            "after": ["enrolment"],
            "at": "collection_centre",
            "material": "leukapheresis",
            "due": "14d",
        },
    ],
}
_PROTOCOL = {
    "name": "collection-only",
    "version": 1,
    "title": "A collection, then follow-up",
    "hash": "c5d1" * 16,
    "published_at": "2026-02-01T12:00:00Z",
}
PROTOCOL_YAML = """\
protocol: collection-only
version: 1
title: A collection, then follow-up
stages:
  - {id: enrolment,  kind: enrolment,  evidence: [consent], due: 5d}
  - {id: collection, kind: collection, after: [enrolment], at: collection_centre, material: leukapheresis, due: 14d}
"""
PROTOCOL_BODY = {
    "application/json": {"As JSON": PROTOCOL_DOCUMENT},
    "application/yaml": {"As YAML": PROTOCOL_YAML},
}
PROTOCOL = {"With its document": {**_PROTOCOL, "document": PROTOCOL_DOCUMENT}}
PROTOCOL_PAGE = {"One page": {"items": [_PROTOCOL], "next": None}}

PARTNER_BODY = {"application/json": {"Where the courier is reached": {"url": "https://coldline.example/clew"}}}
_PARTNER = {
    "name": "coldline",
    "url": "https://coldline.example/clew",
    "updated_at": "2026-02-01T12:00:00Z",
    "connector": None,
    "at_once": 4,
    "rate": None,
    "paused_at": None,
    "paused_by": None,
    "paused_reason": None,
}
PARTNER = {"The courier": _PARTNER}
PARTNER_PAUSED = {
    "Its maintenance": {
        **_PARTNER,
        "paused_at": "2026-03-02T10:20:00Z",
        "paused_by": "operator-3",
        "paused_reason": "maintenance",
    }
}
PARTNER_PAGE = {"One page": {"items": [_PARTNER], "next": None}}

ALIVE = {"It lives": {"status": "alive"}}
READY = {"Ready": {"status": "ready", "database": "reachable", "temporal": "reachable"}}
METRICS = "# HELP clew_relay_waiting Events acknowledged and not yet handed to their journeys.\n"

_DELIVERY = {
    "id": "D4f3a91c07be25d68",
    "key": f"{COI}/to_manufacturer/book_pickup/1",
    "partner": "coldline",
    "journey": COI,
    "stage": "to_manufacturer",
    "visit": 1,
    "command": "book_pickup",
    "status": "failing",
    "reason": "the partner cannot be reached: ConnectError",
    "reference": None,
    "attempts": 7,
    "changed": False,
    "held": False,
    "age": 412.5,
    "created_at": "2026-03-02T10:15:02Z",
    "next_attempt_at": "2026-03-02T10:22:20Z",
    "last_attempt_at": "2026-03-02T10:21:50Z",
    "settled_at": None,
}
DELIVERY = {"Tried again": _DELIVERY}
DELIVERY_PAGE = {"One page": {"items": [_DELIVERY], "next": None}}
DELIVERY_GIVEN_UP = {
    "Given up": {
        **_DELIVERY,
        "status": "given_up",
        "reason": "courier_closed",
        "next_attempt_at": None,
        "settled_at": "2026-03-02T10:22:00Z",
    }
}
_ATTEMPT = {
    "number": 7,
    "kind": "send",
    "at": "2026-03-02T10:21:50Z",
    "outcome": "later",
    "problem": "the partner cannot be reached: ConnectError",
    "status": None,
    "answer": "",
    "seconds": 0.004,
}
DELIVERY_DETAIL = {"With its attempts": {**_DELIVERY, "details": {"containers": ["DN-1-A"]}, "tried": [_ATTEMPT]}}
STANDINGS = {
    "One partner is away": {
        "items": [
            {
                "partner": "coldline",
                "waiting": 3,
                "failing": 1,
                "unknown": 0,
                "undecided": 0,
                "refused": 0,
                "given_up": 0,
                "oldest": "2026-03-02T10:15:02Z",
                "next_attempt_at": "2026-03-02T10:22:20Z",
                "resting_until": "2026-03-02T10:22:20Z",
                "paused_at": None,
            }
        ]
    }
}
RESENT = {"Four": {"partner": "coldline", "resent": 4}}
ACTION = {"by": "operator-3", "reason": "courier_closed"}
ACTION_BODY = {"application/json": {"Who and why": ACTION}}
RESEND = {"by": "operator-3", "reason": "wrong_container", "details": {"containers": ["DN-1-B"]}}
RESEND_BODY = {
    "application/json": {"As it is": {"by": "operator-3", "reason": "partner_is_back"}, "With other details": RESEND}
}
CONFIRMATION = {"by": "operator-3", "reason": "confirmed_by_phone", "reference": "CL-2026-0815"}
CONFIRM_BODY = {"application/json": {"Found out by telephone": CONFIRMATION}}
CONNECTOR_DOCUMENT: dict[str, Any] = {
    "connector": "coldline",
    "version": 1,
    "title": "Coldline, a courier",
    "inbound": {
        "verify": {"by": "hmac", "secret": "webhook", "header": "X-Coldline-Signature"},
        "events": [
            {
                "type": "shipment.delivered",
                "when": "message.status == 'POD'",
                "id": "join('-', [message.awb, message.status])",
                "subject": "message.awb",
                "time": "local_time(message.at, 'Europe/Berlin', 'iso')",
                "data": {"reference": "message.awb", "containers": "message.pieces"},
            }
        ],
    },
}
CONNECTOR_YAML = """\
connector: coldline
version: 1
title: Coldline, a courier
inbound:
  verify: {by: hmac, secret: webhook, header: X-Coldline-Signature}
  events:
    - type: shipment.delivered
      when: message.status == 'POD'
      id: join('-', [message.awb, message.status])
      subject: message.awb
      time: local_time(message.at, 'Europe/Berlin', 'iso')
      data: {reference: message.awb, containers: message.pieces}
"""
CONNECTOR_BODY = {
    "application/json": {"As JSON": CONNECTOR_DOCUMENT},
    "application/yaml": {"As YAML": CONNECTOR_YAML},
}
_CONNECTOR = {
    "name": "coldline",
    "version": 1,
    "title": "Coldline, a courier",
    "hash": "b7e4" * 16,
    "published_at": "2026-02-01T12:00:00Z",
    "published_by": "operator-3",
}
CONNECTOR = {"With its document": {**_CONNECTOR, "document": CONNECTOR_DOCUMENT}}
CONNECTOR_PAGE = {"One page": {"items": [_CONNECTOR], "next": None}}

_SCAN = {"awb": "SHIP-88", "status": "POD", "at": "2026-03-03T09:10:00", "pieces": ["BAG-1", "BAG-2"]}
MESSAGE_BODY = {"application/json": {"A courier's scan": _SCAN}}
_MESSAGE_ID = "5c0f" * 8
_MESSAGE_EVENTS = [["//coldline/coldline", "SHIP-88-POD"]]
_MESSAGE_LINKS = {"self": f"/v1/messages/{_MESSAGE_ID}"}
MESSAGE_RECEIPTS = {
    "Mapped": {"id": _MESSAGE_ID, "status": "mapped", "events": _MESSAGE_EVENTS, "links": _MESSAGE_LINKS},
    "Kept for a person": {
        "id": _MESSAGE_ID,
        "status": "quarantined",
        "reason": "unmapped",
        "events": [],
        "links": _MESSAGE_LINKS,
    },
}
_MESSAGE = {
    "id": _MESSAGE_ID,
    "partner": "coldline",
    "connector": "coldline",
    "connector_version": 1,
    "received_at": _LATER,
    "sha256": "d0c3" * 16,
    "status": "quarantined",
    "reason": "unmapped",
    "events": [],
    "decided_by": None,
    "decided_reason": None,
}
_UNMAPPED = {
    **_MESSAGE,
    "problem": {
        "pointer": "/inbound/events/0/time",
        "expression": "local_time(message.at, 'Europe/Berlin', 'iso')",
        "value": "yesterday",
        "detail": "not a time in the form iso",
    },
    "body": '{"awb": "SHIP-88", "status": "POD", "at": "yesterday"}',
}
_DECIDED = {"decided_by": "operator-3", "decided_reason": "connector_corrected"}
_MAPPED = {"status": "mapped", "reason": None, "problem": None, "connector_version": 2, "events": _MESSAGE_EVENTS}
MESSAGE = {"It could not be mapped": _UNMAPPED}
MESSAGE_PAGE = {"One page": {"items": [_MESSAGE], "next": None}}
MESSAGE_RELEASED = {"Mapped by a newer version": {**_UNMAPPED, **_DECIDED, **_MAPPED}}
MESSAGE_DISMISSED = {"Given up": {**_UNMAPPED, **_DECIDED, "status": "dismissed", "decided_reason": "test_message"}}

CHECKPOINT_NOTE = (
    "clew.example\n5\nTiP7QNiHbxKZzKmzwoQyoBsR0aIBJmBpFGEokv8uCac=\n2026-03-02T10:16:00.000000Z\n\n"
    "— clew.example mANtyLGvpE9dzNbb0smupFa4bJoTMQ1CXhSJTWF1ugN3GT4tJpGLDIlK4kVDbkPD6yEWxyT+nLmiCM4FyEWx16f/RwI=\n"
)
_CHECKPOINT = {
    "origin": "clew.example",
    "size": 5,
    "root": "4e23fb40d8876f1299cca9b3c28432a01b11d1a20126606914612892ff2e09a7",
    "at": "2026-03-02T10:16:00Z",
    "key": "98036dc8",
    "note": CHECKPOINT_NOTE,
}
CHECKPOINT = {"The ledger as it was signed last": _CHECKPOINT}
CHECKPOINT_PAGE = {"One page": {"items": [_CHECKPOINT], "next": None}}
CHECKPOINT_KEYS = {
    "One key": {
        "items": [
            {
                "id": "98036dc8",
                "key": "clew.example+98036dc8+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
                "current": True,
            }
        ]
    }
}
CONSISTENCY = {
    "The tree of five entries begins with that of three": {
        "from_size": 3,
        "to_size": 5,
        "from_root": "8be871f13785b4c81a1700459c76ac2b3ae2caebb7876c376e223c6adff98c47",
        "to_root": "4e23fb40d8876f1299cca9b3c28432a01b11d1a20126606914612892ff2e09a7",
        "path": [
            "393ec8686f48e854d38c68530b0adc1469655252e12ec7d849e4e4117b7ad4a7",
            "395421df5d0a75bdeb3c2ff42b96c071e4e197b1df5b7f7bbfd3e61a4864de46",
            "bbb441530bdded54e6e2bfcdc829819ff39b30768eb9f023071dffc16b410f10",
            "4c6bf817639562abeec7d3a2a6d4d2aaf3e1e818e0ff82cd04a43463ff84f6d6",
        ],
    }
}
INCLUSION = {
    "Entry 3 is under the checkpoint of five": {
        "position": 3,
        "leaf": 2,
        "journey": COI,
        "hash": "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35",
        "path": [
            "395421df5d0a75bdeb3c2ff42b96c071e4e197b1df5b7f7bbfd3e61a4864de46",
            "bbb441530bdded54e6e2bfcdc829819ff39b30768eb9f023071dffc16b410f10",
            "4c6bf817639562abeec7d3a2a6d4d2aaf3e1e818e0ff82cd04a43463ff84f6d6",
        ],
        "checkpoint": _CHECKPOINT,
    }
}
DOSSIER = "(a ZIP archive)"
EVENT = {"It took effect": {**_EVENT, "position": 3, "checkpoint": CHECKPOINT_NOTE}}
DECISION_RECEIPT = {
    "On the ledger": {"decision": "decision-1", "seq": 31, "position": 31, "checkpoint": CHECKPOINT_NOTE}
}
