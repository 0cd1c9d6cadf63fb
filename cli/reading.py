"""`clew reading import|show`: loggers' files in, a shipment's condition out."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.options import Api, AsJson
from cli.paths import path_to

readings = typer.Typer(help="Readings: what loggers and monitoring systems measured.", no_args_is_help=True)

MEDIA = {".csv": "text/csv", ".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson"}
JSON = "application/json"


def register(app: typer.Typer) -> None:
    app.add_typer(readings, name="reading")


@readings.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV, NDJSON or a JSON array, by its ending; - reads NDJSON.")],
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Import a logger's file, all of it or nothing; the same file again changes nothing.

    \b
    Example:
      clew reading import logger-7.csv
    """
    from cli import console
    from cli.client import Api as Client

    body, media = _content(file)
    with Client(api) as client:
        receipt = client.send("/v1/readings", body, media)
    if as_json:
        console.result(receipt)
        return
    print(f"{receipt['new']} new, {receipt['repeated']} on record before")
    for each in receipt["excursions"]:
        until = each["ended_at"] or "now"
        print(f"excursion of {each['shipment']}: {each['worst']} Cel, {each['started_at']} to {until}")
    for each in receipt["notices"]:
        print(f"{each['code']} of {each['device']}: {each['begins']} to {each['ends']}")
    for each in receipt["unjudged"]:
        print(f"{each} has no limits: not judged")


@readings.command()
def show(
    shipment: Annotated[str, typer.Argument(help="The courier's reference.")], api: Api = None, as_json: AsJson = False
) -> None:
    """Show a shipment's condition: least, greatest and mean of each quantity, excursions and gaps.

    \b
    Example:
      clew reading show SC-31KX9T
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        found: dict[str, Any] = client.get(path_to("/v1/shipments/{}/readings", shipment))
    if as_json:
        console.result(found)
        return
    columns = ("quantity", "unit", "count", "least", "greatest", "mean", "first_at", "last_at")
    console.table(columns, [[each[name] for name in columns] for each in found["summary"]])
    for each in found["excursions"]:
        print(f"excursion: {each['worst']} Cel, {each['started_at']} to {each['ended_at'] or 'now'} ({each['device']})")
    for each in found["notices"]:
        print(f"{each['code']}: {each['begins']} to {each['ends']} ({each['device']})")


def _content(file: Path) -> tuple[bytes, str]:
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(), MEDIA[".ndjson"]
        return file.read_bytes(), MEDIA.get(file.suffix.lower(), JSON)
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None
