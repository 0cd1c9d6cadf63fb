"""Provenance: for each entry of the record who said it, when it happened, when it was recorded, and its hash."""

from collections.abc import Iterable

from schemas.entries import Entry
from standards.fhir import systems
from standards.fhir.ids import entry_id
from standards.fhir.journey import Drafts, Journey
from standards.fhir.systems import Element

HASH = systems.ours("entry-hash")


def provenances(journey: Journey, told: Iterable[Drafts]) -> Drafts:
    """One an entry. Its targets are the resources that the entry made or changed; the order, where it touched none."""
    targets: dict[int, list[Element]] = {}
    for drafts in told:
        for draft in drafts:
            for seq in dict.fromkeys(draft.told_by):
                targets.setdefault(seq, []).append(systems.reference(drafts.kind, draft.body["id"]))
    found = Drafts("Provenance", journey.coi)
    for entry in journey.entries:
        about = targets.get(entry.seq) or [systems.order(journey.coi)]
        found.write_as(entry, entry_id(journey.coi, entry.seq), **_provenance(entry, about))
    return found


def _provenance(entry: Entry, about: list[Element]) -> Element:
    said_in = systems.identifier(systems.ours("event"), f"{entry.source} {entry.event_id}")
    return {
        "target": about,
        "occurredDateTime": systems.instant(entry.occurred_at),
        "recorded": systems.instant(entry.recorded_at),
        "activity": systems.concept(systems.ours("entry-type"), entry.type),
        "agent": [{"who": {"identifier": systems.identifier(systems.ours("actor"), entry.actor)}}],
        "entity": [
            {"role": "source", "what": {"identifier": systems.identifier(HASH, entry.hash)}},
            *([{"role": "derivation", "what": {"identifier": said_in}}] if entry.event_id else []),
        ],
    }
