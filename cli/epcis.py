"""`clew epcis export|capture`: custody in the words of GS1 EPCIS 2.0, out and in."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.files import give_document, read_json_file
from cli.options import Api, AsJson, Coi
from cli.paths import path_to

commands = typer.Typer(help="EPCIS: custody as traceability systems read and write it.", no_args_is_help=True)


class OnError(StrEnum):
    """What a refused event means for the others of its document."""

    ROLLBACK = "rollback"
    PROCEED = "proceed"


def register(app: typer.Typer) -> None:
    app.add_typer(commands, name="epcis")


@commands.command()
def export(
    coi: Coi,
    output: Annotated[Path | None, typer.Option(help="Write it there, not to standard output.")] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Give a journey's custody as one EPCIS 2.0 document.

    \b
    Example:
      clew epcis export CLEWYDWJ67KE69S6NHBXI --output custody.jsonld
    """
    from cli.client import Api as Client

    with Client(api) as client:
        found = client.get(path_to("/v1/journeys/{}/epcis", coi))
    give_document(found, output, as_json=as_json)


@commands.command()
def capture(
    file: Annotated[Path, typer.Argument(help="An EPCIS 2.0 document in JSON-LD; - reads standard input.")],
    on_error: Annotated[OnError, typer.Option(help="The others, where one cannot be captured.")] = OnError.ROLLBACK,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Have an EPCIS document captured, and say what became of each of its events.

    Exit code 1: an event was refused. The document is kept all the same.

    \b
    Example:
      clew epcis capture courier.jsonld --on-error proceed
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        job = client.post("/epcis/v2/capture", read_json_file(file), gs1_capture_error_behaviour=on_error.value)
    if as_json:
        console.result(job)
    else:
        console.table(("event", "outcome", "reason", "became"), [_row(each) for each in job["events"]])
    raise typer.Exit(0 if job["success"] else 1)


def _row(event: dict[str, Any]) -> tuple[object, ...]:
    told = ", ".join(f"{each['type']} ({each['status']})" for each in event["told"])
    return event["eventID"], event["outcome"], event["reason"], told
