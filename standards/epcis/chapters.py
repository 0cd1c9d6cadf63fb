"""How each kind of entry is told as EPCIS events: one small function an entry type, over the scene before the entry."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from schemas.entries import Entry
from standards.epcis.events import (
    AggregationEvent,
    AssociationEvent,
    Event,
    ObjectEvent,
    PersistentDisposition,
    SensorElement,
    SensorMetadata,
    SensorReport,
    TransformationEvent,
)
from standards.epcis.names import uri
from standards.epcis.scene import Scene, Shipment, hand_over, place, reference, when

Chapter = Callable[[Scene, Entry], Iterator[Event]]

THAWING = "urn:clew:bizstep:thawing"
"""CBV 2.0 has no word for it."""

FAILED_CHECKS = frozenset({"identity_mismatch"})
"""Reasons of refusal that mean: another thing was scanned than the one that was expected."""


def collected(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = entry.data["said"]
    scene.learn(entry)
    ids = [each["id"] for each in said["containers"]]
    here = place(scene.holder(ids) or scene.party_in("collection_centre"))
    ilmd = {
        "clew:donation": uri("donation", said["donation"]),
        "clew:containers": [{"id": scene.name(each["id"]), **_amounts(each)} for each in said["containers"]],
        "clew:endedAt": said["ended_at"],
        "clew:verifiedBy": list(said["verified_by"]),
    }
    yield ObjectEvent(
        action="ADD",
        epc_list=scene.names(ids),
        biz_step="commissioning",
        disposition="active",
        read_point=here,
        biz_location=here,
        ilmd=ilmd,
        **when(entry),
    )


def _amounts(container: dict[str, Any]) -> dict[str, Any]:
    return {f"clew:{name}": value for name, value in container.items() if name != "id"}


def picked_up(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = entry.data["said"]
    shipment = Shipment(
        containers=tuple(said["containers"]),
        sender=scene.holder(said["containers"]),
        receiver=scene.receivers.get(entry.data.get("stage", "")),
        shipper=uri("shipper", said.get("shipper") or said["reference"]),
        logger=uri("logger", said["logger"]) if said.get("logger") else None,
    )
    scene.shipments[said["reference"]] = shipment
    yield from _logger(shipment, entry, "ADD")
    yield AggregationEvent(
        action="ADD",
        parent_id=shipment.shipper,
        child_epcs=scene.names(shipment.containers),
        biz_step="departing",
        disposition="in_transit",
        read_point=place(shipment.sender),
        biz_transaction_list=reference("bol", said["reference"], "shipment"),
        **hand_over(shipment.sender, scene.party_in("courier"), shipment.receiver),
        **when(entry),
    )


def _logger(shipment: Shipment, entry: Entry, action: str) -> Iterator[Event]:
    if shipment.logger is not None:
        yield AssociationEvent.model_validate(
            {
                "action": action,
                "parent_id": shipment.shipper,
                "child_epcs": [shipment.logger],
                "biz_step": "installing" if action == "ADD" else "removing",
                **when(entry),
            }
        )


def delivered(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = entry.data["said"]
    shipment = scene.shipments.get(said["reference"])
    yield AggregationEvent(
        action="OBSERVE",
        parent_id=shipment.shipper if shipment else uri("shipper", said["reference"]),
        child_epcs=scene.names(said["containers"]),
        biz_step="arriving",
        disposition="in_progress",
        read_point=place(shipment.receiver if shipment else None),
        biz_transaction_list=reference("bol", said["reference"], "shipment"),
        **when(entry),
    )


def received(scene: Scene, entry: Entry) -> Iterator[Event]:
    """Out of the shipper, and into the receiver's hands."""
    said = entry.data["said"]
    known, shipment = _shipment_of(scene, said)
    giver = scene.holder(said["containers"])
    scene.learn(entry)
    here = place(scene.holder(said["containers"]))
    about = {"biz_transaction_list": reference("bol", known, "shipment")} if known else {}
    if shipment is not None:
        yield AggregationEvent(
            action="DELETE",
            parent_id=shipment.shipper,
            child_epcs=scene.names(said["containers"]),
            biz_step="unpacking",
            read_point=here,
            **about,
            **when(entry),
        )
        yield from _logger(shipment, entry, "DELETE")
    condition = said.get("condition", "good")
    yield ObjectEvent(
        action="OBSERVE",
        epc_list=scene.names(said["containers"]),
        biz_step="receiving",
        disposition="in_progress" if condition == "good" else "damaged",
        read_point=here,
        biz_location=here,
        **about,
        **hand_over(giver, scene.holder(said["containers"])),
        **(when(entry) | {"clew:condition": condition}),
    )


