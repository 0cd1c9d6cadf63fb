"""Checking the whole record, entry by entry, as a stranger with the database would.

It shows that nothing was changed, removed, put in between or moved since it was written; that the newest entries
of all were not cut off together with the head, only a checkpoint kept elsewhere can show. Memory grows with the
number of journeys (about 300 bytes each), not with the number of entries.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.chain import Line, data_text, genesis, line_hash
from ledger.database import Database
from ledger.label_pages import label_differences
from ledger.rebuild import differences
from ledger.record import HEAD
from ledger.stored import STORED, moment
from ledger.trouble import database_trouble
from ledger.view import ENTRY, JOURNEY
from schemas.base import Strict
from schemas.operations import is_journey

CHUNK = 5_000
"""Entries read at a time."""

Progress = Callable[[int, int], None]
"""Told after every chunk: entries checked, entries in all."""


class Finding(Strict):
    """Where the record is not as it was written, and a sentence that says how."""

    position: int | None = None
    journey: str | None = None
    seq: int | None = None
    problem: str


class Verification(Strict):
    """What `verify` found. `entries`: how many were checked, up to and without the first bad one."""

    entries: int
    journeys: int
    ok: bool
    first_bad: Finding | None = None


async def verify(database: Database, *, projections: bool = False, progress: Progress | None = None) -> Verification:
    """Check every entry in the order of positions, and stop at the first that is bad.

    `projections`: also make the pages of every journey and label set again and compare. May run beside a ledger in use:
    it checks what was there when it began. Raises `Unavailable` when the database does not answer.
    """
    with database_trouble():
        walk = _Walk()
        finding = await _walk_all(database, walk, progress)
        if finding is None and projections:
            finding = await _compare_pages(database, walk)
    journeys = sum(is_journey(chain) for chain in walk.tails)
    return Verification(entries=walk.position, journeys=journeys, ok=finding is None, first_bad=finding)


@dataclass
class _Walk:
    """How far the check has come: the last good position, and the last number and hash of every journey."""

    position: int = 0
    tails: dict[str, tuple[int, str]] = field(default_factory=dict)

    def over(self, rows: Iterable[Sequence[Any]]) -> Finding | None:
        """Go over entries that follow; returns the first that is bad."""
        for row in rows:
            problem = self._problem(row)
            if problem is not None:
                missing = row[0] != self.position + 1
                where = {} if missing else {"journey": str(row[1]), "seq": row[2] if type(row[2]) is int else None}
                return Finding(position=self.position + 1, problem=problem, **where)
            self.position = row[0]
            self.tails[row[1]] = (row[2], row[11])
        return None

    def _problem(self, row: Sequence[Any]) -> str | None:
        position, journey, seq, *_, previous_hash, own_hash = row
        last_seq, last_hash = self.tails.get(journey) or (0, genesis(str(journey)))
        if position != self.position + 1:
            return f"the entry is missing: after position {self.position} comes {position}"
        if seq != last_seq + 1:
            return f"its number does not follow: the journey's entry before it is number {last_seq}"
        if previous_hash != last_hash:
            return "it is not chained to the journey's entry before it"
        if own_hash != _hash_as_stored(row) and own_hash != _hash_as_meant(row):
            return "its content is not what was written: its hash does not fit"
        return None


_HEAD = select(select(HEAD.c.position).scalar_subquery(), select(func.max(ENTRY.c.position)).scalar_subquery())

_CHUNK = (
    select(*STORED)
    .where(ENTRY.c.position > bindparam("after"), ENTRY.c.position <= bindparam("newest"))
    .order_by(ENTRY.c.position)
    .limit(CHUNK)
)


async def _walk_all(database: Database, walk: _Walk, progress: Progress | None) -> Finding | None:
    async with database.reading() as session:
        head, newest = (await session.execute(_HEAD)).one()
    while walk.position < (newest or 0):
        async with database.reading() as session:
            rows = (await session.execute(_CHUNK, {"after": walk.position, "newest": newest})).all()
        if not rows:
            return Finding(position=walk.position + 1, problem="the entry was removed while the record was checked")
        finding = walk.over(rows)
        if finding is not None:
            return finding
        if progress is not None:
            progress(walk.position, newest)
    return _head_problem(head, newest or 0)


def _head_problem(head: int | None, newest: int) -> Finding | None:
    if head is None:
        return Finding(problem="the ledger has no head")
    if head > newest:
        return Finding(position=newest + 1, problem=f"the entry is missing: the ledger's head is at {head}")
    if head < newest:
        return Finding(position=head + 1, problem=f"the entry was never appended: the ledger's head is at {head}")
    return None


def _hash_as_stored(row: Sequence[Any]) -> str | None:
    """The hash, taking the stored text for canonical: nearly always so on SQLite, and then the fastest way."""
    try:
        return line_hash(Line._make((*row[:4], moment(row[4]), moment(row[5]), *row[6:11])))
    except TypeError:
        return None


def _hash_as_meant(row: Sequence[Any]) -> str | None:
    """The hash of what the stored text means, however a database spells it."""
    try:
        data = data_text(json.loads(row[9]))
        return line_hash(Line._make((*row[:4], moment(row[4]), moment(row[5]), *row[6:9], data, row[10])))
    except (TypeError, ValueError, OverflowError):
        return None


async def _compare_pages(database: Database, walk: _Walk) -> Finding | None:
    begun = select(JOURNEY.c.coi).where(JOURNEY.c.last_seq > 0)
    async with database.reading() as session:
        pages = (await session.execute(begun)).scalars().all()
    for coi in sorted({*filter(is_journey, walk.tails), *pages}):
        async with database.reading() as session:
            await _see_one_moment(database, session)
            different = await differences(session, coi)
        if different:
            return Finding(journey=coi, problem=different[0])
    async with database.reading() as session:
        await _see_one_moment(database, session)
        different = await label_differences(session)
    return Finding(problem=different[0]) if different else None


async def _see_one_moment(database: Database, session: AsyncSession) -> None:
    """Let all that the session reads be of one moment, so that an append between two reads is no difference."""
    if not database.is_sqlite:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
