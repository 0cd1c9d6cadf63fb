"""A journey's entries as the resources are made from them, and the drafts that they grow in."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.entries import Entry, counting
from schemas.facts import in_our_words
from standards.fhir.ids import resource_id
from standards.fhir.systems import Element, identifier, instant, organisation, ours


@dataclass(frozen=True, slots=True)
class Journey:
    """`entries`: those that count, in their order. `parties`: organisation by role."""

    coi: str
    entries: tuple[Entry, ...]
    parties: dict[str, str]

    def party(self, role: object) -> Element | None:
        """The organisation in a role."""
        name = self.parties.get(str(role))
        return organisation(name) if name else None


@dataclass(slots=True)
class Draft:
    """A resource as it is so far. `entry`: the newest that changed it; `told_by`: the numbers of all that did."""

    body: Element
    entry: Entry
    told_by: list[int] = field(default_factory=list)

    def resource(self) -> Element:
        """With its version: the number of the entry that it comes from."""
        meta = {"versionId": str(self.entry.seq), "lastUpdated": instant(self.entry.recorded_at)}
        return {"resourceType": self.body["resourceType"], "id": self.body["id"], "meta": meta, **self.body}


class Drafts:
    """The resources of one type of a journey."""

    def __init__(self, kind: str, coi: str) -> None:
        self.kind = kind
        self._coi = coi
        self._drafts: dict[str, Draft] = {}

    def __iter__(self) -> Iterator[Draft]:
        return iter(self._drafts.values())

    def has(self, *key: str) -> bool:
        return resource_id(self._coi, *key) in self._drafts

    def get(self, *key: str) -> Element:
        """The draft's elements; none where there is no such draft."""
        draft = self._drafts.get(resource_id(self._coi, *key))
        return draft.body if draft else {}

    def write(self, entry: Entry, *key: str, **elements: Any) -> None:
        """Begin a resource or go on with it. Elements that are None are left as they are; empty ones go."""
        self.write_as(entry, resource_id(self._coi, *key), **elements)

    def write_as(self, entry: Entry, identity: str, **elements: Any) -> None:
        """The same, under an id that is known."""
        draft = self._drafts.get(identity)
        before = draft.body if draft else {"resourceType": self.kind, "id": identity}
        said = {name: value for name, value in elements.items() if value is not None}
        body = {name: value for name, value in (before | said).items() if value not in ([], {})}
        if draft is None:
            draft = self._drafts[identity] = Draft(body, entry)
        elif body == before:
            return
        draft.body = body
        draft.entry = entry
        draft.told_by.append(entry.seq)


def learn(drafts: Drafts, entry: Entry, *kinds: str) -> None:
    """Add partners' names for what the drafts are of: crosswalk lines that say what of ours they stand for."""
    for line in entry.data.get("identifiers") or ():
        thing, sort, value = line.get("names"), line.get("kind"), line.get("value")
        for kind in kinds if thing and sort and value else ():
            said = drafts.get(kind, thing).get("identifier", [])
            name = identifier(ours(sort), value)
            if said and name not in said:
                drafts.write(entry, kind, thing, identifier=[*said, name])


def read_journey(entries: Iterable[Entry]) -> Journey | None:
    """The journey that entries of one chain tell of; None where nothing in them counts."""
    told = tuple(counting(list(entries)))
    if not told:
        return None
    started = next((entry.data for entry in told if entry.type == "journey.started"), {})
    return Journey(told[0].journey, told, dict(started.get("parties") or {}))


def materials_of(entry: Entry) -> list[dict[str, Any]]:
    """The containers and doses as they are after the entry."""
    return [each for each in entry.data.get("materials") or () if each.get("id")]


def said_in(entry: Entry) -> dict[str, Any]:
    """What the partner said, in our own words for things, where the entry is a partner's event."""
    return in_our_words(entry.data) if entry.data.get("said") else {}


def names(values: object) -> Sequence[str]:
    """The texts in a list of identifiers."""
    return [each for each in values if isinstance(each, str)] if isinstance(values, list | tuple) else []
