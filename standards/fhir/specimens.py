"""Specimen: each collection by its donation number, and each container that is not product."""

from typing import Any

from schemas.entries import Entry
from standards.fhir import systems
from standards.fhir.journey import Drafts, Journey, learn, materials_of, names, said_in
from standards.fhir.systems import Element

IN_HAND = frozenset({"available", "in_transit"})
PRODUCTS = frozenset({"product", "dose"})


def specimens(journey: Journey) -> Drafts:
    """Collections and containers, each as it is now."""
    drafts = Drafts("Specimen", journey.coi)
    parents: dict[str, str] = {}
    in_hand: dict[str, bool] = {}
    for entry in journey.entries:
        said = said_in(entry)
        if entry.type == "sample.collected":
            _collected(drafts, journey, entry, said)
        for material in materials_of(entry):
            if material.get("kind") not in PRODUCTS:
                parents[material["id"]] = next(iter(names(material.get("parents"))), "")
                in_hand[material["id"]] = material.get("status") in IN_HAND
                drafts.write(entry, "material", material["id"], **_container(drafts, journey, material))
                _note_what_is_left(drafts, entry, parents, in_hand, material["id"])
        if entry.type == "sample.collected":
            _measured(drafts, entry, said)
        elif entry.type == "material.received":
            _received(drafts, entry, said)
        learn(drafts, entry, "donation", "material")
    return drafts


def holding(journey: Journey, material: dict[str, Any]) -> list[Element]:
    """What FHIR R4 has no element for: what became of it in our words, who has it, and until when it can be used."""
    holder = journey.party(material.get("holder"))
    found = [
        systems.extension("material-status", "Code", material["status"]) if material.get("status") else None,
        systems.extension("holder", "Reference", holder) if holder else None,
        systems.extension("expires-at", "DateTime", material["expires_at"]) if material.get("expires_at") else None,
    ]
    return [each for each in found if each]


def _collected(drafts: Drafts, journey: Journey, entry: Entry, said: dict[str, Any]) -> None:
    number = said.get("donation")
    if not number:
        return
    drafts.write(
        entry,
        "donation",
        number,
        identifier=systems.donation_identifiers(number),
        status="available",
        subject=systems.patient(journey.coi),
        request=[systems.order(journey.coi)],
        collection={"collectedDateTime": said.get("ended_at") or systems.instant(entry.occurred_at)},
    )


def _container(drafts: Drafts, journey: Journey, material: dict[str, Any]) -> Element:
    kind, named = material.get("kind"), [systems.identifier(systems.ours("container"), material["id"])]
    return {
        "extension": holding(journey, material),
        "identifier": drafts.get("material", material["id"]).get("identifier", named),
        "status": "available" if material.get("status") in IN_HAND else "unavailable",
        "type": systems.concept(systems.ours("material"), kind) if kind else {},
        "subject": systems.patient(journey.coi),
        "parent": [_parent(drafts, journey, name) for name in names(material.get("parents"))],
        "request": [systems.order(journey.coi)],
    }


def _parent(drafts: Drafts, journey: Journey, name: str) -> Element:
    """The collection or container that it was taken from; by its name alone where the record has none such."""
    for kind in ("donation", "material"):
        known = drafts.get(kind, name)
        if known:
            return systems.reference("Specimen", known["id"])
    return {"type": "Specimen", "identifier": systems.identifier(systems.ours("container"), name)}


def _measured(drafts: Drafts, entry: Entry, said: dict[str, Any]) -> None:
    for bag in said.get("containers") or ():
        name, volume = bag.get("id"), bag.get("volume_ml")
        if name and drafts.has("material", name):
            held: Element = {"identifier": [systems.identifier(systems.ours("container"), name)]}
            if isinstance(volume, int | float):
                held["specimenQuantity"] = systems.millilitres(volume)
            drafts.write(entry, "material", name, container=[held])


def _received(drafts: Drafts, entry: Entry, said: dict[str, Any]) -> None:
    condition = said.get("condition") or "good"
    for name in names(said.get("containers")):
        if drafts.has("material", name):
            found = [systems.concept(systems.ours("condition"), condition)]
            drafts.write(entry, "material", name, receivedTime=systems.instant(entry.occurred_at), condition=found)


def _note_what_is_left(
    drafts: Drafts, entry: Entry, parents: dict[str, str], in_hand: dict[str, bool], changed: str
) -> None:
    """A collection is available as long as one of its containers is."""
    number = parents[changed]
    if number and drafts.has("donation", number):
        left = any(in_hand[name] for name, parent in parents.items() if parent == number)
        drafts.write(entry, "donation", number, status="available" if left else "unavailable")
