"""Whatever else changes a material: told by what it is before and after, so that no fact's type has to be known."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from schemas.entries import Entry
from standards.epcis.events import Event, ObjectEvent, TransformationEvent
from standards.epcis.scene import Scene, hand_over, place, when

PUT_APART = ("OBSERVE", "holding", "unavailable")
CLEARED = ("OBSERVE", "inspecting", "available")
"""What is told of material whose identity came into doubt, and of material whose identity was found to be right."""

FATES = {
    "used": ("DELETE", "decommissioning", "inactive"),
    "destroyed": ("DELETE", "destroying", "destroyed"),
    "infused": ("DELETE", "decommissioning", "inactive"),
    "retained": ("OBSERVE", "storing", "unavailable"),
    "returned": ("OBSERVE", "shipping", "returned"),
    "rejected": ("OBSERVE", "inspecting", "non_conformant"),
    "lost": ("OBSERVE", "transporting", "unknown"),
    "in_transit": ("OBSERVE", "transporting", "in_transit"),
    "available": ("OBSERVE", "storing", "active"),
}
"""Action, business step and disposition, by the status that a material now has."""

Material = dict[str, Any]


def changed(scene: Scene, entry: Entry) -> Iterator[Event]:
    """What came to be, what became of what was there, and what changed hands."""
    now = list(entry.data.get("materials", ()))
    new = [each for each in now if each["id"] not in scene.materials]
    before = {each["id"]: scene.materials[each["id"]] for each in now if each not in new}
    known = set(scene.materials)
    scene.learn(entry)
    yield from _made(scene, entry, new, known)
    # What went whole into something new is told as its input, which says all.
    spent = {parent for each in new for parent in each.get("parents", ()) if parent in known}
    yield from _moved(scene, entry, [each for each in now if each["id"] in before and each["id"] not in spent], before)


def _made(scene: Scene, entry: Entry, new: Sequence[Material], known: set[str]) -> Iterator[Event]:
    for parents, each in groupby(new, key=lambda material: tuple(material.get("parents", ()))):
        made = [material["id"] for material in each]
        here = place(scene.holder(made))
        told = {"biz_step": "commissioning", "disposition": "active", "read_point": here, "biz_location": here}
        inputs = [parent for parent in parents if parent in known]
        if inputs:
            names = {"input_epc_list": scene.names(inputs), "output_epc_list": scene.names(made)}
            yield TransformationEvent.model_validate({**names, **told, **when(entry)})
        else:
            yield ObjectEvent.model_validate({"action": "ADD", "epc_list": scene.names(made), **told, **when(entry)})


State = tuple[bool, str, str]
"""Whether it is put apart, its status, its holder."""


def _state(material: Material) -> State:
    return bool(material.get("quarantined")), material["status"], material["holder"]


def _moved(scene: Scene, entry: Entry, now: Sequence[Material], before: dict[str, Material]) -> Iterator[Event]:
    def change(material: Material) -> tuple[State, State]:
        return _state(before[material["id"]]), _state(material)

    differing = [each for each in now if change(each)[0] != change(each)[1]]
    for (was, is_now), group in groupby(sorted(differing, key=change), key=change):
        fate = (PUT_APART if is_now[0] else CLEARED) if was[0] != is_now[0] else FATES.get(is_now[1])
        if fate is not None:
            yield _told(scene, entry, fate, scene.names([each["id"] for each in group]), was[2], is_now[1:])


def _told(
    scene: Scene, entry: Entry, fate: tuple[str, str, str], names: Sequence[str], giver: str, now: tuple[str, str]
) -> Event:
    action, step, disposition = fate
    status, holder = now
    here = place(scene.party_in(holder))
    hands = hand_over(scene.party_in(giver), scene.party_in(holder)) if giver != holder else {}
    stays = {} if action == "DELETE" or status == "in_transit" else {"biz_location": here}
    told = {"action": action, "biz_step": step, "disposition": disposition, "read_point": here, **hands, **stays}
    return ObjectEvent.model_validate({"epc_list": names, **told, **when(entry)})
