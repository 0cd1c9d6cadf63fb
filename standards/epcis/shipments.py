"""From the vein into the hands of whoever makes or gives: collection and shipment, told as EPCIS events."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from schemas.entries import Entry
from schemas.facts import in_our_words
from standards.epcis.events import (
    AggregationEvent,
    AssociationEvent,
    Event,
    ObjectEvent,
    SensorElement,
    SensorMetadata,
    SensorReport,
)
from standards.epcis.names import uri
from standards.epcis.scene import Scene, Shipment, beside, hand_over, place, reference, when


def collected(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = in_our_words(entry.data)
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
        **(when(entry) | beside(said, "donation", "containers", "ended_at", "verified_by")),
    )


def _amounts(container: dict[str, Any]) -> dict[str, Any]:
    return {f"clew:{name}": value for name, value in container.items() if name != "id"}


def picked_up(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = in_our_words(entry.data)
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
        **(when(entry) | beside(said, "reference", "containers", "shipper", "logger")),
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
    said = in_our_words(entry.data)
    shipment = scene.shipments.get(said["reference"])
    yield AggregationEvent(
        action="OBSERVE",
        parent_id=shipment.shipper if shipment else uri("shipper", said["reference"]),
        child_epcs=scene.names(said["containers"]),
        biz_step="arriving",
        disposition="in_progress",
        read_point=place(shipment.receiver if shipment else None),
        biz_transaction_list=reference("bol", said["reference"], "shipment"),
        **(when(entry) | beside(said, "reference", "containers")),
    )


def received(scene: Scene, entry: Entry) -> Iterator[Event]:
    """Out of the shipper, and into the receiver's hands."""
    said = in_our_words(entry.data)
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
        **(when(entry) | {"clew:condition": condition} | beside(said, "reference", "containers", "condition")),
    )


def _shipment_of(scene: Scene, said: dict[str, Any]) -> tuple[str | None, Shipment | None]:
    """The shipment that brought these, by its reference or by what was in it."""
    name = said.get("reference")
    carried = (ref for ref, each in reversed(scene.shipments.items()) if set(each.containers) & set(said["containers"]))
    name = name or next(carried, None)
    return name, scene.shipments.get(name or "")


def damaged(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = in_our_words(entry.data)
    yield ObjectEvent(
        action="OBSERVE",
        epc_list=scene.names(said["containers"]),
        biz_step="inspecting",
        disposition="damaged",
        read_point=place(scene.holder(said["containers"])),
        **(when(entry) | {"clew:reason": said["reason"]}),
    )


def lost(scene: Scene, entry: Entry) -> Iterator[Event]:
    said = in_our_words(entry.data)
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
    said = in_our_words(entry.data)
    shipment = scene.shipments.get(said["reference"])
    limits = {f"clew:limit{end.title()}": said[f"limit_{end}"] for end in ("min", "max") if f"limit_{end}" in said}
    span = SensorMetadata(
        start_time=datetime.fromisoformat(said["started_at"]),
        end_time=datetime.fromisoformat(said["ended_at"]) if said.get("ended_at") else None,
        device_id=uri("logger", said["device"]) if said.get("device") else shipment and shipment.logger,
    )
    measured = {"value": said["worst"], "min_value": said.get("lowest"), "uom": "CEL"}
    report = SensorReport(type="Temperature", exception="ALARM_CONDITION", **measured, **limits)
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
