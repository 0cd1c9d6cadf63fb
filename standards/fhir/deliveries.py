"""SupplyDelivery: each shipment, from the courier's booking to its receipt."""

from typing import Any

from schemas.entries import Entry
from standards.fhir import systems
from standards.fhir.ids import resource_id
from standards.fhir.journey import Drafts, Journey, learn, materials_of, names, said_in
from standards.fhir.products import KIND as PRODUCT
from standards.fhir.systems import Element

_STATUS = {"shipment.delivered": "completed", "shipment.lost": "abandoned"}


def supply_deliveries(journey: Journey) -> Drafts:
    """Each shipment as it is now."""
    return _Deliveries(journey).drafts


class _Deliveries:
    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.drafts = Drafts("SupplyDelivery", journey.coi)
        self._holder: dict[str, Any] = {}
        self._of_stage: dict[object, str] = {}
        for entry in journey.entries:
            for name in _booked(entry):
                self._booked(entry, name)
            self._said(entry, said_in(entry))
            learn(self.drafts, entry, "shipment")
            self._holder |= {each["id"]: each.get("holder") for each in materials_of(entry)}

    def _booked(self, entry: Entry, name: str) -> None:
        self._of_stage[entry.data.get("stage")] = name
        self.drafts.write(
            entry,
            "shipment",
            name,
            identifier=[systems.identifier(systems.ours("shipment"), name)],
            status="in-progress",
            patient=systems.patient(self.journey.coi),
        )

    def _said(self, entry: Entry, said: dict[str, Any]) -> None:
        name = said.get("reference") or ""
        if entry.type == "partner.told" and entry.data.get("command") == "recall_pickup":
            self._change(entry, self._of_stage.get(entry.data.get("stage"), ""), status="abandoned")
        elif entry.type == "shipment.picked_up":
            self._picked_up(entry, name, names(said.get("containers")))
        elif entry.type in _STATUS:
            moved = {
                **self.drafts.get("shipment", name).get("occurrencePeriod", {}),
                "end": systems.instant(entry.occurred_at),
            }
            self._change(entry, name, status=_STATUS[entry.type], occurrencePeriod=moved)
        elif entry.type == "material.received":
            self._received(entry, name or self._of_stage.get(entry.data.get("stage"), ""))

    def _picked_up(self, entry: Entry, name: str, containers: Any) -> None:
        holders = [self.journey.party(self._holder.get(each)) for each in containers]
        self._change(
            entry,
            name,
            extension=[systems.extension("cargo", "Reference", self._cargo(each)) for each in containers],
            occurrencePeriod=systems.period(systems.instant(entry.occurred_at), None),
            supplier=next((each for each in holders if each), None),
            suppliedItem={
                "quantity": {"value": len(containers)},
                "itemCodeableConcept": systems.concept(systems.ours("item"), "container"),
            },
        )

    def _cargo(self, name: str) -> Element:
        if name in self._holder:
            return systems.reference(PRODUCT, resource_id(self.journey.coi, "material", name))
        return {"type": PRODUCT, "identifier": systems.identifier(systems.ours("container"), name)}

    def _received(self, entry: Entry, name: str) -> None:
        receivers = [self.journey.party(each.get("holder")) for each in materials_of(entry)]
        receiver = next((each for each in receivers if each), None)
        destination = {"type": "Location", "identifier": receiver["identifier"]} if receiver else None
        self._change(entry, name, status="completed", destination=destination)

    def _change(self, entry: Entry, name: str, **elements: Any) -> None:
        if name and self.drafts.has("shipment", name):
            self.drafts.write(entry, "shipment", name, **elements)


def _booked(entry: Entry) -> list[str]:
    known = entry.data.get("identifiers") or ()
    return [each["value"] for each in known if each.get("kind") == "shipment" and each.get("value")]
