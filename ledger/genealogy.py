"""The genealogy: what came from this bag, and what went into this dose; across journeys too, both ways.

    collection ── container ──┬── split ── … ──┐
                              ├── aliquot      ├── batch ── dose
    collection ── container ──┴── pool ────────┘

Edges are made from facts alone, with the materials that they bring. 21 CFR 1271.290 asks for tracking both ways.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.statements import table_of
from ledger.tables import EdgeRow, MaterialRow
from schemas.errors import NotFound
from schemas.facts import Material
from schemas.materials import Amounts, Form

EDGE, MATERIAL = table_of(EdgeRow), table_of(MaterialRow)

MOST_EDGES = 20_000
"""The most edges that one question is answered with; what comes behind them is said to be left out."""

_HOW = {Form.SPLIT: "split", Form.POOL: "pooled", Form.ALIQUOT: "sampled", Form.RETAINED_SAMPLE: "sampled"}
_CHILD_IS = {"made_from": Form.BATCH, "filled": Form.DOSE, "split": Form.SPLIT, "pooled": Form.POOL}
_PARENT_IS = {"collected": Form.COLLECTION, "filled": Form.BATCH}

Place = tuple[str | None, str]
"""A journey, where one is meant, and a name in it."""


@dataclass(slots=True)
class Edge:
    """`child` came from `parent`. `how`: collected, split, pooled, sampled, made_from or filled."""

    journey: str
    child: str
    parent: str
    how: str
    amounts: list[dict[str, Any]]


@dataclass(slots=True)
class Node:
    """Something that edges lead to. `journey`, `kind`, `status` and `holder`: of materials; a collection has none."""

    id: str
    form: str | None
    journey: str | None = None
    kind: str | None = None
    status: str | None = None
    holder: str | None = None
    amounts: list[dict[str, Any]] | None = None
    quarantined: bool = False


@dataclass(frozen=True)
class Genealogy:
    """Part of the graph. `complete`: whether nothing was left out for being too much."""

    nodes: list[Node]
    edges: list[Edge]
    complete: bool = True


def edges_of(coi: str, material: Material) -> Iterator[dict[str, Any]]:
    """The edges that a material brings, as rows: the same ones with every fact that speaks of it."""
    filled = material.kind == "product" and material.batch is not None and material.form in (None, Form.DOSE)
    shares = {each.parent: each.amounts for each in material.shares}
    parents = (material.batch,) if filled and material.batch else material.parents
    how = "filled" if filled else _HOW.get(material.form or Form.CONTAINER, "collected")
    for parent in parents:
        yield _row(coi, material.id, parent, how, shares.get(parent, ()))
    if material.kind == "starting_material" and material.batch is not None:
        yield _row(coi, material.batch, material.id, "made_from", material.amounts)


async def ancestors(session: AsyncSession, material: str) -> Genealogy:
    """What went into it, all the way up. Raises `NotFound` (`unknown_material`)."""
    return await _around(session, _UP, material)


async def descendants(session: AsyncSession, material: str) -> Genealogy:
    """What came from it, all the way down. Raises `NotFound` (`unknown_material`)."""
    return await _around(session, _DOWN, material)


async def whole(session: AsyncSession, coi: str) -> Genealogy:
    """All of a journey's material, and how it came to be."""
    edges = [Edge(*row) for row in (await session.execute(_OF_JOURNEY, {"coi": coi})).all()]
    alone = (await session.execute(select(MATERIAL.c.id).where(MATERIAL.c.journey == coi))).scalars().all()
    return await _with_nodes(session, edges, [(coi, name) for name in alone])


async def _around(session: AsyncSession, way: Select[Any], material: str) -> Genealogy:
    if not material.isprintable():
        raise _unknown()
    rows = (await session.execute(way, {"start": material, "most": MOST_EDGES + 1})).all()
    edges = [Edge(*row) for row in rows[:MOST_EDGES]]
    found = await _with_nodes(session, edges, [(None, material)], complete=len(rows) <= MOST_EDGES)
    if not edges and found.nodes[0].form is None and not await _is_on_record(session, material):
        raise _unknown()
    return found


