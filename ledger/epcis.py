"""The index of EPCIS events: made from the ledger in the order of positions, behind it, when somebody asks.

Nothing is written while facts are appended. Whoever asks first brings the index up to the newest entry: it is read for
without a lock, and written in small transactions, each only where `epcis_cursor` stands as it was read. An event stands
at the position of the entry that tells it, so a reader who goes on after a position misses nothing and gets nothing
twice.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from ledger import tables
from ledger.database import Database
from ledger.entries import entry_of
from ledger.record import HEAD
from ledger.statements import table_of
from ledger.view import ENTRY
from schemas.operations import OPERATIONS_PREFIX
from standards.epcis.names import canonical
from standards.epcis.told import SILENT, Told, story

WINDOW = 20_000
"""Entries that are looked at together: a journey that has several among them is read once."""

MOST_EVENTS = 500
"""Events that one transaction writes: on SQLite, writers wait for it."""

_TURNS: WeakKeyDictionary[Database, asyncio.Lock] = WeakKeyDictionary()
"""One at a time in a process: the others find that it is done."""

EVENT, NAME, CURSOR = table_of(tables.EpcisEventRow), table_of(tables.EpcisNameRow), table_of(tables.EpcisCursorRow)

_STANDING = select(CURSOR.c.position, select(HEAD.c.position).scalar_subquery())
_LOCK = CURSOR.update().where(CURSOR.c.id == 1).values(position=CURSOR.c.position).returning(CURSOR.c.position)
_MOVE = CURSOR.update().where(CURSOR.c.id == 1).values(position=bindparam("to"))
_TOLD_OF = (
    select(ENTRY.c.journey)
    .where(ENTRY.c.position > bindparam("after"), ENTRY.c.position <= bindparam("upto"))
    .where(ENTRY.c.type.not_in(SILENT), ~ENTRY.c.journey.startswith(OPERATIONS_PREFIX))
    .distinct()
)
_ENTRIES = (
    select(ENTRY)
    .where(ENTRY.c.journey == bindparam("coi"), ENTRY.c.position <= bindparam("newest"))
    .where(ENTRY.c.type.not_in(SILENT))
    .order_by(ENTRY.c.seq)
)
_INDEXED = (
    select(EVENT.c.position, EVENT.c.number, EVENT.c.event)
    .where(EVENT.c.journey == bindparam("coi"))
    .order_by(EVENT.c.position, EVENT.c.number)
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Piece:
    """What one transaction writes: the events after a position, up to another."""

    after: int
    upto: int
    events: Sequence[Row]


async def catch_up(database: Database) -> None:
    """Index what is on the ledger by now."""
    newest = None
    async with _TURNS.setdefault(database, asyncio.Lock()):
        while True:
            async with database.reading() as session:
                done, head = (await session.execute(_STANDING)).one()
                newest = head if newest is None else newest
                if done >= newest:
                    return
                upto = min(done + WINDOW, newest)
                rows = await _rows(session, done, upto, head)
            for piece in _pieces(rows, done, upto):
                async with database.writing() as session:
                    if not await session.run_sync(_put, piece):
                        break


def differences(connection: Connection, coi: str) -> Iterator[str]:
    """Where the index is not what the journey's entries tell, as far as it has come."""
    done, head = connection.execute(_STANDING).one()
    told = {
        (row["position"], row["number"]): row["event"] for row in _event_rows(_told(connection, coi, head), 0, done)
    }
    shown = {(row.position, row.number): row.event for row in connection.execute(_INDEXED, {"coi": coi})}
    for place in sorted(told.keys() | shown.keys()):
        if told.get(place) != shown.get(place):
            yield f"the EPCIS event of entry {place[0]} in the index is not as the record has it"


async def _rows(session: AsyncSession, done: int, upto: int, head: int) -> list[Row]:
    """The events that the entries of a window tell, in their order. Between two journeys others have their turn."""
    rows: list[Row] = []
    for coi in (await session.execute(_TOLD_OF, {"after": done, "upto": upto})).scalars().all():
        found = (await session.execute(_ENTRIES, {"coi": coi, "newest": head})).mappings().all()
        rows += _event_rows(list(story(entry_of(row) for row in found)), done, upto)
    return sorted(rows, key=lambda row: (row["position"], row["number"]))


def _pieces(rows: Sequence[Row], done: int, upto: int) -> Iterator[Piece]:
    """The events in pieces, an entry's together; the last piece goes to the end of the window."""
    piece: list[Row] = []
    for row in rows:
        if len(piece) >= MOST_EVENTS and row["position"] != piece[-1]["position"]:
            yield Piece(done, piece[-1]["position"], piece)
            done, piece = piece[-1]["position"], []
        piece.append(row)
    yield Piece(done, upto, piece)


def _put(session: Session, piece: Piece) -> bool:
    """Write a piece, unless another process has been there meanwhile."""
    connection = session.connection()
    if connection.execute(_LOCK).scalar_one() != piece.after:
        return False
    names = [name for row in piece.events for name in _name_rows(row)]
    for table, found in ((EVENT, piece.events), (NAME, names)):
        if found:
            connection.execute(table.insert(), found)
    connection.execute(_MOVE, {"to": piece.upto})
    return True


def _told(connection: Connection, coi: str, newest: int) -> list[Told]:
    return list(story(entry_of(row) for row in connection.execute(_ENTRIES, {"coi": coi, "newest": newest}).mappings()))


def _event_rows(told: Sequence[Told], after: int, upto: int) -> list[Row]:
    return [_event_row(each) for each in told if after < each.entry.position <= upto]


def _event_row(told: Told) -> Row:
    event = told.event.written()
    return {
        "position": told.entry.position,
        "number": told.number,
        "event_id": event["eventID"],
        "journey": told.entry.journey,
        "type": event["type"],
        "action": event.get("action"),
        "event_time": told.event.event_time,
        "record_time": told.event.record_time,
        "biz_step": event.get("bizStep"),
        "disposition": event.get("disposition"),
        "read_point": event.get("readPoint", {}).get("id"),
        "biz_location": event.get("bizLocation", {}).get("id"),
        "event": event,
    }


_LISTS = {"epcList": "epc", "childEPCs": "child", "inputEPCList": "input", "outputEPCList": "output"}
_TYPED = {"bizTransactionList": "bizTransaction", "sourceList": "source", "destinationList": "destination"}


def _name_rows(row: Row) -> list[Row]:
    """Every name in an event, once in each place."""
    event = row["event"]
    names = {(name, kind) for field, kind in _LISTS.items() for name in event.get(field, ())}
    names |= {
        (each[kind], f"{kind}_{each.get('type', '')}")
        for field, kind in _TYPED.items()
        for each in event.get(field, ())
    }
    names |= {
        (event[field], kind)
        for field, kind in (("parentID", "parent"), ("transformationID", "transformation"))
        if field in event
    }
    # Under our own name as well, where a GS1 name stands in its place: either finds the event.
    names |= {
        (ours, kind) for other, ours in event.get("clew:ours", {}).items() for name, kind in names if name == other
    }
    if "errorDeclaration" in event:
        names.add((event["errorDeclaration"].get("reason", ""), "error"))
    place = {"position": row["position"], "number": row["number"]}
    return [{"value": canonical(value), "kind": kind, **place} for value, kind in sorted(names)]
