"""The Merkle tree over the entries; for those that are there it is made now, some seconds for a million."""

from collections.abc import Iterator
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Spelt out here and not taken from the tree's module, which will move on: a version says what it made then.
WIDTH = 256
LEAVES = sa.text("SELECT hash FROM entry WHERE position > :begin AND position <= :end ORDER BY position")
TILE = sa.text("INSERT INTO ledger_tile (level, number, hash) VALUES (:level, :number, :hash)")


def upgrade() -> None:
    op.create_table(
        "ledger_tile",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number"),
    )
    connection = op.get_bind()
    head = connection.execute(sa.text("SELECT position FROM ledger_head WHERE id = 1")).scalar_one()
    level, row = 1, list(over_leaves(connection, head))
    while row:
        tiles = [{"level": level, "number": number, "hash": made.hex()} for number, made in enumerate(row)]
        connection.execute(TILE, tiles)
        complete = len(row) - len(row) % WIDTH
        level, row = level + 1, [root_of(row[begin : begin + WIDTH]) for begin in range(0, complete, WIDTH)]


def over_leaves(connection: sa.Connection, head: int) -> Iterator[bytes]:
    """The root of each complete tile of leaves, by number."""
    for begin in range(0, head - head % WIDTH, WIDTH):
        hashes = connection.execute(LEAVES, {"begin": begin, "end": begin + WIDTH}).scalars()
        yield root_of([sha256(b"\0" + bytes.fromhex(each)).digest() for each in hashes])


def root_of(row: list[bytes]) -> bytes:
    """The root over 256 hashes (RFC 9162, 2.1)."""
    while len(row) > 1:
        row = [sha256(b"\1" + row[at] + row[at + 1]).digest() for at in range(0, len(row), 2)]
    return row[0]


def downgrade() -> None:
    raise NotImplementedError("a record is never removed: restore a backup instead")
