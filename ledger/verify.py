"""Checking the whole record, entry by entry, as a stranger with the database would; memory does not grow with it.

The entries show that nothing was changed, removed, put in between or moved; the tree and the checkpoints, which lie
outside the database, that nothing was rewritten with all its hashes, cut off at its end, or brought back from an old
copy.
"""

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import bindparam, func, inspect, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from ledger.database import Database
from ledger.label_pages import label_differences
from ledger.merkle import WIDTH, Tile
from ledger.rebuild import differences
from ledger.record import HEAD
from ledger.stored import stored_rows
from ledger.tree import TILE, tiles_of
from ledger.trouble import database_trouble
from ledger.view import ENTRY, JOURNEY
from ledger.walk import Finding, Row, Walk
from ledger.witnesses import Witnesses
from schemas.base import Strict
from schemas.operations import is_journey

CHUNK = 8_192
"""Entries read at a time: whole tiles of the tree."""

_AT_ONCE = 500

Progress = Callable[[int, int], None]
"""Told after every chunk: entries checked, entries in all."""


class Verification(Strict):
    """What `verify` found. `entries`: how many were checked, up to and without the first bad one. `root`: of the tree
    over them, 64 hexadecimal digits. `checkpoints`: how many it agrees with. `unchecked`: what could not be."""

    entries: int
    journeys: int
    root: str
    checkpoints: int
    ok: bool
    first_bad: Finding | None = None
    unchecked: tuple[str, ...] = ()


