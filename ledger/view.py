"""A journey's projections in memory: read from the tables, changed by facts, written back where they differ."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, and_, bindparam, exists, func, select, true

from ledger import tables
from ledger.statements import table_of, upsert

Row = dict[str, Any]
Rows = dict[str, Row]
"""The rows of one table that belong to one journey, by their id within it: the parts of the key, spaced."""


ENTRY, JOURNEY = table_of(tables.EntryRow), table_of(tables.JourneyRow)
SIDE = table_of(tables.IdentityHoldSideRow)
STAGE, TASK = table_of(tables.StageRow), table_of(tables.TaskRow)
DEVIATION, MATERIAL = table_of(tables.DeviationRow), table_of(tables.MaterialRow)
EDGE, CUSTODY = table_of(tables.EdgeRow), table_of(tables.CustodyRow)

PROJECTED = ("status", "outcome_reason", "stages", "next_due_at", "at_risk", "started_at", "closed_at", "last_seq")
"""The half of a journey's row that is made from facts; the other half is its order."""

WRITTEN = (*PROJECTED, "seq_offset", "epoch")
"""What an append writes of a journey's row: beside the projection, where the journey's own numbering stands."""


_TABLES = ("stages", "tasks", "deviations", "materials", "edges", "custody")


@dataclass
class View:
    """What the pages know of one journey. `journey` is missing until something orders or starts it; `on_hold` says
    whether a hold was placed and not lifted, which the journey's status alone does not tell.

    Beside the pages: `newest`, number and hash of the newest entry; `doubted`, whether the journey may be a side of a
    hold on its identity. As long as it has no page, nobody has looked for either.
    """

    coi: str
    journey: Row | None = None
    on_hold: bool = False
    newest: tuple[int, str] | None = None
    doubted: bool = True
    stages: Rows = field(default_factory=dict)
    tasks: Rows = field(default_factory=dict)
    deviations: Rows = field(default_factory=dict)
    materials: Rows = field(default_factory=dict)
    edges: Rows = field(default_factory=dict)
    custody: Rows = field(default_factory=dict)


def load(
    connection: Connection, coi: str, *, shape: bool = True, custody: bool = False, materials: bool = False
) -> View:
    """The projections as they stand. `shape`: also stages, tasks and deviations; `custody`: also who has what;
    `materials`: also that, the materials and where they came from. Without these they stay empty."""
    view = View(coi)
    found = connection.execute(_JOURNEY, {"coi": coi}).mappings().one_or_none()
    if found is not None:
        view.journey = dict(found)
        # Most journeys have no task and no deviation: asking with the journey costs less than two more queries.
        has_tasks, has_deviations = view.journey.pop("has_tasks"), view.journey.pop("has_deviations")
        view.doubted = view.journey.pop("has_sides")
        seq, line_hash = view.journey.pop("newest_seq"), view.journey.pop("newest_hash")
        view.newest = (seq, line_hash) if seq is not None else None
        if shape:
            view.stages = _rows(connection, STAGE, coi)
            view.tasks = _rows(connection, TASK, coi) if has_tasks else {}
            view.deviations = _rows(connection, DEVIATION, coi) if has_deviations else {}
            view.on_hold = view.journey["status"] == "held" and _on_hold(connection, coi)
    if materials:
        view.materials = _rows(connection, MATERIAL, coi)
        view.edges = _rows(connection, EDGE, coi)
    if materials or custody:
        view.custody = _rows(connection, CUSTODY, coi)
    return view


def store(connection: Connection, before: View, after: View) -> None:
    """Write what differs between two views of the same journey."""
    if after.journey is not None and after.journey != before.journey:
        _store_journey(connection, after.journey, is_new=before.journey is None)
    _store_rows(connection, STAGE, before.stages, after.stages)
    _store_rows(connection, TASK, before.tasks, after.tasks)
    _store_rows(connection, DEVIATION, before.deviations, after.deviations)
    _store_rows(connection, MATERIAL, before.materials, after.materials)
    _store_rows(connection, EDGE, before.edges, after.edges)
    _store_rows(connection, CUSTODY, before.custody, after.custody)


def copy_of(view: View) -> View:
    """A view whose rows can be changed without changing this one's."""
    copied: dict[str, Any] = {name: {key: dict(row) for key, row in getattr(view, name).items()} for name in _TABLES}
    journey = dict(view.journey) if view.journey is not None else None
    return replace(view, journey=journey, **copied)


_NEWEST = ENTRY.alias()
_NEWEST_SEQ = select(func.max(ENTRY.c.seq)).where(ENTRY.c.journey == JOURNEY.c.coi).correlate(JOURNEY).scalar_subquery()
_ITS_NEWEST = and_(_NEWEST.c.journey == JOURNEY.c.coi, _NEWEST.c.seq == _NEWEST_SEQ)
_JOURNEY = (
    select(
        JOURNEY.c.coi,
        JOURNEY.c.parties,
        *(JOURNEY.c[name] for name in WRITTEN),
        exists(select(true()).where(TASK.c.journey == JOURNEY.c.coi)).label("has_tasks"),
        exists(select(true()).where(DEVIATION.c.journey == JOURNEY.c.coi)).label("has_deviations"),
        exists(select(true()).where(SIDE.c.journey == JOURNEY.c.coi)).label("has_sides"),
        _NEWEST.c.seq.label("newest_seq"),
        _NEWEST.c.hash.label("newest_hash"),
    )
    .select_from(JOURNEY)
    .outerjoin(_NEWEST, _ITS_NEWEST)
    .where(JOURNEY.c.coi == bindparam("coi"))
)

_LAST_HOLD = (
    select(ENTRY.c.type)
    .where(ENTRY.c.journey == bindparam("coi"), ENTRY.c.type.in_(("hold.placed", "hold.lifted")))
    .order_by(ENTRY.c.seq.desc())
    .limit(1)
)

_UPDATE_JOURNEY = (
    JOURNEY.update().where(JOURNEY.c.coi == bindparam("of")).values({name: bindparam(name) for name in WRITTEN})
)


def _on_hold(connection: Connection, coi: str) -> bool:
    return connection.execute(_LAST_HOLD, {"coi": coi}).scalar() == "hold.placed"


@lru_cache
def _select_of(table: Table) -> Any:
    return select(table).where(table.c.journey == bindparam("coi"))


def _rows(connection: Connection, table: Table, coi: str) -> Rows:
    within = _id_columns(table)
    found = connection.execute(_select_of(table), {"coi": coi}).mappings()
    return {" ".join(str(row[name]) for name in within): dict(row) for row in found}


def _id_columns(table: Table) -> list[str]:
    _journey, *within = table.primary_key.columns.keys()
    return within


def _store_journey(connection: Connection, row: Row, *, is_new: bool) -> None:
    if is_new:
        connection.execute(JOURNEY.insert(), row)
    else:
        connection.execute(_UPDATE_JOURNEY, {"of": row["coi"], **{name: row[name] for name in WRITTEN}})


def _store_rows(connection: Connection, table: Table, before: Rows, after: Rows) -> None:
    changed = [row for name, row in after.items() if row != before.get(name)]
    if changed:
        connection.execute(upsert(table, connection.dialect.name), changed)
