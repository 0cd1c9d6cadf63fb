"""Examples of what is said to the label desk, and of what it answers."""

from typing import Any

from api.examples import COI
from schemas.labels import label_number

SET = "LS7KQ2M9XW4D"
_NUMBERS = [label_number(SET, place) for place in (1, 2, 3)]
_WHEN, _LATER = "2026-03-02T08:15:00Z", "2026-03-02T10:40:00Z"

NEW_SET = {
    "stage": "collection",
    "containers": ["BAG-1", "BAG-2"],
    "blank": 1,
    "expires_at": "2026-03-05T10:10:00Z",
    "by": "nurse-17",
    "reason": "collection_planned",
}
_PRINT = {"by": "nurse-17"}
_AGAIN = {"by": "nurse-17", "reason": "printer_jam", "numbers": _NUMBERS[:1]}
_APPLY = {"by": "nurse-17", "verified_by": "nurse-23", "number": _NUMBERS[0], "container": "BAG-1"}
_SETTLE = {"by": "nurse-17", "reason": "not_needed", "numbers": _NUMBERS[2:]}
_SIGN = {"by": "nurse-17", "witnessed_by": "nurse-23"}

NEW_SET_BODY = {"application/json": {"Two bags, and one to be written in": NEW_SET}}
PRINT_BODY = {"application/json": {"All of them, for the first time": _PRINT, "One of them again": _AGAIN}}
APPLY_BODY = {"application/json": {"With somebody who looked on": _APPLY}}
SETTLE_BODY = {"application/json": {"One that nobody needed": _SETTLE}}
RECONCILE_BODY = {"application/json": {"Signed by two": _SIGN}}


def _label(place: int, status: str, **changed: Any) -> dict[str, Any]:
    thing = f"BAG-{place}" if place < 3 else None
    return {
        "number": _NUMBERS[place - 1],
        "kind": "container" if thing else "blank",
        "thing": thing,
        "status": status,
        "prints": 0 if status == "issued" else 1,
        "container": thing if status == "applied" else None,
        "verified_by": None,
        "at": _WHEN,
        "by": "nurse-17",
        "reason": "collection_planned",
        **changed,
    }


def _account(used: int, destroyed: int) -> dict[str, int]:
    return {"issued": 3, "used": used, "destroyed": destroyed, "returned": 0, "open": 3 - used - destroyed}


_SUMMARY = {
    "set": SET,
    "journey": COI,
    "stage": "collection",
    "status": "open",
    "account": _account(0, 0),
    "two_people": True,
    "issued_at": _WHEN,
    "issued_by": "nurse-17",
    "reconciled_at": None,
    "reconciled_by": None,
    "witnessed_by": None,
}
_SET = {
    **_SUMMARY,
    "content": {
        "coi": COI,
        "title": "Autologous CD19 CAR-T, cryopreserved",
        "product": "leukapheresis",
        "expires_at": "2026-03-05T10:10:00Z",
        "storage": {"min": 2.0, "max": 8.0},
        "statements": ["autologous_use_only", "not_evaluated"],
        "size": "bag",
        "gs1_prefix": None,
    },
    "labels": [_label(place, "issued") for place in (1, 2, 3)],
}
_LAST = _label(3, "destroyed", at=_LATER, reason="not_needed")
_USED = [_label(place, "applied", verified_by="nurse-23", at=_LATER, reason="label_applied") for place in (1, 2)]
_SIGNED = {"reconciled_at": _LATER, "reconciled_by": "nurse-17", "witnessed_by": "nurse-23"}

ISSUED = {"Just issued": _SET}
SET_PAGE = {"One page": {"items": [_SUMMARY], "next": None}}
PRINTED = {"Printed": {**_SET, "labels": [_label(place, "printed", reason="first_print") for place in (1, 2, 3)]}}
APPLIED = {
    "One is used": {
        **_SET,
        "account": _account(1, 0),
        "labels": [_USED[0], *(_label(place, "printed", reason="first_print") for place in (2, 3))],
    }
}
SETTLED = {"All are accounted for": {**_SET, "account": _account(2, 1), "labels": [*_USED, _LAST]}}
RECONCILED = {
    "Signed by two": {
        **_SET,
        **_SIGNED,
        "status": "reconciled",
        "account": _account(2, 1),
        "labels": [*_USED, _LAST],
    }
}

_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="70mm" viewBox="0 0 100 70">…</svg>'
SHEETS: dict[str, Any] = {
    "image/svg+xml": {"example": _SVG},
    "application/pdf": {"example": "%PDF-1.7 …"},
    "application/zpl": {"example": "^XA^CI28^LH0,0^PW799^LL559 … ^XZ"},
}
