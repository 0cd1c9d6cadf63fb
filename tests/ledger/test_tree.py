"""What is stored of the tree is enough, and is right however the ledger grew."""

from collections.abc import Iterator
from hashlib import sha256

import pytest
from sqlalchemy import Connection, delete, select
from sqlalchemy.orm import Session

from ledger.database import Database
from ledger.merkle import Growing, inclusion, leaf_hash, root
from ledger.record import HEAD
from ledger.tree import TILE, grow, node_in, tiles_of
from ledger.verify import verify
from ledger.view import ENTRY
from schemas.errors import Conflict
from tests.ledger.scribe import MORNING

SIZES = (1, 255, 256, 257, 511, 512, 700)


def entry(position: int) -> dict[str, object]:
    text = {"journey": "J", "type": "t", "actor": "a", "source": "a", "event_id": None, "previous_hash": ""}
    made = sha256(str(position).encode()).hexdigest()
    moments = {"occurred_at": MORNING, "recorded_at": MORNING}
    return {**text, **moments, "position": position, "seq": position, "data": {}, "hash": made}


def fill(connection: Connection, before: int, after: int) -> None:
    connection.execute(ENTRY.insert(), [entry(position) for position in range(before + 1, after + 1)])
    connection.execute(HEAD.update().values(position=after))


def grown(size: int) -> Growing:
    tree = Growing()
    tree.add([leaf_hash(sha256(str(position).encode()).hexdigest()) for position in range(1, size + 1)])
    return tree


def tiles(connection: Connection) -> Iterator[tuple[int, int, str]]:
    for row in connection.execute(select(TILE).order_by(TILE.c.level, TILE.c.number)):
        yield row.level, row.number, row.hash


async def test_the_tree_is_the_same_however_the_ledger_grew(database: Database) -> None:
    def work(session: Session) -> None:
        connection, before = session.connection(), 0
        for size in SIZES:
            fill(connection, before, size)
            grow(connection, before, size)
            assert root(node_in(connection), size) == grown(size).root()
            before = size
        step_by_step = list(tiles(connection))
        assert len(step_by_step) == tiles_of(SIZES[-1]) == 2
        connection.execute(delete(TILE))
        grow(connection, 0, SIZES[-1])
        assert list(tiles(connection)) == step_by_step
        for size in SIZES:
            assert root(node_in(connection), size) == grown(size).root(), "also of what it was before"

    async with database.writing() as session:
        await session.run_sync(work)


async def test_a_second_level_comes_with_256_tiles(database: Database) -> None:
    """Of 65,600 entries; a proof reads a few tiles of them."""

    def work(session: Session) -> None:
        connection = session.connection()
        fill(connection, 0, 65_600)
        grow(connection, 0, 300)
        grow(connection, 300, 65_536)
        grow(connection, 65_536, 65_600)
        assert [(level, number) for level, number, _ in tiles(connection) if level > 1] == [(2, 0)]
        assert root(node_in(connection), 65_600) == grown(65_600).root()
        assert len(inclusion(node_in(connection), 5, 65_600)) == 17

    async with database.writing() as session:
        await session.run_sync(work)


async def test_a_tree_that_lacks_a_tile_proves_nothing(database: Database) -> None:
    def work(session: Session) -> None:
        connection = session.connection()
        fill(connection, 0, 600)
        with pytest.raises(Conflict) as refused:
            root(node_in(connection), 600)
        assert refused.value.code == "ledger_inconsistent"

    async with database.writing() as session:
        await session.run_sync(work)
    assert not (await verify(database)).ok


def test_an_edge_that_grows_in_any_steps_is_the_same() -> None:
    leaves = [leaf_hash(sha256(str(number).encode()).hexdigest()) for number in range(1, 701)]
    stepwise, made = Growing(), []
    for begin, end in zip((0, *SIZES), SIZES, strict=False):
        made += stepwise.add(leaves[begin:end])
        assert stepwise.root() == grown(end).root()
    assert made == Growing().add(leaves)
