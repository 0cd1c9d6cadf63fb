"""Labels: sets of them, and what became of each."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "label_set",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("two_people", sa.Boolean(), nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("reconciled_at", MOMENT, nullable=True),
        sa.Column("reconciled_by", sa.String(), nullable=True),
        sa.Column("witnessed_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("label_set_of_journey", "label_set", ["journey", "issued_at", "id"])
    is_open = sa.text("reconciled_at IS NULL")
    op.create_index("label_set_open", "label_set", ["issued_at", "id"], sqlite_where=is_open, postgresql_where=is_open)
    op.create_table(
        "label",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("set", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("thing", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("prints", sa.Integer(), nullable=False),
        sa.Column("container", sa.String(), nullable=True),
        sa.Column("verified_by", sa.String(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("label_of_set", "label", ["set", "number"])
    op.create_index("label_for", "label", ["thing"])
    op.create_index("label_on", "label", ["container"])


def downgrade() -> None:
    raise NotImplementedError("a record is never removed: restore a backup instead")
