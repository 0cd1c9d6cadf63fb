"""The Merkle tree over the entries; for those that are there it is made now, some seconds for a million."""

import sqlalchemy as sa
from alembic import op

from ledger.tree import grow

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


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
    grow(connection, 0, head)


def downgrade() -> None:
    raise NotImplementedError("a record is never removed: restore a backup instead")
