"""The database's own refusal to change or remove an entry (invariant 5), in each dialect's words."""

MESSAGE = "the ledger is append-only"

SQLITE = (
    f"CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END",
    f"CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END",
    # INSERT OR REPLACE removes the old row without asking the delete trigger.
    "CREATE TRIGGER entry_no_replace BEFORE INSERT ON entry WHEN EXISTS"
    " (SELECT 1 FROM entry WHERE position = NEW.position OR (journey = NEW.journey AND seq = NEW.seq))"
    f" BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END",
)

POSTGRESQL = (
    "CREATE FUNCTION entry_append_only() RETURNS trigger LANGUAGE plpgsql AS"
    f" $$ BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    "CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry"
    " FOR EACH STATEMENT EXECUTE FUNCTION entry_append_only()",
    # ALWAYS: also in a session that replays a replica's changes, where ordinary triggers sleep.
    "ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_append_only",
)

STATEMENTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
