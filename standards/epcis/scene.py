"""What has been told of a journey so far: who takes part, what lies where, what is on its way. Pure."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.entries import Entry
from standards.epcis.events import BizTransaction, Destination, Place, Source
from standards.epcis.names import gs1_name, party, uri

KINDS = {"starting_material": "container", "product": "dose", "sample": "sample"}
"""What a material is called in a name, by its kind in the record."""

_GS1_KINDS = frozenset({"sgtin", "sscc"})
"""Kinds of identifiers that name things; a GSRN names a relation, which is no thing to be shipped."""


@dataclass
class Shipment:
    """A shipment under way: what is in it, who gave it away, where it goes."""

    containers: tuple[str, ...]
    sender: str | None
    receiver: str | None
    shipper: str
    logger: str | None = None


@dataclass
class Scene:
    """The state of one journey's story. Materials are as their last fact has them.

    `gs1`: GS1 names that partners assigned, by the identifier that each stands for. `refused_at`: the number of the
    last entry that told of a failed check of identity.
    """

    coi: str = ""
    parties: dict[str, str] = field(default_factory=dict)
    materials: dict[str, dict[str, Any]] = field(default_factory=dict)
    shipments: dict[str, Shipment] = field(default_factory=dict)
    receivers: dict[str, str] = field(default_factory=dict)
    gs1: dict[str, str] = field(default_factory=dict)
    refused_at: int = 0

    def copy(self) -> "Scene":
        return deepcopy(self)

    def learn(self, entry: Entry) -> None:
        """Take in what an entry says of parties and materials."""
        data = entry.data
        self.coi = entry.journey
        if entry.type == "journey.started":
            self.parties = dict(data["parties"])
        if entry.type == "partner.told" and data.get("command") == "announce_delivery":
            self.receivers[data.get("stage", "")] = data["partner"]
        for line in data.get("identifiers", ()):
            self._assign(line)
        for material in data.get("materials", ()):
            self.materials[material["id"]] = material

    def _assign(self, line: dict[str, Any]) -> None:
        """A crosswalk line that gives a thing of ours a GS1 name; the first one counts."""
        thing, name = line.get("names"), gs1_name(line["value"])
        if thing and name and line["kind"] in _GS1_KINDS:
            self.gs1.setdefault(thing, name)

    def name(self, thing: str) -> str:
        """The URI of a container or dose: the GS1 name that it was given, or one of ours."""
        return self.gs1.get(thing) or self.own_name(thing)

    def own_name(self, thing: str) -> str:
        """The URI of a thing by our own identifier; of one that the journey does not know, as a container's."""
        material = self.materials.get(thing)
        return uri(KINDS.get(material["kind"], "material") if material else "container", thing)

    def names(self, things: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.name(each) for each in things))

    def holder(self, things: Iterable[str]) -> str | None:
        """The organisation that has the first of these that is known."""
        held = (self.materials[each]["holder"] for each in things if each in self.materials)
        return self.party_in(next(held, None))

    def party_in(self, role: str | None) -> str | None:
        return self.parties.get(role or "")

    def doses_of(self, batch: str) -> tuple[str, ...]:
        """What a batch became."""
        made = (each for each in self.materials.values() if each["kind"] == "product")
        return tuple(each["id"] for each in made if each.get("batch") == batch)


def beside(said: dict[str, Any], *told: str) -> dict[str, Any]:
    """What an event said beside what its EPCIS fields tell, so that nothing is lost on the way: `clew:said`."""
    rest = {name: value for name, value in said.items() if name not in told}
    return {"clew:said": rest} if rest else {}


def place(organisation: str | None) -> Place | None:
    return Place(id=party(organisation)) if organisation else None


def hand_over(giver: str | None, receiver: str | None, to: str | None = None) -> dict[str, Any]:
    """Who gives, who takes, and where it goes."""
    sources = [Source(type="possessing_party", source=party(giver))] if giver else []
    destinations = [Destination(type="possessing_party", destination=party(receiver))] if receiver else []
    destinations += [Destination(type="location", destination=party(to))] if to else []
    return {"source_list": sources or None, "destination_list": destinations or None}


def reference(kind: str, name: str, of: str) -> list[BizTransaction]:
    """A business transaction: `bol` (a shipment), `prodorder` (a batch), `testres` (a result)."""
    return [BizTransaction(type=kind, biz_transaction=uri(of, name))]


def when(entry: Entry, at: datetime | None = None) -> dict[str, Any]:
    """What every event of an entry says of time, and where it stands in our record."""
    return {
        "event_time": at or entry.occurred_at,
        "record_time": entry.recorded_at,
        "event_time_zone_offset": "+00:00",
        "clew:coi": uri("coi", entry.journey),
        "clew:entry": entry.hash,
    }
