"""`clew fhir export`: a journey in HL7 FHIR R4."""

from pathlib import Path
from typing import Annotated

import typer

from cli.files import give_document
from cli.options import Api, AsJson, Coi
from cli.paths import path_to

fhir = typer.Typer(help="FHIR: journeys as HL7 FHIR R4.", no_args_is_help=True)


@fhir.callback()
def _group() -> None:
    """Keeps `export` a command of its own; a lone command would become the group."""


def register(app: typer.Typer) -> None:
    app.add_typer(fhir, name="fhir")


@fhir.command()
def export(
    coi: Coi,
    output: Annotated[Path | None, typer.Option(help="Write it there, not to standard output.")] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Print everything of a journey as one FHIR R4 Bundle, made from its record.

    \b
    Example:
      clew fhir export CLEWYDWJ67KE69S6NHBXI --output journey.json
    """
    from cli.client import Api as Client

    with Client(api) as client:
        bundle = client.get(path_to("/v1/journeys/{}/fhir", coi))
    give_document(bundle, output, as_json=as_json)
