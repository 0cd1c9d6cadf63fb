"""Where material came from, who had it, and what was measured meanwhile; journeys on record get their pages too."""

import logging
from typing import Any

import sqlalchemy as sa
from alembic import op
from pydantic import ValidationError
from sqlalchemy.dialects import postgresql

from ledger.columns import Utc

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)

LOG = logging.getLogger("clew.migrations")

EDGE = sa.table(
    "material_edge",
    *(sa.column(name, sa.String()) for name in ("journey", "child", "parent", "how")),
    sa.column("amounts", JSON),
)
CUSTODY = sa.table(
    "custody",
    *(sa.column(name, sa.String()) for name in ("journey", "material", "role", "party", "place", "ended")),
    *(sa.column(name, sa.String()) for name in ("from_party", "given_by", "taken_by", "condition", "shipment")),
    *(sa.column(name, sa.Integer()) for name in ("number", "seq")),
    *(sa.column(name, Utc) for name in ("since", "until", "told_at")),
)


def upgrade() -> None:
    op.add_column("material", sa.Column("form", sa.String(), nullable=True))
    op.add_column("material", sa.Column("since", MOMENT, nullable=True))
    op.add_column("material", sa.Column("amounts", JSON, nullable=False, server_default="[]"))
    op.add_column("material", sa.Column("shares", JSON, nullable=False, server_default="[]"))
    op.create_index("material_by_id", "material", ["id"])
    _edges()
    _custody()
    _readings()
    _of_those_on_record()


def _edges() -> None:
    op.create_table(
        "material_edge",
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("child", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("amounts", JSON, nullable=False, server_default="[]"),
        sa.PrimaryKeyConstraint("journey", "child", "parent"),
    )
    op.create_index("edge_child", "material_edge", ["child"])
    op.create_index("edge_parent", "material_edge", ["parent"])


def _custody() -> None:
    op.create_table(
        "custody",
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=True),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=True),
        sa.Column("ended", sa.String(), nullable=True),
        sa.Column("told_at", MOMENT, nullable=False),
        sa.Column("from_party", sa.String(), nullable=True),
        sa.Column("given_by", sa.String(), nullable=True),
        sa.Column("taken_by", sa.String(), nullable=True),
        sa.Column("condition", sa.String(), nullable=True),
        sa.Column("shipment", sa.String(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("journey", "material", "number"),
    )


def _readings() -> None:
    op.create_table(
        "reading",
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("quantity", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("shipment", sa.String(), nullable=True),
        sa.Column("material", sa.String(), nullable=True),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("imported_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("device", "quantity", "at"),
    )
    for what in ("shipment", "material"):
        some = sa.text(f"{what} IS NOT NULL")
        op.create_index(
            f"reading_of_{what}", "reading", [what, "quantity", "at"], sqlite_where=some, postgresql_where=some
        )


def _of_those_on_record() -> None:
    """What these pages show of journeys that were recorded before there were any.

    A record that cannot be read keeps nobody else from the new version: `clew verify --projections` names it too.
    """
    from ledger.rebuild import remade
    from schemas.errors import ClewError
    from schemas.operations import is_journey

    connection = op.get_bind()
    chains = connection.execute(sa.text("SELECT DISTINCT journey FROM entry ORDER BY journey")).scalars().all()
    for coi in filter(is_journey, chains):
        try:
            view = remade(connection, coi)
        except (ClewError, ValidationError) as unreadable:
            code = unreadable.code if isinstance(unreadable, ClewError) else "malformed"
            LOG.warning("the pages of %s cannot be made from its record: %s", coi, code)
            continue
        for table, rows in ((EDGE, view.edges), (CUSTODY, view.custody)):
            _fill(connection, table, list(rows.values()))


def _fill(connection: sa.Connection, table: sa.TableClause, rows: list[dict[str, Any]]) -> None:
    """Only the columns that there are in this version, whatever later ones have."""
    if rows:
        names = [column.name for column in table.c]
        connection.execute(table.insert(), [{name: row[name] for name in names} for row in rows])


def downgrade() -> None:
    raise NotImplementedError("a record is never removed: restore a backup instead")
