"""What a partner's identifier stands for; and serials of chain-of-identity ids, in blocks."""

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("identifier", sa.Column("names", sa.String(), nullable=True))
    op.create_table(
        "issued_block",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("upto", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "year"),
    )


def downgrade() -> None:
    raise NotImplementedError("a record is never removed: restore a backup instead")
