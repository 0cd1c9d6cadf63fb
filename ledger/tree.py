"""The Merkle tree beside the entries: what of it is stored, and how it is read.

Leaves are not stored, the entries hold them. Of the nodes only every eighth level is: one row for each complete tile of
256, so most appends write nothing, and a proof reads at most two tiles a level. Everything here can be made again
from the entries, and `ledger.verify` does.
"""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.merkle import HEIGHT, WIDTH, Node, leaf_hash, root_of
from ledger.statements import table_of
from ledger.tables import TileRow
from ledger.view import ENTRY
from schemas.errors import Conflict

Result = TypeVar("Result")

TILE = table_of(TileRow)
_LEAVES = (
    select(ENTRY.c.hash)
    .where(ENTRY.c.position > bindparam("begin"), ENTRY.c.position <= bindparam("end"))
    .order_by(ENTRY.c.position)
)
_TILES = (
    select(TILE.c.hash)
    .where(TILE.c.level == bindparam("level"), TILE.c.number.between(bindparam("begin"), bindparam("end")))
    .order_by(TILE.c.number)
)


def grow(connection: Connection, before: int, after: int) -> None:
    """Store the tiles that became complete as the ledger grew from one position to another; in the same transaction."""
    level = 1
    while (first := before // WIDTH) < (end := after // WIDTH):
        for begin in range(first, end, WIDTH):
            numbers = range(begin, min(begin + WIDTH, end))
            made = [_made(connection, level, number) for number in numbers]
            connection.execute(TILE.insert(), made)
        level, before, after = level + 1, first, end


def _made(connection: Connection, level: int, number: int) -> dict[str, int | str]:
    return {"level": level, "number": number, "hash": root_of(_tile(connection, level, number)).hex()}


def _tile(connection: Connection, level: int, number: int) -> list[bytes]:
    """What a tile consists of: leaves at level 1, above that the tiles of the level below."""
    begin = number * WIDTH
    if level == 1:
        return [
            leaf_hash(each) for each in connection.execute(_LEAVES, {"begin": begin, "end": begin + WIDTH}).scalars()
        ]
    asked = {"level": level - 1, "begin": begin, "end": begin + WIDTH - 1}
    return [bytes.fromhex(each) for each in connection.execute(_TILES, asked).scalars()]


def tiles_of(size: int) -> int:
    """How many tiles a tree of that size has."""
    count = 0
    while size := size // WIDTH:
        count += size
    return count


def node_in(connection: Connection) -> Node:
    """The tree of a database. Each tile is read once, so it is for a few proofs at a time.

    Raises `Conflict` (`ledger_inconsistent`) where it is not as complete as the ledger's head says.
    """
    rows: dict[tuple[int, int], list[bytes]] = {}

    def node(level: int, number: int) -> bytes:
        tile, above = divmod(level, HEIGHT)
        count = 1 << above
        held, begin = divmod(number * count, WIDTH)
        row = rows.get((tile, held))
        if row is None:
            row = rows[tile, held] = _tile(connection, tile + 1, held)
        if begin + count > len(row):
            raise Conflict("ledger_inconsistent", "The ledger lacks a part of its tree. `clew verify` says where.")
        return root_of(row[begin : begin + count])

    return node


async def with_tree(session: AsyncSession, work: Callable[[Node], Result]) -> Result:
    """What is asked of the tree, on one hop into synchronous code."""
    return await session.run_sync(lambda inner: work(node_in(inner.connection())))
