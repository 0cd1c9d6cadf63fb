"""Making a journey's projections again from its entries alone, and saying where the pages differ from them."""

from collections.abc import Iterator

from sqlalchemy import Connection, RowMapping, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from ledger import epcis
from ledger.crosswalk import IDENTIFIER, identifiers_of
from ledger.projections import apply, settle
from ledger.supersede import superseded
from ledger.view import ENTRY, PROJECTED, Rows, View, load
from schemas.errors import ClewError
from schemas.facts import Fact

_FACT = ("seq", "type", "occurred_at", "actor", "source", "event_id", "data")
# By name: migrations read entries by this too, whatever columns later versions bring.
_ENTRIES = select(*(ENTRY.c[name] for name in _FACT)).where(ENTRY.c.journey == bindparam("coi")).order_by(ENTRY.c.seq)
_CLAIMED = select(IDENTIFIER.c.value).where(IDENTIFIER.c.value.in_(bindparam("values", expanding=True)))


async def rebuild(session: AsyncSession, coi: str) -> View:
    """The projections of a journey as its entries make them. Reads only. Raises `ClewError` for a record that
    cannot have been made by `append`."""
    return await session.run_sync(_rebuild, coi)


async def differences(session: AsyncSession, coi: str) -> list[str]:
    """Where the journey's pages differ from its record: a short sentence each, none when all is well."""
    return await session.run_sync(_differences, coi)


def _rebuild(session: Session, coi: str) -> View:
    return remade(session.connection(), coi)


def remade(connection: Connection, coi: str) -> View:
    """The projections as the entries that count make them."""
    view = View(coi)
    left_out = superseded(connection, coi)
    for row in connection.execute(_ENTRIES, {"coi": coi}).mappings():
        if row["seq"] not in left_out:
            apply(view, _fact(row))
    if view.journey is not None:
        settle(view)
    return view


def _differences(session: Session, coi: str) -> list[str]:
    connection = session.connection()
    try:
        made = _rebuild(session, coi)
    except ClewError as refusal:
        return [f"its pages cannot be made from its record: {refusal.detail}"]
    shown = load(connection, coi, materials=True)
    pages = [*_of_journey(shown, made), *_of_rows(shown, made), *_of_crosswalk(connection, made, coi)]
    return [*pages, *epcis.differences(connection, coi)]


def _fact(row: RowMapping) -> Fact:
    return Fact.model_validate({name: row[name] for name in _FACT})


def _of_journey(shown: View, made: View) -> Iterator[str]:
    if made.journey is None:
        if shown.journey is not None and shown.journey["last_seq"]:
            yield "its page speaks of entries, and the record has none"
        return
    if shown.journey is None:
        yield "it has no page"
        return
    for name in PROJECTED:
        if shown.journey[name] != made.journey[name]:
            yield f"its page has another {name} than the record"


def _of_rows(shown: View, made: View) -> Iterator[str]:
    pairs: list[tuple[str, Rows, Rows]] = [
        ("stage", shown.stages, made.stages),
        ("task", shown.tasks, made.tasks),
        ("deviation", shown.deviations, made.deviations),
        ("material", shown.materials, made.materials),
        ("edge", shown.edges, made.edges),
        ("custody", shown.custody, made.custody),
    ]
    for what, on_page, on_record in pairs:
        for name in sorted(on_page.keys() | on_record.keys()):
            if on_page.get(name) != on_record.get(name):
                yield f"{what} {name} on its page is not as the record has it"


def _of_crosswalk(connection: Connection, made: View, coi: str) -> Iterator[str]:
    """An identifier that is recorded must lead to some journey; to another one where that claimed it first."""
    rows = connection.execute(_ENTRIES, {"coi": coi}).mappings()
    values = {each.value for row in rows for each in identifiers_of(row["data"])}
    if values:
        claimed = set(connection.execute(_CLAIMED, {"values": sorted(values)}).scalars())
        for value in sorted(values - claimed):
            yield f"identifier {value} leads nowhere"