def _shipment_of(scene: Scene, said: dict[str, Any]) -> tuple[str | None, Shipment | None]:
    """The shipment that brought these, by its reference or by what was in it."""
    name = said.get("reference")
    carried = (ref for ref, each in reversed(scene.shipments.items()) if set(each.containers) & set(said["containers"]))
    name = name or next(carried, None)
    return name, scene.shipments.get(name or "")


def damaged(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = entry.data["said"]
    yield ObjectEvent(
        action="OBSERVE",
        epc_list=scene.names(said["containers"]),
        biz_step="inspecting",
        disposition="damaged",
        read_point=place(scene.holder(said["containers"])),
        **(when(entry) | {"clew:reason": said["reason"]}),
    )


def lost(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = entry.data["said"]
    shipment = scene.shipments.get(said["reference"])
    yield ObjectEvent(
        action="OBSERVE",
        epc_list=scene.names(shipment.containers if shipment else ()),
        biz_step="transporting",
        disposition="unknown",
        biz_transaction_list=reference("bol", said["reference"], "shipment"),
        **(when(entry) | {"clew:reason": said["reason"]}),
    )


def excursion(scene: Scene, entry: Entry) -> Iterator[Event]:
    """A temperature outside its range: a sensor report that raises the alarm, degrees Celsius."""
    said = entry.data["said"]
    shipment = scene.shipments.get(said["reference"])
    limits = {f"clew:limit{end.title()}": said[f"limit_{end}"] for end in ("min", "max") if f"limit_{end}" in said}
    span = SensorMetadata(
        start_time=datetime.fromisoformat(said["started_at"]),
        end_time=datetime.fromisoformat(said["ended_at"]) if said.get("ended_at") else None,
        device_id=shipment.logger if shipment else None,
    )
    report = SensorReport(type="Temperature", exception="ALARM_CONDITION", value=said["worst"], uom="CEL", **limits)
    yield ObjectEvent(
        action="OBSERVE",
        epc_list=scene.names(shipment.containers if shipment else ()),
        biz_step="sensor_reporting",
        disposition="non_conformant",
        read_point=place(scene.party_in("courier")),
        biz_transaction_list=reference("bol", said["reference"], "shipment"),
        sensor_element_list=[SensorElement(sensor_metadata=span, sensor_report=[report])],
        **when(entry),
    )


def manufacture_started(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = entry.data["said"]
    here = place(scene.holder(said["containers"]))
    yield TransformationEvent(
        transformation_id=uri("batch", said["batch"]),
        input_epc_list=scene.names(said["containers"]),
        biz_step="assembling",
        disposition="in_progress",
        read_point=here,
        biz_location=here,
        biz_transaction_list=reference("prodorder", said["batch"], "batch"),
        **when(entry),
    )


def manufacture_completed(scene: Scene, entry: Entry) -> Iterator[Event]:
    """From apheresis to doses."""
    said = entry.data["said"]
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
        **when(entry),
    )


def manufacture_failed(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = entry.data["said"]
    inputs = [each["id"] for each in scene.materials.values() if each.get("batch") == said["batch"]]
    yield _judged(scene, entry, "inspecting", "non_conformant", inputs, reason=said["reason"])


def tested(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = entry.data["said"]
    disposition = "conformant" if said["passed"] else "non_conformant"
    yield _judged(scene, entry, "inspecting", disposition, scene.doses_of(said["batch"]), test=said["test"])


def released(scene: Scene, entry: Entry) -> Iterator[Event]:
    yield _judged(scene, entry, "accepting", "conformant", entry.data["said"]["doses"])


def rejected(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = entry.data["said"]
    yield _judged(scene, entry, "inspecting", "non_conformant", scene.doses_of(said["batch"]), reason=said["reason"])


def _judged(
    scene: Scene, entry: Entry, step: str, disposition: str, things: Any, *, reason: str | None = None, **more: str
) -> Event:
    """What somebody found out about things where they lie."""
    here = place(scene.holder(things))
    batch = entry.data["said"].get("batch")
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
    yield _judged(scene, entry, THAWING, "active", [entry.data["said"]["dose"]])


def infused(scene: Scene, entry: Entry) -> Iterator[Event]:
    """The cells are back in the patient: the dose is no more."""
    dose = entry.data["said"]["dose"]
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
    said = entry.data["said"]
    yield _judged(scene, entry, "holding", "unavailable", [said["dose"]], reason=said["reason"])


def refused(scene: Scene, entry: Entry) -> Iterator[Event]:
    """A failed check of identity: another thing was there than the one that was expected."""
    if entry.data["reason"] in FAILED_CHECKS:
        scene.refused_at = entry.seq
        yield from _mismatch(scene, entry, _scanned(entry.data["said"]))


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
