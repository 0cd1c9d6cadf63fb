"""Identity holds, and material that is put apart."""

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("material", sa.Column("quarantined", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.create_table(
        "identity_hold",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("finding", sa.String(), nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("identity_hold_opened", "identity_hold", ["opened_at", "id"])
    op.create_table(
        "identity_hold_side",
        sa.Column("hold", sa.String(), nullable=False),
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("joined_at", MOMENT, nullable=False),
        sa.Column("news", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hold", "journey"),
    )
    op.create_index("ix_identity_hold_side_journey", "identity_hold_side", ["journey"])
    untold = sa.text("told < news")
    op.create_index(
        "identity_hold_untold", "identity_hold_side", ["journey"], sqlite_where=untold, postgresql_where=untold
    )
    op.create_table(
        "identity_hold_identifier",
        sa.Column("hold", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("hold", "value"),
    )
    op.create_index("ix_identity_hold_identifier_value", "identity_hold_identifier", ["value"])
    op.create_table(
        "identity_hold_signature",
        sa.Column("hold", sa.String(), nullable=False),
        sa.Column("signer", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("hold", "signer"),
    )


def downgrade() -> None:
    raise NotImplementedError("a record is never removed: restore a backup instead")
