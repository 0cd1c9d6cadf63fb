"""The invariants, checked on the record alone: by other code than the journey's, so that neither excuses the other.

What only a look at the world can show (who was called how often, what Temporal has seen) is for those who run it.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger import material_invariants as materials
from ledger.database import Database
from ledger.tables import EntryRow, InboxRow
from schemas.base import iso
from schemas.entries import SUPERSEDED, numbers
from schemas.facts import in_our_words
from schemas.gs1_keys import element_string
from schemas.operations import is_journey

OPEN_OUTCOMES = ("received", "held")
"""What an event's outcome can be while its journey goes on, and must not be once that has ended."""

Record = Sequence[EntryRow]
Check = Callable[[Record], Iterator[str]]


async def broken_invariants(database: Database) -> list[str]:
    """A sentence for every place where the record breaks an invariant of the design; empty when none does."""
    async with database.reading() as session:
        doubts = await _doubts(session)
        broken = [
            f"{each[0].journey}: {said}"
            async for each in _journeys(session)
            for said in broken_in(each, doubts[each[0].journey])
        ]
        return broken + await _lost_events(session)


def broken_in(record: Record, doubts: Sequence[range] = ()) -> list[str]:
    """What one journey's entries, in order, break. `doubts`: the positions at which an identity hold held it."""
    gaps = [f"invariant 5: {said}" for said in _numbered(record)]
    left_out = numbers([entry.data for entry in record if entry.type == SUPERSEDED])
    counts = [entry for entry in record if entry.seq not in left_out]
    moved = [f"invariant 3: {said}" for said in _still_while_in_doubt(counts, doubts)]
    return gaps + moved + [f"invariant {number}: {said}" for number, check in CHECKS for said in check(counts)]


async def _doubts(session: AsyncSession) -> defaultdict[str, list[range]]:
    """From where to where on the ledger each journey was held by an identity hold, as those holds' chains say."""
    of_holds = select(EntryRow).where(col(EntryRow.type).startswith("identity_hold."))
    began: dict[str, dict[str, int]] = defaultdict(dict)
    doubts: defaultdict[str, list[range]] = defaultdict(list)
    for entry in (await session.execute(of_holds.order_by(col(EntryRow.position)))).scalars():
        held = began[entry.data["hold"]]
        held |= dict.fromkeys(entry.data.get("sides", ()), entry.position)
        if entry.type == "identity_hold.joined":
            held[entry.data["journey"]] = entry.position
        elif entry.type == "identity_hold.closed":
            for coi, since in began.pop(entry.data["hold"]).items():
                doubts[coi].append(range(since, entry.position))
    for held in began.values():
        for coi, since in held.items():
            doubts[coi].append(range(since, sys.maxsize))
    return doubts


async def _journeys(session: AsyncSession) -> AsyncIterator[Record]:
    chains = (await session.execute(select(col(EntryRow.journey)).distinct())).scalars().all()
    for coi in filter(is_journey, chains):
        of_journey = select(EntryRow).where(col(EntryRow.journey) == coi).order_by(col(EntryRow.seq))
        yield (await session.execute(of_journey)).scalars().all()


async def _lost_events(session: AsyncSession) -> list[str]:
    """Invariant 1: every acknowledged event of a journey that has ended has an outcome, and an entry to show for it."""
    ended = select(col(EntryRow.journey)).where(col(EntryRow.type).in_(("journey.completed", "journey.cancelled")))
    of_ended = select(InboxRow).where(col(InboxRow.journey).in_(ended))
    lost = of_ended.where(col(InboxRow.status).in_(OPEN_OUTCOMES))
    on_record = select(col(EntryRow.position)).where(
        col(EntryRow.source) == col(InboxRow.source), col(EntryRow.event_id) == col(InboxRow.id)
    )
    claimed = of_ended.where(col(InboxRow.status).in_(("applied", "late", "refused")), ~on_record.exists())
    return [
        f"{row.journey}: invariant 1: {row.source} {row.id} was acknowledged, is {row.status}, {what}"
        for query, what in ((lost, "and its journey has ended"), (claimed, "and is not on the ledger"))
        for row in (await session.execute(query)).scalars()
    ]


def _once(record: Record) -> Iterator[str]:
    effects = Counter((entry.source, entry.event_id) for entry in record if _took_effect(entry))
    for (source, event), times in effects.items():
        if times > 1:
            yield f"event {event} of {source} took effect {times} times"


def _only_released_again(record: Record) -> Iterator[str]:
    """What came to nothing, or was given up, takes effect only where a person released it since."""
    settled: set[tuple[str, str | None]] = set()
    for entry in record:
        event = (entry.source, entry.event_id)
        if entry.type == "event.released":
            settled.discard(event)
        elif _came_to_nothing(entry):
            settled.add(event)
        elif _took_effect(entry) and event in settled:
            yield f"entry {entry.seq}, {entry.type}: the event had come to nothing, and nobody released it"


def _came_to_nothing(entry: EntryRow) -> bool:
    # A conflict speaks of other content under the id of an event that has an outcome of its own.
    conflict = entry.type == "event.refused" and entry.data["reason"] == "event_conflict"
    return entry.event_id is not None and entry.type.startswith("event.") and not conflict