async def verify(
    database: Database,
    *,
    projections: bool = False,
    witnesses: Witnesses | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Check every entry in the order of positions, and stop at the first that is bad.

    `projections`: also make the pages of every journey and label set again and compare. `witnesses`: the checkpoints to
    hold the tree against. May run beside a ledger in use: it checks what was there when it began. Raises `Unavailable`
    when the database does not answer.
    """
    walk, seen = Walk(), witnesses or Witnesses()
    with database_trouble():
        finding = await _walk_all(database, walk, seen, progress)
        if finding is None and projections:
            finding = await _compare_pages(database)
    return Verification(
        entries=walk.position,
        journeys=walk.journeys,
        root=walk.tree.root().hex(),
        checkpoints=seen.agreed,
        ok=finding is None,
        first_bad=finding,
        unchecked=tuple(seen.unchecked),
    )


_NOW = select(
    select(HEAD.c.position).scalar_subquery(),
    select(func.max(ENTRY.c.position)).scalar_subquery(),
    select(func.count()).select_from(TILE).scalar_subquery(),
)

_HASHES = (
    select(TILE.c.number, TILE.c.hash)
    .where(TILE.c.level == bindparam("level"), TILE.c.number.between(bindparam("first"), bindparam("last")))
    .order_by(TILE.c.number)
)

_TAILS = select(ENTRY.c.journey, ENTRY.c.seq, ENTRY.c.hash).where(
    ENTRY.c.position <= bindparam("until"),
    tuple_(ENTRY.c.journey, ENTRY.c.seq).in_(bindparam("tails", expanding=True)),
)


async def _walk_all(database: Database, walk: Walk, seen: Witnesses, progress: Progress | None) -> Finding | None:
    # The checkpoints before the head: what they speak of is there to be read.
    seen.begin()
    async with database.reading() as session:
        head, newest, tiles = (await session.execute(_NOW)).one()
    newest = newest or 0
    while walk.position < newest:
        async with database.reading() as session:
            finding = await _walk_on(session, walk, seen, newest)
        if finding is not None:
            return finding
        if progress is not None:
            progress(walk.position, newest)
    return (
        _head_problem(head, newest)
        or seen.beyond(newest)
        or _tiles_problem(tiles, newest)
        or seen.spoilt()
        or await _lock_problem(database)
    )


async def _walk_on(session: AsyncSession, walk: Walk, seen: Witnesses, newest: int) -> Finding | None:
    """Check one chunk, with a look at every checkpoint on the way."""
    begin = walk.position
    rows = await stored_rows(session, begin, newest, CHUNK)
    if not rows:
        return Finding(position=begin + 1, problem="the entry was removed while the record was checked")
    await _recall(session, walk, rows)
    made: list[Tile] = []
    for some, is_witnessed in _cut(rows, begin, seen):
        complete, finding = walk.over(some)
        made += complete
        if finding is None and is_witnessed:
            finding = seen.look(walk.tree.root())
        if finding is not None:
            return await _wrong_tile(session, made) or finding
    return await _wrong_tile(session, made)


def _cut(rows: Sequence[Row], begin: int, seen: Witnesses) -> Iterator[tuple[Sequence[Row], bool]]:
    """The rows up to the size of each checkpoint, and then the rest."""
    done = 0
    while (size := seen.next_size()) is not None and size <= begin + len(rows):
        upto = max(size - begin, done)
        yield rows[done:upto], True
        done = upto
    yield rows[done:], False


async def _recall(session: AsyncSession, walk: Walk, rows: Sequence[Row]) -> None:
    """Look up where journeys had come to that the walk no longer remembers, or never met."""
    walk.let_go()
    before = list(walk.strangers(rows))
    for at in range(0, len(before), _AT_ONCE):
        asked = {"until": walk.position, "tails": before[at : at + _AT_ONCE]}
        walk.recall((row[0], row[1], row[2]) for row in await session.execute(_TAILS, asked))


async def _wrong_tile(session: AsyncSession, made: Sequence[Tile]) -> Finding | None:
    """The first tile that is not stored as the entries make it."""
    wrong: list[int] = []
    for level in sorted({each[0] for each in made}):
        of_level = {number: made_hash.hex() for at, number, made_hash in made if at == level}
        asked = {"level": level, "first": min(of_level), "last": max(of_level)}
        stored = {row[0]: row[1] for row in await session.execute(_HASHES, asked)}
        wrong += [number * WIDTH**level for number in of_level if stored.get(number) != of_level[number]]
    if not wrong:
        return None
    return Finding(position=min(wrong) + 1, problem="from here on the tree that is stored is not that over the entries")


def _head_problem(head: int | None, newest: int) -> Finding | None:
    if head is None:
        return Finding(problem="the ledger has no head")
    if head > newest:
        return Finding(position=newest + 1, problem=f"the entry is missing: the ledger's head is at {head}")
    if head < newest:
        return Finding(position=head + 1, problem=f"the entry was never appended: the ledger's head is at {head}")
    return None


def _tiles_problem(tiles: int, newest: int) -> Finding | None:
    if tiles != tiles_of(newest):
        return Finding(problem=f"the tree has {tiles} tiles: over {newest} entries there are {tiles_of(newest)}")
    return None


async def _lock_problem(database: Database) -> Finding | None:
    """Without its index the database would let one number stand for two entries of a journey."""

    def is_unique(session: Session) -> bool:
        found = inspect(session.connection()).get_indexes("entry")
        return any(each["unique"] and each["column_names"] == ["journey", "seq"] for each in found)

    async with database.reading() as session:
        if await session.run_sync(is_unique):
            return None
    return Finding(problem="the database no longer refuses two entries of one journey under the same number")


_CHAINS = (
    select(ENTRY.c.journey)
    .where(ENTRY.c.journey > bindparam("after"))
    .group_by(ENTRY.c.journey)
    .order_by(ENTRY.c.journey)
    .limit(_AT_ONCE)
)
_GHOSTS = (
    select(JOURNEY.c.coi)
    .where(JOURNEY.c.last_seq > 0, ~select(ENTRY.c.seq).where(ENTRY.c.journey == JOURNEY.c.coi).exists())
    .order_by(JOURNEY.c.coi)
    .limit(1)
)


async def _compare_pages(database: Database) -> Finding | None:
    after = ""
    while True:
        async with database.reading() as session:
            chains = (await session.execute(_CHAINS, {"after": after})).scalars().all()
            ghosts = () if chains else (await session.execute(_GHOSTS)).scalars().all()
        for coi in (*filter(is_journey, chains), *ghosts):
            async with database.reading() as session:
                await _see_one_moment(database, session)
                different = await differences(session, coi)
            if different:
                return Finding(journey=coi, problem=different[0])
        if not chains:
            return await _compare_labels(database)
        after = chains[-1]


async def _compare_labels(database: Database) -> Finding | None:
    async with database.reading() as session:
        await _see_one_moment(database, session)
        different = await label_differences(session)
    return Finding(problem=different[0]) if different else None


async def _see_one_moment(database: Database, session: AsyncSession) -> None:
    """Let all that the session reads be of one moment, so that an append between two reads is no difference."""
    if not database.is_sqlite:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
