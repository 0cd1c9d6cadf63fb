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

TOLERANCE = 0.0501
"""Two measurements of one amount differ by a twentieth of the first at the most; and sums are rounded."""

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
    """After containers were divided or joined they hold together, with what was lost, what they held before."""
    contents: dict[str, Said] = {}
    at_most: set[tuple[str, str]] = set()
    for entry in record:
        touched = {each["id"]: each for each in _materials(entry)}
        if entry.type in HANDLINGS:
            before = [contents[name] for name in touched if name in contents]
            yield from _uneven(entry, before, _after(entry, touched), at_most)
            new = [each for name, each in touched.items() if name not in contents]
            drawn = [each for name, each in touched.items() if name in contents]
            at_most |= {(each["id"], code) for each in drawn for code in _codes(each) if _is_silent(new, code)}
        contents |= touched


def _after(entry: EntryRow, touched: dict[str, Said]) -> list[Said]:
    """What there is now, and what was lost."""
    loss = entry.data["said"].get("loss")
    there = [each for each in touched.values() if each["status"] != "used"]
    return there if loss is None else [*there, {"amounts": loss}]


def _uneven(entry: EntryRow, before: list[Said], after: list[Said], at_most: set[tuple[str, str]]) -> Iterator[str]:
    """A part that says nothing hides no more; but then, as where there was so much at the most, nothing is missed."""
    for code in _shared_codes(before):
        there, here = _total(before, code), _total(after, code)
        if here > there * (1 + TOLERANCE):
            yield f"entry {entry.seq}, {entry.type}: there is more {code} than before"
        untold = _is_silent(after, code) or any((each["id"], code) in at_most for each in before)
        if not untold and here < there * (1 - TOLERANCE):
            yield f"entry {entry.seq}, {entry.type}: there is less {code} than before"


def _codes(material: Said) -> set[str]:
    return {each["code"] for each in material.get("amounts", ())}


def _is_silent(materials: Sequence[Said], code: str) -> bool:
    """Whether any of these does not tell how much of it there is."""
    return any(code not in _codes(each) for each in materials)


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
