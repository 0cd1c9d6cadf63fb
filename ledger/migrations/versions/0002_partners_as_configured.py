"""Partners as they are configured: how they are spoken to, how fast, and whether they are paused."""

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("partner", sa.Column("connector", sa.String(), nullable=True))
    op.add_column("partner", sa.Column("at_once", sa.Integer(), nullable=False, server_default="4"))
    op.add_column("partner", sa.Column("rate", sa.Float(), nullable=True))
    op.add_column("partner", sa.Column("paused_at", MOMENT, nullable=True))
    op.add_column("partner", sa.Column("paused_by", sa.String(), nullable=True))
    op.add_column("partner", sa.Column("paused_reason", sa.String(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a record is never removed: restore a backup instead")
