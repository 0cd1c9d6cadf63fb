"""From the bag into the dose and back into the patient: manufacture, release and infusion, told as EPCIS events."""

from collections.abc import Iterator, Sequence

from schemas.entries import Entry
from schemas.facts import in_our_words
from standards.epcis.events import Event, ObjectEvent, PersistentDisposition, TransformationEvent
from standards.epcis.names import uri
from standards.epcis.scene import Scene, beside, place, reference, when

THAWING = "urn:clew:bizstep:thawing"
"""CBV 2.0 has no word for it."""


def manufacture_started(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = in_our_words(entry.data)
    here = place(scene.holder(said["containers"]))
    yield TransformationEvent(
        transformation_id=uri("batch", said["batch"]),
        input_epc_list=scene.names(said["containers"]),
        biz_step="assembling",
        disposition="in_progress",
        read_point=here,
        biz_location=here,
        biz_transaction_list=reference("prodorder", said["batch"], "batch"),
        **(when(entry) | beside(said, "batch", "containers")),
    )


def manufacture_completed(scene: Scene, entry: Entry) -> Iterator[Event]:
    """From apheresis to doses."""
    said = in_our_words(entry.data)
    inputs = scene.names(said["parents"])
    scene.learn(entry)
    here = place(scene.holder(said["doses"]))
    yield TransformationEvent(
        transformation_id=uri("batch", said["batch"]),
        input_epc_list=inputs,
        output_epc_list=scene.names(said["doses"]),
        biz_step="commissioning",
        disposition="active",
        read_point=here,
        biz_location=here,
        biz_transaction_list=reference("prodorder", said["batch"], "batch"),
        **(when(entry) | beside(said, "batch", "doses", "parents")),
    )


def manufacture_failed(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = in_our_words(entry.data)
    inputs = [each["id"] for each in scene.materials.values() if each.get("batch") == said["batch"]]
    yield _judged(scene, entry, "inspecting", "non_conformant", inputs, reason=said["reason"])


def tested(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = in_our_words(entry.data)
    disposition = "conformant" if said["passed"] else "non_conformant"
    yield _judged(scene, entry, "inspecting", disposition, scene.doses_of(said["batch"]), test=said["test"])


def released(scene: Scene, entry: Entry) -> Iterator[Event]:
    yield _judged(scene, entry, "accepting", "conformant", in_our_words(entry.data)["doses"])


def rejected(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = in_our_words(entry.data)
    yield _judged(scene, entry, "inspecting", "non_conformant", scene.doses_of(said["batch"]), reason=said["reason"])


def _judged(
    scene: Scene,
    entry: Entry,
    step: str,
    disposition: str,
    things: Sequence[str],
    *,
    reason: str | None = None,
    **more: str,
) -> Event:
    """What somebody found out about things where they lie."""
    here = place(scene.holder(things))
    batch = in_our_words(entry.data).get("batch")
    said = {"reason": reason, **more}
    return ObjectEvent(
        action="OBSERVE",
        epc_list=scene.names(things),
        biz_step=step,
        disposition=disposition,
        read_point=here,
        biz_location=here,
        biz_transaction_list=reference("prodorder", batch, "batch") if batch else None,
        **(when(entry) | {f"clew:{name}": value for name, value in said.items() if value is not None}),
    )


def thawed(scene: Scene, entry: Entry) -> Iterator[Event]:
    yield _judged(scene, entry, THAWING, "active", [in_our_words(entry.data)["dose"]])


def infused(scene: Scene, entry: Entry) -> Iterator[Event]:
    """The cells are back in the patient: the dose is no more."""
    dose = in_our_words(entry.data)["dose"]
    yield ObjectEvent(
        action="DELETE",
        epc_list=scene.names([dose]),
        biz_step="decommissioning",
        disposition="inactive",
        persistent_disposition=PersistentDisposition(set=("dispensed",)),
        read_point=place(scene.holder([dose])),
        **when(entry),
    )


def not_infused(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = in_our_words(entry.data)
    yield _judged(scene, entry, "holding", "unavailable", [said["dose"]], reason=said["reason"])
