"""`clew verify`: check the whole record, as a stranger with the database would."""

import asyncio
from typing import Annotated, Any

import typer

from cli.options import AsJson
from cli.settings import load


def register(app: typer.Typer) -> None:
    app.command()(verify)


def verify(
    projections: Annotated[
        bool, typer.Option("--projections", help="Also make every page again from the record, and compare.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check every entry of the ledger: nothing changed, removed, put in between or moved.

    Reads the database of CLEW_DATABASE_URL or CLEW_HOME directly, so it needs nothing else to run. Exit code 1: the
    first bad entry is named.

    \b
    Example:
      clew verify --projections
    """
    from cli import console

    found = asyncio.run(_verify(projections))
    if as_json:
        console.result(found.model_dump(mode="json"))
    elif found.ok:
        print(f"{found.entries} entries of {found.journeys} journeys: all as they were written.")
    else:
        bad = found.first_bad
        print(f"Entry {bad.position or '-'} (journey {bad.journey or '-'}, number {bad.seq or '-'}): {bad.problem}.")
    raise typer.Exit(0 if found.ok else 1)


async def _verify(projections: bool) -> Any:
    from ledger.database import Database
    from ledger.verify import verify as check_record

    settings = load()
    if settings.database_url is None:
        _must_exist(settings.home / "clew.db")
    database = Database(settings.database)
    try:
        return await check_record(database, projections=projections)
    finally:
        await database.close()


def _must_exist(path: Any) -> None:
    """SQLite would make an empty database, and an empty record verifies."""
    from schemas.errors import Unavailable

    if not path.exists():
        raise Unavailable("home_unusable", f"There is no ledger at {path}; CLEW_HOME says where to look.")
