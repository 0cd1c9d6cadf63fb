"""What the record must say of material, checked by other code than the journey's: every container comes from something,
changes hands only by a hand-over, holds no more than went in, and comes to an end."""

from collections.abc import Iterator, Sequence
from typing import Any

from ledger.tables import EntryRow

ENDS = frozenset({"used", "infused", "destroyed", "returned", "retained", "lost"})
"""What can have become of a container when its journey ends."""

HAND_OVERS = frozenset({"shipment.picked_up", "material.received"})
HANDLINGS = frozenset({"material.split", "material.pooled", "material.sampled"})
DERIVED = frozenset({"split", "pool", "aliquot", "retained_sample"})

TOLERANCE = 1.05
"""Two measurements of one amount differ by a twentieth at the most."""

Record = Sequence[EntryRow]
Said = dict[str, Any]


def accounted_for(record: Record) -> Iterator[str]:
    """When the journey ends, every container has."""
    known: dict[str, str] = {}
    for entry in record:
        known |= {each["id"]: each["status"] for each in _materials(entry)}
        if entry.type in ("journey.completed", "journey.cancelled"):
            yield from (
                f"{name} is {status}, and the journey has ended" for name, status in known.items() if status not in ENDS
            )


def come_from_something(record: Record) -> Iterator[str]:
    """What was divided, joined or sampled had been there before."""
    known: set[str] = set()
    for entry in record:
        before = set(known)
        known |= {each["id"] for each in _materials(entry)} | _batches(entry)
        for each in _materials(entry):
            strange = set(each.get("parents", ())) - before if each.get("form") in DERIVED else set()
            if each["id"] not in before and strange:
                yield f"entry {entry.seq}, {entry.type}: {each['id']} came from what was not there"


def change_hands_by_hand_over(record: Record) -> Iterator[str]:
    """Nobody has a container whom nobody gave it."""
    holders: dict[str, str] = {}
    for entry in record:
        for each in _materials(entry):
            moved = holders.get(each["id"], each["holder"]) != each["holder"]
            if moved and entry.type not in HAND_OVERS:
                yield f"entry {entry.seq}, {entry.type}: {each['id']} changed hands without a hand-over"
            holders[each["id"]] = each["holder"]


def nothing_appears(record: Record) -> Iterator[str]:
    """After containers were divided or joined, they hold together no more than before."""
    contents: dict[str, Said] = {}
    for entry in record:
        touched = {each["id"]: each for each in _materials(entry)}
        if entry.type in HANDLINGS:
            before = [contents[name] for name in touched if name in contents]
            after = [each for each in touched.values() if each["status"] != "used"]
            for code in _shared_codes([*before, *after]) if before else ():
                if _total(after, code) > _total(before, code) * TOLERANCE:
                    yield f"entry {entry.seq}, {entry.type}: there is more {code} than before"
        contents |= touched


def _materials(entry: EntryRow) -> list[Said]:
    found: list[Said] = entry.data.get("materials", [])
    return found


def _batches(entry: EntryRow) -> set[str]:
    return {each["value"] for each in entry.data.get("identifiers", ()) if each["kind"] == "batch"}


def _shared_codes(materials: Sequence[Said]) -> list[str]:
    """The codes that every container tells, in one unit."""
    told = [{(each["code"], each["unit"]) for each in material.get("amounts", ())} for material in materials]
    return sorted(code for code, _ in set.intersection(*told)) if told else []


def _total(materials: Sequence[Said], code: str) -> float:
    told = [each for material in materials for each in material.get("amounts", ())]
    return sum(float(each["value"]) for each in told if each["code"] == code)
