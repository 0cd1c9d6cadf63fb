"""A device measures for every shipment and container in its box: a reading is known by its thing too."""

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None

MOMENT = sa.DateTime(timezone=True)
COLUMNS = "device, quantity, at, shipment, material, value, unit, imported_at"
THING = "CASE WHEN shipment IS NOT NULL THEN 'shipment ' || shipment ELSE 'material ' || material END"


def upgrade() -> None:
    # Made anew and filled, because SQLite changes no primary key.
    for what in ("shipment", "material"):
        op.drop_index(f"reading_of_{what}", "reading")
    op.rename_table("reading", "reading_before")
    op.create_table(
        "reading",
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("quantity", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("thing", sa.String(), nullable=False),
        sa.Column("shipment", sa.String(), nullable=True),
        sa.Column("material", sa.String(), nullable=True),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("imported_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("device", "quantity", "at", "thing"),
    )
    op.execute(f"INSERT INTO reading ({COLUMNS}, thing) SELECT {COLUMNS}, {THING} FROM reading_before")
    op.drop_table("reading_before")
    for what in ("shipment", "material"):
        some = sa.text(f"{what} IS NOT NULL")
        op.create_index(
            f"reading_of_{what}", "reading", [what, "quantity", "at"], sqlite_where=some, postgresql_where=some
        )


def downgrade() -> None:
    raise NotImplementedError("a record is never removed: restore a backup instead")
