"""Facts to tell of: a collection, a batch, a question; and how to find them again."""

from collections.abc import Sequence
from typing import Any

from schemas.facts import Fact
from standards.fhir.told import resources
from tests.api.clinic import fact, started
from tests.standards.fhir.told import COI, of_type, recorded
from tests.workflows.neighbours import therapy

Resource = dict[str, Any]


def told(*facts: Fact) -> list[Resource]:
    """The resources of a journey with these facts after its start, numbered as they come."""
    numbered = [each.model_copy(update={"seq": seq}) for seq, each in enumerate((started(), *facts), start=1)]
    return resources(recorded(numbered))


def of_therapy() -> list[Resource]:
    """A therapy in which everything goes as the protocol says."""
    return told(*therapy().whole().journey.facts)


def named(found: Sequence[Resource], kind: str, value: str) -> Resource:
    """The resource of a type that has this name."""
    (each,) = [one for one in of_type(found, kind) if value in [name["value"] for name in one.get("identifier", ())]]
    return each


def material(name: str, status: str, kind: str = "starting_material", **more: Any) -> Resource:
    return {"id": name, "kind": kind, "status": status, "holder": "manufacturer", **more}


def event(kind: str, said: Resource, *materials: Resource, **more: Any) -> Fact:
    """A partner's event that took effect."""
    plain = fact(1, kind, said=said, subject=COI, materials=list(materials), **more)
    return plain.model_copy(update={"source": "//hospital.example", "event_id": "evt-1"})


def collected(*bags: str) -> Fact:
    said = {
        "donation": "G171726000001",
        "containers": [{"id": bag, "volume_ml": 120.5} for bag in bags],
        "ended_at": "2026-03-02T10:10:00Z",
        "verified_by": ["nurse-17", "nurse-23"],
    }
    return event(
        "sample.collected",
        said,
        *(material(bag, "available", parents=["G171726000001"]) for bag in bags),
        stage="collection",
        visit=1,
    )


def made(*doses: str) -> list[Fact]:
    said = {"batch": "LOT-1", "containers": ["BAG-1"]}
    products = [material(dose, "available", "product", batch="LOT-1", parents=["BAG-1"]) for dose in doses]
    return [
        collected("BAG-1"),
        event("manufacture.started", said, material("BAG-1", "used", batch="LOT-1", parents=["G171726000001"])),
        event("manufacture.completed", {"batch": "LOT-1", "doses": list(doses), "parents": ["BAG-1"]}, *products),
    ]


def question(task: str = "T1") -> Fact:
    asked = {
        "id": task,
        "question": "batch_rejected",
        "role": "treatment_centre",
        "choices": [{"choice": "remake", "then": "Make it again."}, {"choice": "stop", "then": "End the journey."}],
        "opened_at": "2026-03-02T12:00:00Z",
        "due_at": "2026-03-04T12:00:00Z",
    }
    return fact(1, "task.opened", task=asked)