async def _with_nodes(
    session: AsyncSession, edges: list[Edge], also: Sequence[Place], *, complete: bool = True
) -> Genealogy:
    """Two journeys can have material under one name, labelled wrongly: neither stands for the other."""
    ends = ((edge.journey, name) for edge in edges for name in (edge.child, edge.parent))
    places = dict.fromkeys([*also, *ends])
    forms = _forms(edges)
    known = await _materials(session, list(dict.fromkeys(name for _, name in places)))
    nodes: dict[Place, Node] = {}
    for journey, name in places:
        for node in _seen_from(journey, known.get(name)) or [Node(id=name, form=forms.get(name))]:
            nodes.setdefault((node.journey, node.id), node)
    return Genealogy(nodes=list(nodes.values()), edges=edges, complete=complete)


def _seen_from(journey: str | None, nodes: list[Node] | None) -> list[Node] | None:
    """A journey's own material of a name; if it has none, another's, which went into its own."""
    return [each for each in nodes or () if each.journey == journey] or nodes


def _forms(edges: Sequence[Edge]) -> dict[str, str | None]:
    """What each end of the edges is, as far as the edges tell; two edges that tell differently do not exist."""
    found: dict[str, str | None] = {}
    for edge in edges:
        for name, form in ((edge.child, _CHILD_IS.get(edge.how)), (edge.parent, _PARENT_IS.get(edge.how))):
            found[name] = form.value if form else found.get(name)
    return found


_KEYS_A_STATEMENT = 500


async def _materials(session: AsyncSession, names: Sequence[str]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for first in range(0, len(names), _KEYS_A_STATEMENT):
        part = list(names[first : first + _KEYS_A_STATEMENT])
        for row in (await session.execute(_NAMED, {"names": part})).all():
            found.setdefault(row[0], []).append(Node(*row))
    return found


async def _is_on_record(session: AsyncSession, name: str) -> bool:
    """A batch or a collection of which nothing has come, or gone in, has an edge on its other side."""
    either = select(EDGE.c.journey).where((EDGE.c.child == name) | (EDGE.c.parent == name)).limit(1)
    alone = select(MATERIAL.c.journey).where(MATERIAL.c.id == name).limit(1)
    return any([(await session.execute(each)).first() is not None for each in (either, alone)])


def _unknown() -> NotFound:
    return NotFound("unknown_material", "No container, batch, dose or sample is known under that id.")


def _row(coi: str, child: str, parent: str, how: str, amounts: Amounts) -> dict[str, Any]:
    told = [each.model_dump(mode="json") for each in amounts]
    return {"journey": coi, "child": child, "parent": parent, "how": how, "amounts": told}


_COLUMNS = (EDGE.c.journey, EDGE.c.child, EDGE.c.parent, EDGE.c.how, EDGE.c.amounts)
_NAMED = (
    select(
        MATERIAL.c.id,
        MATERIAL.c.form,
        MATERIAL.c.journey,
        MATERIAL.c.kind,
        MATERIAL.c.status,
        MATERIAL.c.holder,
        MATERIAL.c.amounts,
        MATERIAL.c.quarantined,
    )
    .where(MATERIAL.c.id.in_(bindparam("names", expanding=True)))
    .order_by(MATERIAL.c.id, MATERIAL.c.journey)
)
_OF_JOURNEY = select(*_COLUMNS).where(EDGE.c.journey == bindparam("coi")).order_by(EDGE.c.child, EDGE.c.parent)


def _reached(near: str, far: str) -> Select[Any]:
    """Every edge on the way from a start, from its `near` end to its `far` end; a union: it ends on a circle too."""
    reached = select(bindparam("start", type_=EDGE.c.child.type).label("id")).cte("reached", recursive=True)
    further = select(EDGE.c[far]).join(reached, EDGE.c[near] == reached.c.id)
    reached = reached.union(further)
    on_the_way = select(*_COLUMNS).join(reached, EDGE.c[near] == reached.c.id)
    return on_the_way.limit(bindparam("most", type_=literal(1).type))


_UP, _DOWN = _reached("child", "parent"), _reached("parent", "child")
