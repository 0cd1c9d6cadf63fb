"""How alembic reaches the database: over the connection that `ledger.migrate` holds, or, for whoever writes
a new version on the command line, over one of its own to `CLEW_DATABASE_URL`."""

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

import ledger.tables  # noqa: F401  (fills the metadata)
from ledger.database import Database
from schemas.settings import Settings


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=SQLModel.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_alone() -> None:
    database = Database(Settings().database)
    try:
        async with database.writing() as session:
            await (await session.connection()).run_sync(run)
    finally:
        await database.close()


held: Connection | None = context.config.attributes.get("connection")
if held is not None:
    run(held)
else:
    asyncio.run(run_alone())
