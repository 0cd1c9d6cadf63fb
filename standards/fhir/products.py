"""BiologicallyDerivedProduct: containers, batches and doses, each with what it was made from."""

from typing import Any

from schemas.entries import Entry
from standards.fhir import systems
from standards.fhir.journey import Drafts, Journey, learn, materials_of, names, said_in
from standards.fhir.specimens import IN_HAND, PRODUCTS, holding
from standards.fhir.systems import Element

KIND = "BiologicallyDerivedProduct"


def products(journey: Journey) -> Drafts:
    """Each container, batch and dose as it is now."""
    return _Products(journey).drafts


class _Products:
    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.drafts = Drafts(KIND, journey.coi)
        self._released: set[str] = set()
        self._doses: dict[str, dict[str, Any]] = {}
        for entry in journey.entries:
            said = said_in(entry)
            if entry.type.startswith(("manufacture.", "batch.")) and said.get("batch"):
                self._batch(entry, said["batch"], said)
            for material in materials_of(entry):
                self._material(entry, material)
            if entry.type == "sample.collected":
                self._collected(entry, said)
            learn(self.drafts, entry, "material", "batch")

    def _material(self, entry: Entry, material: dict[str, Any]) -> None:
        name, is_product = material["id"], material.get("kind") in PRODUCTS
        own = systems.ours("dose" if is_product else "container")
        if is_product:
            self._doses[name] = material
        usable = material.get("status") in IN_HAND and (not is_product or material.get("batch") in self._released)
        self.drafts.write(
            entry,
            "material",
            name,
            extension=holding(self.journey, material),
            identifier=self.drafts.get("material", name).get("identifier", [systems.identifier(own, name)]),
            productCategory="cells",
            productCode=systems.concept(systems.ours("material"), material.get("kind") or "starting_material"),
            status=_status(usable),
            request=[systems.order(self.journey.coi)],
            parent=self._parents(material, is_product),
        )

    def _parents(self, material: dict[str, Any], is_product: bool) -> list[Element]:
        batch = material.get("batch") or ""
        if is_product and self.drafts.has("batch", batch):
            return [systems.reference(KIND, self.drafts.get("batch", batch)["id"])]
        return self._made_of(names(material.get("parents")))

    def _made_of(self, parents: Any) -> list[Element]:
        known = [self.drafts.get("material", name) for name in parents]
        return [systems.reference(KIND, each["id"]) for each in known if each]

    def _collected(self, entry: Entry, said: dict[str, Any]) -> None:
        ended_at = said.get("ended_at") or systems.instant(entry.occurred_at)
        taken = {"source": systems.patient(self.journey.coi), "collectedDateTime": ended_at}
        for bag in said.get("containers") or ():
            if self.drafts.has("material", bag.get("id") or ""):
                self.drafts.write(entry, "material", bag["id"], collection=taken)

    def _batch(self, entry: Entry, batch: str, said: dict[str, Any]) -> None:
        if entry.type == "batch.released":
            self._released.add(batch)
        elif entry.type in ("batch.rejected", "manufacture.failed"):
            self._released.discard(batch)
        own = [systems.identifier(systems.ours("batch"), batch)]
        self.drafts.write(
            entry,
            "batch",
            batch,
            identifier=self.drafts.get("batch", batch).get("identifier", own),
            productCategory="cells",
            productCode=systems.concept(systems.ours("material"), "batch"),
            status=_status(batch in self._released),
            request=[systems.order(self.journey.coi)],
            parent=self._made_of(names(said.get("parents") or said.get("containers"))) or None,
            processing=[*self.drafts.get("batch", batch).get("processing", ()), _step(entry, said)],
        )
        for dose in [each for each in self._doses.values() if each.get("batch") == batch]:
            self._material(entry, dose)


def _step(entry: Entry, said: dict[str, Any]) -> Element:
    """What was done to a batch, and when: `manufacture.started`, a step of the process, `batch.released`."""
    done = said.get("step") or entry.type
    return {
        "procedure": systems.concept(systems.ours("processing"), done),
        "timeDateTime": systems.instant(entry.occurred_at),
    }


def _status(usable: bool) -> str:
    return "available" if usable else "unavailable"
