"""What a partner's EPCIS event means to a journey: the same as one of our own events, or nothing, and why. Pure.

A release is never taken from here: it needs signatures (invariant 4). Nor is an infusion: it needs the bedside check.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from schemas.base import iso
from schemas.events import CATALOGUE, PartnerEvent
from schemas.things import replaced
from standards.epcis.events import AggregationEvent, AssociationEvent, Event, ObjectEvent, TransformationEvent
from standards.epcis.heard_sensors import excursion
from standards.epcis.names import identifier, is_uri, party, party_of
from standards.epcis.reading import Writing, Written
from standards.epcis.unheard import Unheard

SOURCE = "urn:clew:epcis"
"""The source of what nobody signs as sender."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What the rest of the document says: who sent it, and which logger is fixed to which shipper.

    `keys`: names that the crosswalk knows by another spelling.
    """

    sender: str | None
    loggers: dict[str, str]
    keys: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, writing: Writing) -> "Setting":
        fixed = (each.event for each in writing.events if isinstance(each.event, AssociationEvent))
        loggers = {
            each.parent_id or "": each.child_epcs[0] for each in fixed if each.action == "ADD" and each.child_epcs
        }
        return cls(writing.sender, loggers)

    @property
    def source(self) -> str:
        """As CloudEvents want it: a URI; a sender's plain name becomes a party's."""
        if self.sender is None:
            return SOURCE
        return self.sender if is_uri(self.sender) else party(self.sender)


Said = tuple[str, str, dict[str, Any]]
"""The type of an event of ours, its subject, its data."""


def heard(written: Written, setting: Setting) -> list[PartnerEvent]:
    """The events that it becomes: one, or two where it also raises an alarm. Raises `Unheard`."""
    event = written.event
    if event is None:
        raise Unheard("type_not_read", "Events of this type are kept and not read.", wrong=False)
    said = [*_measured(event), *_happened(event, setting)]
    if not said:
        raise Unheard("no_effect", "No journey waits for this step; the event is kept.", wrong=False)
    return [_ours(written, event, setting, each) for each in said]


def _ours(written: Written, event: Event, setting: Setting, said: Said) -> PartnerEvent:
    kind, subject, data = said
    beside = event.said("said")
    data = replaced({**(beside if isinstance(beside, dict) else {}), **data}, setting.keys)
    suffix = "/excursion" if kind == "shipment.excursion" and event.biz_step != "sensor_reporting" else ""
    try:
        return PartnerEvent(
            source=setting.source,
            id=f"{written.key}{suffix}",
            type=kind,
            subject=setting.keys.get(subject, subject),
            occurred_at=event.event_time,
            data=CATALOGUE[kind].model_validate(data).model_dump(mode="json", exclude_none=True),
        )
    except ValidationError:
        detail = f"What it says is not what {kind} needs: see the reference, Events."
        raise Unheard("data_missing", detail) from None


def _measured(event: Event) -> Iterator[Said]:
    found = excursion(event)
    if found is not None:
        reference = _reference(event)
        yield "shipment.excursion", reference, {"reference": reference, **found}


def _happened(event: Event, setting: Setting) -> Iterator[Said]:
    meaning = MEANINGS.get(event.biz_step or "")
    if isinstance(event, TransformationEvent):
        yield _made(event)
    elif meaning is not None and isinstance(event, ObjectEvent | AggregationEvent):
        found = meaning(event, setting)
        if found is not None:
            yield found


def _collected(event: Event, setting: Setting) -> Said | None:
    if not isinstance(event, ObjectEvent) or event.action != "ADD":
        return None
    ilmd = event.ilmd or {}
    subject = next((each for each in (event.said("coi"), *event.transactions("po")) if isinstance(each, str)), None)
    if subject is None:
        raise Unheard("journey_missing", "A collection names its journey: as clew:coi, or its order as a po.")
    donation = ilmd.get("clew:donation")
    if not isinstance(donation, str):
        raise Unheard("donation_missing", "A collection has a donation number: clew:donation in its ilmd.")
    return "sample.collected", _name(subject), {
        "donation": _name(donation),
        "containers": _containers(event, ilmd),
        "ended_at": ilmd.get("clew:endedAt") or iso(event.event_time),
        "verified_by": ilmd.get("clew:verifiedBy"),
    }  # fmt: skip


def _containers(event: Event, ilmd: dict[str, Any]) -> list[dict[str, Any]]:
    """Each container, with the amounts that the master data give."""
    listed = ilmd.get("clew:containers")
    named = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    if any("clew:id" in each for each in named):
        raise Unheard("data_missing", "A container has one name: leave clew:id out of clew:containers.")
    given = {each["id"]: each for each in named if isinstance(each.get("id"), str)}
    return [
        {**{name.removeprefix("clew:"): value for name, value in given.get(each, {}).items()}, "id": _name(each)}
        for each in _raw_things(event)
    ]


def _picked_up(event: Event, setting: Setting) -> Said | None:
    if event.disposition not in (None, "in_transit") or getattr(event, "action", "") == "DELETE":
        return None
    reference, parent = _reference(event), event.parent_id if isinstance(event, AggregationEvent) else None
    shipper, logger = (identifier(each) if each else None for each in (parent, setting.loggers.get(parent or "")))
    data = {"reference": reference, "containers": _things(event), "logger": logger}
    return "shipment.picked_up", reference, data | {"shipper": shipper if shipper != reference else None}


def _delivered(event: Event, setting: Setting) -> Said | None:
    reference = _reference(event)
    return "shipment.delivered", reference, {"reference": reference, "containers": _things(event)}


def _received(event: Event, setting: Setting) -> Said | None:
    if _is_told_by_another(event, setting):
        return _delivered(event, setting)
    condition = event.said("condition") or ("damaged" if event.disposition in _NOT_GOOD else "good")
    containers, reference = _things(event), _reference_if_any(event)
    data = {"containers": containers, "condition": condition, "reference": reference}
    return "material.received", reference or containers[0], data


_NOT_GOOD = frozenset({"damaged", "non_conformant", "mismatch_instance"})


def _is_told_by_another(event: Event, setting: Setting) -> bool:
    """Whether somebody else than the place of receipt says so: the courier's proof of delivery is no receipt."""
    place = event.biz_location or event.read_point
    here, sender = party_of(place.id if place else None), party_of(setting.sender)
    return here is not None and sender is not None and here != sender


