"""The first tables: the record, what is made from it, what waits, what is registered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from ledger.migrations.append_only import STATEMENTS

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

# Spelt out here and not taken from the tables' module, which will move on: a version says what it made then.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_entry()
    create_ledger_head()
    create_journey()
    create_journey_stage()
    create_task()
    create_deviation()
    create_material()
    create_identifier()
    create_inbox()
    create_protocol()
    create_partner()
    op.execute("INSERT INTO ledger_head (id, position) VALUES (1, 0)")
    for statement in STATEMENTS[op.get_context().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a record is never removed: restore a backup instead")


def create_entry() -> None:
    op.create_table(
        "entry",
        sa.Column("position", BIG, autoincrement=False, nullable=False),
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("data", JSON, nullable=False),
        sa.Column("previous_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_index("entry_event", "entry", ["source", "event_id"])
    op.create_index("entry_journey_seq", "entry", ["journey", "seq"], unique=True)


def create_ledger_head() -> None:
    op.create_table(
        "ledger_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def create_journey() -> None:
    op.create_table(
        "journey",
        sa.Column("coi", sa.String(), nullable=False),
        sa.Column("order_number", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("protocol", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("protocol_hash", sa.String(), nullable=False),
        sa.Column("parties", JSON, nullable=False),
        sa.Column("treatment_centre", sa.String(), nullable=True),
        sa.Column("time_lapse", sa.Float(), nullable=False),
        sa.Column("traceparent", sa.String(), nullable=True),
        sa.Column("ordered_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("outcome_reason", sa.String(), nullable=True),
        sa.Column("stages", sa.String(), nullable=False),
        sa.Column("next_due_at", MOMENT, nullable=True),
        sa.Column("at_risk", sa.Boolean(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("seq_offset", sa.Integer(), nullable=False),
        sa.Column("epoch", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("coi"),
        sa.UniqueConstraint("idempotency_key"),
        sa.UniqueConstraint("order_number"),
    )
    op.create_index("ix_journey_ordered_at", "journey", ["ordered_at"])
    op.create_index("ix_journey_protocol", "journey", ["protocol"])
    op.create_index("ix_journey_treatment_centre", "journey", ["treatment_centre"])
    op.create_index("journey_status", "journey", ["status"])
    op.create_index("journey_waiting", "journey", ["ordered_at"], postgresql_where=sa.text("started_at IS NULL"))


def create_journey_stage() -> None:
    op.create_table(
        "journey_stage",
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("began_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("times_overdue", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("journey", "stage"),
    )


def create_task() -> None:
    op.create_table(
        "task",
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=True),
        sa.Column("about", JSON, nullable=False),
        sa.Column("choices", JSON, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("times_overdue", sa.Integer(), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("choice", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("journey", "id"),
    )
    op.create_index("ix_task_party", "task", ["party"])
    op.create_index("task_status_due", "task", ["status", "due_at"])


def create_deviation() -> None:
    op.create_table(
        "deviation",
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("about", JSON, nullable=False),
        sa.Column("blocks", sa.Boolean(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("journey", "id"),
    )
    op.create_index("ix_deviation_opened_at", "deviation", ["opened_at"])


def create_material() -> None:
    op.create_table(
        "material",
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=True),
        sa.Column("parents", JSON, nullable=False),
        sa.Column("batch", sa.String(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("journey", "id"),
    )


def create_identifier() -> None:
    op.create_table(
        "identifier",
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("value"),
    )
    op.create_index("ix_identifier_journey", "identifier", ["journey"])


def create_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("event", JSON, nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("journey", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("source", "id"),
    )
    op.create_index("inbox_subject", "inbox", ["subject", "status"])
    op.create_index("inbox_waiting", "inbox", ["status", "received_at"])
    op.create_index("ix_inbox_journey", "inbox", ["journey"])
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"])


def create_protocol() -> None:
    op.create_table(
        "protocol",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("document", JSON, nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", "version"),
    )
    op.create_index("ix_protocol_hash", "protocol", ["hash"])


def create_partner() -> None:
    op.create_table(
        "partner",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
