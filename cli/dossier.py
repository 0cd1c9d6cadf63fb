"""`clew dossier`: a journey's whole record and what proves it, in one file."""

from pathlib import Path
from typing import Annotated

import typer

from cli.files import write_file
from cli.options import Api, AsJson, Coi
from cli.paths import path_to


def register(app: typer.Typer) -> None:
    app.command()(dossier)


def dossier(
    coi: Coi,
    output: Annotated[Path | None, typer.Option(help="The file to write. Unset: COI.zip.")] = None,
    size: Annotated[
        int | None, typer.Option(min=1, help="Under the checkpoint of this size, such as one that you kept.")
    ] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Write the dossier of a journey: a ZIP archive with a report to read and print, and what proves it.

    `clew verify --dossier FILE` checks it anywhere, without ledger and network.

    \b
    Example:
      clew dossier CLEWYDWJ67KE69S6NHBXI --output dossier.zip
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        content = client.download(path_to("/v1/journeys/{}/dossier", coi), "application/zip", size=size)
    path = output or Path(f"{coi}.zip")
    write_file(path, content)
    if as_json:
        console.result({"journey": coi, "file": str(path), "bytes": len(content)})
    else:
        print(f"{path}  {len(content):,} bytes")