def _still_while_held(record: Record) -> Iterator[str]:
    held = False
    for entry in record:
        held = (held or entry.type == "hold.placed") and entry.type != "hold.lifted"
        if held and _took_effect(entry) and entry.data.get("stage"):
            yield f"entry {entry.seq}, {entry.type}, moved the journey while it was held"


def _still_while_in_doubt(record: Record, doubts: Sequence[range]) -> Iterator[str]:
    for entry in record:
        moves = (_took_effect(entry) and entry.data.get("stage")) or entry.type == "materials.settled"
        if moves and any(entry.position in each for each in doubts):
            yield f"entry {entry.seq}, {entry.type}, moved the journey while its identity was in doubt"


def _containers_are_known(record: Record) -> Iterator[str]:
    known: set[str] = set()
    for entry in record:
        known |= {each["id"] for each in entry.data.get("materials", ())}
        if _took_effect(entry) and entry.type != "sample.collected":
            strange = set(in_our_words(entry.data).get("containers", ())) - known
            yield from (f"entry {entry.seq}, {entry.type}: {each} is no material of it" for each in sorted(strange))


def _labels_accounted_for(record: Record) -> Iterator[str]:
    """No stage is completed while a set of labels that was issued for it is not reconciled."""
    unaccounted: dict[str, str] = {}
    for entry in record:
        said = entry.data.get("said", {})
        if entry.type == "labels.issued":
            unaccounted[said["set"]] = said["stage"]
        elif entry.type == "labels.reconciled":
            unaccounted.pop(said["set"], None)
        elif entry.type == "stage.completed" and entry.data["stage"] in unaccounted.values():
            yield f"entry {entry.seq}: {entry.data['stage']} was completed before its labels were accounted for"


def _names_were_assigned(record: Record) -> Iterator[str]:
    """An identifier is read as one of ours only after it was assigned to it."""
    assigned: dict[str, str | None] = {}
    for entry in record:
        for value, ours in entry.data.get("read_as", {}).items():
            if ours not in (assigned.get(value), assigned.get(element_string(value))):
                yield f"entry {entry.seq}, {entry.type}: {value} was not assigned to {ours}"
        assigned |= {each["value"]: each.get("names") for each in entry.data.get("identifiers", ())}


def _released_first(record: Record) -> Iterator[str]:
    released: dict[str, datetime] = {}
    product: set[str] = set()
    for entry in record:
        product |= {each["id"] for each in entry.data.get("materials", ()) if each["kind"] == "product"}
        if entry.type == "batch.released":
            released |= dict.fromkeys(in_our_words(entry.data)["doses"], entry.occurred_at)
        if not _took_effect(entry):
            continue
        for dose in _doses_on_their_way(entry) & product:
            if dose not in released or entry.occurred_at < released[dose]:
                yield f"entry {entry.seq}, {entry.type}: {dose} was not released"
        if entry.type == "conditioning.started" and not any(at <= entry.occurred_at for at in released.values()):
            yield f"entry {entry.seq}: conditioning started before any release"


def _doses_on_their_way(entry: EntryRow) -> set[str]:
    said = in_our_words(entry.data)
    if entry.type == "shipment.picked_up":
        return set(said["containers"])
    return {said["dose"]} if entry.type in ("product.thawed", "infusion.completed") else set()


def _never_expired(record: Record) -> Iterator[str]:
    expires: dict[str, str] = {}
    for entry in record:
        if entry.type == "manufacture.started" and _took_effect(entry):
            for each in in_our_words(entry.data)["containers"]:
                if expires.get(each, "9") < iso(entry.occurred_at):
                    yield f"entry {entry.seq}: {each} had expired when manufacture started"
        for each in entry.data.get("materials", ()):
            expires[each["id"]] = iso(datetime.fromisoformat(each["expires_at"])) if each.get("expires_at") else "9"


def _numbered(record: Record) -> Iterator[str]:
    if [entry.seq for entry in record] != list(range(1, len(record) + 1)):
        yield "the entries are not numbered from 1 without a gap"


def _one_protocol(record: Record) -> Iterator[str]:
    started = [entry.data["protocol_hash"] for entry in record if entry.type == "journey.started"]
    if len(started) != 1:
        yield f"the journey was started {len(started)} times"


def _every_wait_ends(record: Record) -> Iterator[str]:
    for entry in record:
        about = entry.data["task"] if entry.type == "task.opened" else entry.data
        if entry.type in ("stage.began", "task.opened") and about.get("due_at") is None:
            yield f"entry {entry.seq}, {entry.type}, has no due time"


def _told_once(record: Record) -> Iterator[str]:
    told = Counter(entry.data["key"] for entry in record if entry.type == "partner.told")
    yield from (f"{key} was acknowledged {times} times" for key, times in told.items() if times > 1)


def _took_effect(entry: EntryRow) -> bool:
    return entry.event_id is not None and not entry.type.startswith("event.")


CHECKS: tuple[tuple[int, Check], ...] = (
    (2, _once),
    (2, _only_released_again),
    (3, _still_while_held),
    (3, _containers_are_known),
    (3, _names_were_assigned),
    (3, _never_expired),
    (3, _labels_accounted_for),
    (3, materials.come_from_something),
    (3, materials.change_hands_by_hand_over),
    (3, materials.nothing_appears),
    (3, materials.accounted_for),
    (4, _released_first),
    (7, _one_protocol),
    (8, _every_wait_ends),
    (9, _told_once),
)
"""The checks of the entries that count, each with the number of the invariant that it guards."""
