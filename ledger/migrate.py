"""Bringing a database to the newest version of the tables."""

from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from ledger.database import Database
from ledger.trouble import database_trouble

FOLDER = Path(__file__).parent / "migrations"

_LOCK = 0x636C6577
"""The advisory lock of whoever migrates a PostgreSQL database; SQLite's writers wait for each other anyway."""


async def migrate(url: str) -> None:
    """Bring the database to the newest version, in one transaction; several processes may ask at once.

    Raises `Unavailable`: `home_unusable` for a SQLite file that cannot be used, else `ledger_unavailable`.
    """
    database = Database(url)
    try:
        with database_trouble():
            async with database.writing() as session:
                await (await session.connection()).run_sync(_upgrade)
    finally:
        await database.close()


async def is_current(database: Database) -> bool:
    """Whether the database has the newest version. Raises `Unavailable` when it does not answer."""
    with database_trouble():
        async with database.reading() as session:
            return await (await session.connection()).run_sync(_version) == _newest()


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@lru_cache
def _newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config