def _inspected(event: Event, setting: Setting) -> Said | None:
    if event.disposition != "damaged":
        return None
    containers = _things(event)
    return "material.damaged", containers[0], {"containers": containers, "reason": event.said("reason") or "damaged"}


def _made(event: TransformationEvent) -> Said:
    """A transformation with its outputs is done; with its inputs alone it has begun."""
    inputs = [_name(each) for each in event.input_epc_list or ()]
    counted = (event.input_quantity_list and not inputs) or (event.output_quantity_list and not event.output_epc_list)
    if counted:
        raise Unheard("things_missing", "What is counted and not named one by one is kept, not followed.", wrong=False)
    batch = event.transformation_id or next(iter(event.transactions("prodorder")), None)
    if batch is None:
        raise Unheard("batch_missing", "A transformation names its batch: as transformationID, or as a prodorder.")
    if not inputs:
        raise Unheard("things_missing", "A transformation names what went in.")
    if not event.output_epc_list:
        return "manufacture.started", inputs[0], {"batch": _name(batch), "containers": inputs}
    doses = [_name(each) for each in event.output_epc_list]
    return "manufacture.completed", inputs[0], {"batch": _name(batch), "doses": doses, "parents": inputs}


MEANINGS: dict[str, Callable[[Event, Setting], Said | None]] = {
    "commissioning": _collected,
    "collecting": _collected,
    "departing": _picked_up,
    "shipping": _picked_up,
    "arriving": _delivered,
    "receiving": _received,
    "inspecting": _inspected,
}
"""What a business step means, of things or of things in others."""


def _raw_things(event: Event) -> tuple[str, ...]:
    things = event.child_epcs if isinstance(event, AggregationEvent) else getattr(event, "epc_list", None)
    if not things:
        raise Unheard("things_missing", "The event names no container or dose one by one.")
    return tuple(things)


def _things(event: Event) -> list[str]:
    return [_name(each) for each in _raw_things(event)]


def _name(name: str) -> str:
    found = identifier(name)
    if found is None:
        raise Unheard("name_too_long", "A name cannot be an identifier of ours: 64 characters, no spaces.")
    return found


def _reference(event: Event) -> str:
    found = _reference_if_any(event)
    if found is None:
        raise Unheard("reference_missing", "The shipment's reference is missing: a bizTransaction bol or desadv.")
    return found


def _reference_if_any(event: Event) -> str | None:
    return next((_name(each) for each in event.transactions("bol", "desadv")), None)
