"""The ledger's database as a command opens it, without the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.database import Database
    from schemas.settings import Settings


@asynccontextmanager
async def ledger(settings: "Settings") -> AsyncIterator["Database"]:
    """The database of CLEW_DATABASE_URL or CLEW_HOME. Raises `Unavailable` (`home_unusable`) where there is none:
    SQLite would make an empty one, and an empty record verifies."""
    from ledger.database import Database
    from schemas.errors import Unavailable

    path = settings.home / "clew.db"
    if settings.database_url is None and not path.exists():
        raise Unavailable("home_unusable", f"There is no ledger at {path}; CLEW_HOME says where to look.")
    database = Database(settings.database)
    try:
        yield database
    finally:
        await database.close()
