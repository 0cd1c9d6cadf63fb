"""Custody as EPCIS events, to be queried; and the EPCIS documents that partners had captured."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "epcis_event",
        sa.Column("position", BIG, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("event_time", MOMENT, nullable=False),
        sa.Column("record_time", MOMENT, nullable=False),
        sa.Column("biz_step", sa.String(), nullable=True),
        sa.Column("disposition", sa.String(), nullable=True),
        sa.Column("read_point", sa.String(), nullable=True),
        sa.Column("biz_location", sa.String(), nullable=True),
        sa.Column("event", JSON, nullable=False),
        sa.PrimaryKeyConstraint("position", "number"),
    )
    op.create_index("epcis_event_id", "epcis_event", ["event_id"])
    op.create_index("epcis_event_journey", "epcis_event", ["journey", "position"])
    op.create_index("epcis_event_time", "epcis_event", ["event_time", "position", "number"])
    op.create_index("epcis_event_step", "epcis_event", ["biz_step", "position"])
    op.create_table(
        "epcis_name",
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("position", BIG, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("value", "kind", "position", "number"),
    )
    cursor = op.create_table(
        "epcis_cursor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(cursor, [{"id": 1, "position": 0}])
    op.create_table(
        "epcis_capture",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("sender", sa.String(), nullable=True),
        sa.Column("behaviour", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.Column("events", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("epcis_capture_received", "epcis_capture", ["received_at", "id"])


def downgrade() -> None:
    raise NotImplementedError("a record is never removed: restore a backup instead")
