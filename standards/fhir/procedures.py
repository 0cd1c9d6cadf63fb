"""Procedure: what was done to the patient: the collection, the conditioning, each infusion."""

from typing import Any

from schemas.entries import Entry
from standards.fhir import systems
from standards.fhir.ids import resource_id
from standards.fhir.journey import Drafts, Journey, names, said_in
from standards.fhir.products import KIND as PRODUCT
from standards.fhir.systems import Element

_STEPS = {
    "collection.started": ("collection", "in-progress"),
    "sample.collected": ("collection", "completed"),
    "collection.failed": ("collection", "stopped"),
    "conditioning.started": ("conditioning", "in-progress"),
    "conditioning.completed": ("conditioning", "completed"),
    "product.thawed": ("infusion", "preparation"),
    "infusion.completed": ("infusion", "completed"),
    "infusion.aborted": ("infusion", "stopped"),
}
_ENDS = frozenset({"completed", "stopped", "not-done"})


def procedures(journey: Journey) -> Drafts:
    """Each as it is now. A failure of what had not begun is `not-done`."""
    drafts = Drafts("Procedure", journey.coi)
    for entry in journey.entries:
        if entry.type in _STEPS:
            _step(drafts, journey, entry, said_in(entry))
    return drafts


def _step(drafts: Drafts, journey: Journey, entry: Entry, said: dict[str, Any]) -> None:
    kind, status = _STEPS[entry.type]
    key = (kind, str(entry.data.get("stage")), str(entry.data.get("visit", 1)), str(said.get("dose", "")))
    begun = drafts.get(*key)
    if entry.type in ("collection.failed", "infusion.aborted") and not begun:
        status = "not-done"
    drafts.write(
        entry,
        *key,
        basedOn=[systems.order(journey.coi)],
        status=status,
        statusReason=systems.concept(systems.REASON, said["reason"]) if said.get("reason") else None,
        code=systems.concept(systems.ours("procedure"), kind),
        subject=systems.patient(journey.coi),
        performedPeriod=_period(begun, entry, said, status) or None,
        performer=[_verified(each) for each in names(said.get("verified_by"))] or None,
        extension=_product(journey, said) or None,
        usedCode=[systems.concept(systems.ours("regimen"), said["regimen"])] if said.get("regimen") else None,
    )


def _period(begun: Element, entry: Entry, said: dict[str, Any], status: str) -> Element:
    """From when to when; what is only prepared, or never began, has no time."""
    before, now = begun.get("performedPeriod", {}), systems.instant(entry.occurred_at)
    if status == "in-progress":
        return systems.period(now, None)
    if status in _ENDS - {"not-done"}:
        return systems.period(before.get("start"), said.get("ended_at") or now)
    return {}


def _verified(pseudonym: str) -> Element:
    function = systems.concept(systems.ours("function"), "identity_verification")
    return {"function": function, "actor": systems.person(pseudonym)}


def _product(journey: Journey, said: dict[str, Any]) -> list[Element]:
    """The dose. R4 lets a procedure refer to devices, medications and substances only."""
    if not said.get("dose"):
        return []
    dose = systems.reference(PRODUCT, resource_id(journey.coi, "material", said["dose"]))
    return [systems.extension("product", "Reference", dose)]
