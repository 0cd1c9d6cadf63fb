"""How each kind of entry is told as EPCIS events: one small function an entry type, over the scene before the entry."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from schemas.entries import Entry
from schemas.facts import in_our_words
from standards.epcis import batches, shipments
from standards.epcis.events import Event, ObjectEvent
from standards.epcis.scene import Scene, place, when

Chapter = Callable[[Scene, Entry], Iterator[Event]]

FAILED_CHECKS = frozenset({"identity_mismatch"})
"""Reasons of refusal that mean: another thing was scanned than the one that was expected."""


def refused(scene: Scene, entry: Entry) -> Iterator[Event]:
    """A failed check of identity: another thing was there than the one that was expected."""
    if entry.data["reason"] in FAILED_CHECKS:
        scene.refused_at = entry.seq
        yield from _mismatch(scene, entry, _scanned(in_our_words(entry.data)))


def deviated(scene: Scene, entry: Entry) -> Iterator[Event]:
    """A failed check that no event was refused for: an identifier that belongs to another journey."""
    told_already = scene.refused_at == entry.seq - 1
    if entry.data["code"] in FAILED_CHECKS and not told_already:
        yield from _mismatch(scene, entry, entry.data.get("about", ()))


def _mismatch(scene: Scene, entry: Entry, things: Sequence[str]) -> Iterator[Event]:
    if things:
        here = place(scene.holder(things))
        yield ObjectEvent(
            action="OBSERVE",
            epc_list=scene.names(things),
            biz_step="inspecting",
            disposition="mismatch_instance",
            read_point=here,
            biz_location=here,
            **when(entry),
        )


def _scanned(said: dict[str, Any]) -> list[str]:
    listed = [*said.get("containers", ()), *said.get("parents", ()), *said.get("doses", ())]
    ids = [each["id"] if isinstance(each, dict) else each for each in listed]
    return [*ids, said["dose"]] if said.get("dose") else ids


CHAPTERS: dict[str, Chapter] = {
    "sample.collected": shipments.collected,
    "shipment.picked_up": shipments.picked_up,
    "shipment.delivered": shipments.delivered,
    "shipment.lost": shipments.lost,
    "shipment.excursion": shipments.excursion,
    "material.received": shipments.received,
    "material.damaged": shipments.damaged,
    "manufacture.started": batches.manufacture_started,
    "manufacture.completed": batches.manufacture_completed,
    "manufacture.failed": batches.manufacture_failed,
    "test.reported": batches.tested,
    "batch.released": batches.released,
    "batch.rejected": batches.rejected,
    "product.thawed": batches.thawed,
    "infusion.completed": batches.infused,
    "infusion.aborted": batches.not_infused,
    "event.refused": refused,
    "deviation.opened": deviated,
}
"""Entry types with a chapter of their own; any other is told by what it changes about materials."""
