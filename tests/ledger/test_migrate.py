"""Any database comes to the newest version of the tables, however many ask for it at once."""

from hashlib import sha256
from importlib import import_module
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from ledger.database import Database
from ledger.merkle import Growing, leaf_hash
from ledger.migrate import FOLDER, is_current, migrate
from ledger.tree import tiles_of
from ledger.verify import verify
from schemas.errors import Unavailable
from tests.databases import sqlite_url
from tests.ledger.processes import run_together
from tests.ledger.scribe import Scribe, put
from tests.ledger.test_tree import fill, tiles


async def test_a_fresh_database_becomes_current_and_takes_facts(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    assert not await is_current(database)
    await migrate(empty_database_url)
    assert await is_current(database)
    ana = Scribe()
    await put(database, ana.batch(ana.started()))
    await migrate(empty_database_url)
    assert await is_current(database)
    async with database.reading() as session:
        assert (await session.execute(text("SELECT count(*) FROM entry"))).scalar_one() == 1
    await database.close()


async def test_the_migrations_make_the_tables_that_the_code_speaks_of(database: Database) -> None:
    def compared(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, SQLModel.metadata))

    async with database.reading() as session:
        assert await (await session.connection()).run_sync(compared) == []


@pytest.mark.parametrize("size", [255, 256, 257, 65_537])
async def test_a_ledger_from_before_the_tree_gets_the_one_that_its_entries_make(
    empty_database_url: str, size: int
) -> None:
    database = Database(empty_database_url)

    def walk(session: Session) -> list[tuple[int, int, str]]:
        connection = session.connection()
        upgraded(connection, "0008")
        fill(connection, 0, size)
        upgraded(connection, "0009")
        return list(tiles(connection))

    async with database.writing() as session:
        made = await session.run_sync(walk)
    await database.close()
    leaves = [leaf_hash(sha256(str(position).encode()).hexdigest()) for position in range(1, size + 1)]
    assert made == sorted((level, number, tile.hex()) for level, number, tile in Growing().add(leaves))
    assert len(made) == tiles_of(size)


async def test_a_ledger_from_before_the_tree_verifies(empty_database_url: str) -> None:
    """Its entries were appended when there was none; so do those that come after them."""
    database, ana = Database(empty_database_url), Scribe()
    await migrate(empty_database_url)
    facts = [ana.started(), *(ana.fact("hold.placed", reason="audit") for _ in range(299))]
    await put(database, ana.batch(*facts))

    def again(session: Session) -> None:
        connection = session.connection()
        connection.execute(text("DROP TABLE ledger_tile"))
        with Operations.context(MigrationContext.configure(connection)):
            import_module("ledger.migrations.versions.0009_merkle_tree").upgrade()

    async with database.writing() as session:
        await session.run_sync(again)
    await put(database, ana.batch(*(ana.fact("hold.placed", reason="audit") for _ in range(300))))
    found = await verify(database)
    assert (found.ok, found.entries) == (True, 600)
    await database.close()


def upgraded(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def test_processes_that_migrate_at_once_do_not_trip_over_each_other(empty_database_url: str) -> None:
    code = (
        "import asyncio, sys; from ledger.migrate import migrate; print('ready', flush=True); sys.stdin.read();"
        f"asyncio.run(migrate({empty_database_url!r}))"
    )
    await run_together([["-c", code]] * 2)
    database = Database(empty_database_url)
    assert await is_current(database)
    await database.close()


@pytest.mark.parametrize("damage", ["rubbish", "folder", "missing"])
async def test_a_file_that_cannot_be_used_gets_one_clear_sentence(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "clew.db"
    if damage == "rubbish":
        path.write_bytes(b"not a database at all" * 500)
    elif damage == "folder":
        path.mkdir()
    else:
        path = tmp_path / "nowhere" / "clew.db"
    with pytest.raises(Unavailable) as refusal:
        await migrate(sqlite_url(path))
    assert refusal.value.code == "home_unusable"
    assert str(tmp_path) not in refusal.value.detail
    assert refusal.value.__cause__ is None


async def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    url = "postgresql+asyncpg://clew:secret@127.0.0.1:1/clew"
    with pytest.raises(Unavailable) as refusal:
        await migrate(url)
    assert refusal.value.code == "ledger_unavailable"
    assert "secret" not in str(refusal.value)


def test_the_migrations_travel_with_the_package() -> None:
    """A wheel has what `packages.find` finds: folders with an `__init__.py`."""
    assert (FOLDER / "__init__.py").exists()
    assert (FOLDER / "versions" / "__init__.py").exists()
    assert (FOLDER / "env.py").exists()
