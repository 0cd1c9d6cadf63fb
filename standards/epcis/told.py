"""The custody story of a journey, told from its ledger entries alone: the same entries, the same story, for ever.

An event's id comes from its entry's hash, so whoever reads the record anywhere finds the same events and ids.
Entries that were superseded do not count. Their events may have been read before that was known, so they are told once
more, with an error declaration that names what is right instead (EPCIS 2.0, 7.4.1.2).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from schemas.entries import SUPERSEDED, Entry
from standards.epcis.changes import changed
from standards.epcis.chapters import CHAPTERS
from standards.epcis.documents import epcis_document
from standards.epcis.events import ErrorDeclaration, Event
from standards.epcis.scene import Scene

NAMESPACE = UUID("6a0f3d3e-7d43-5f0c-9a37-0c9b4a5e2d10")
"""Of all our event ids; never changed."""

SILENT = frozenset(
    f"{subject}.{word}"
    for subject, words in {
        "stage": ("began", "completed", "reopened"),
        "evidence": ("provided", "withdrawn"),
        "due": ("passed", "changed"),
        "task": ("opened", "decided", "closed"),
        "hold": ("placed", "lifted"),
        "conditioning": ("started", "completed"),
        "follow_up": ("completed", "missed"),
        "manufacture": ("step_completed",),
        "shipment": ("booked", "delayed"),
        "event": ("late",),
    }.items()
    for word in words
)
"""Entry types that tell nothing of custody, however many of them there are."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event, the entry that tells it, and its number among that entry's events, from 0."""

    entry: Entry
    number: int
    event: Event


def event_id(entry: Entry, number: int) -> str:
    """The id of an entry's event."""
    return f"urn:uuid:{uuid5(NAMESPACE, f'{entry.hash} {number}')}"


def story(entries: Iterable[Entry]) -> Iterator[Told]:
    """Every event of one journey, in the order of its entries, from the first on; `SILENT` ones may be left out.

    What is told of an entry never changes with the entries after it, but for one append: that which supersedes.
    """
    record = list(entries)
    taken_up = sorted((entry.data["first"] for entry in record if entry.type == SUPERSEDED), reverse=True)
    scene, before, told = Scene(), dict[int, Scene](), dict[int, list[Told]]()
    for place, entry in enumerate(record):
        while taken_up and taken_up[-1] <= entry.seq:
            before[taken_up.pop()] = scene.copy()
        if entry.type == SUPERSEDED:
            first, last = entry.data["first"], entry.data["last"]
            wrong = [each for seq in range(first, last + 1) for each in told.pop(seq, ())]
            yield from _declared(entry, wrong, _put_right(record[place + 1 :], entry))
            scene = before[first].copy()
            continue
        told[entry.seq] = list(_of(scene, entry))
        yield from told[entry.seq]


def document(entries: Sequence[Entry]) -> dict[str, Any]:
    """One journey's custody as an EPCIS document: its entries that count, in order; errors as they were declared.

    `entries`: all of the journey's, by number; at least one. Its date is that of the newest entry.
    """
    events: dict[str, dict[str, Any]] = {}
    for each in story(entries):
        written = each.event.written()
        # An event that is declared wrong stands where the declaration does, once.
        events.pop(written["eventID"], None)
        events[written["eventID"]] = written
    return epcis_document(list(events.values()), entries[-1].recorded_at)


def _of(scene: Scene, entry: Entry) -> Iterator[Told]:
    try:
        events = list(CHAPTERS.get(entry.type, changed)(scene, entry))
    except (LookupError, TypeError, ValueError, AttributeError):
        # An entry says less than its type promises: one bad entry must not hide all the others.
        events = list(changed(scene, entry))
    for number, event in enumerate(events):
        update = {"event_id": event_id(entry, number), **_own_names(scene, event)}
        yield Told(entry, number, event.model_copy(update=update))
    scene.learn(entry)


def _own_names(scene: Scene, event: Event) -> dict[str, Any]:
    """Our own name for each thing that stands in an event under a GS1 name: `clew:ours`."""
    ours = {name: scene.own_name(thing) for thing, name in scene.gs1.items() if name in event.things()}
    return {"clew:ours": ours} if ours else {}


def _declared(notice: Entry, wrong: Sequence[Told], right: dict[tuple[str, str | None, str], Entry]) -> Iterator[Told]:
    for number, each in enumerate(wrong):
        instead = right.get(_said_by(each.entry))
        declaration = ErrorDeclaration(
            declaration_time=notice.recorded_at,
            reason="incorrect_data" if instead else "did_not_occur",
            corrective_event_ids=(event_id(instead, each.number),) if instead else None,
        )
        update = {"error_declaration": declaration, "record_time": notice.recorded_at}
        yield Told(notice, number, each.event.model_copy(update=update))


def _put_right(following: Iterable[Entry], notice: Entry) -> dict[tuple[str, str | None, str], Entry]:
    """The entries of the same append as the notice: what was judged instead."""
    same = (each for each in following if each.recorded_at == notice.recorded_at and each.event_id is not None)
    return {_said_by(each): each for each in same}


def _said_by(entry: Entry) -> tuple[str, str | None, str]:
    return entry.source, entry.event_id, entry.type
