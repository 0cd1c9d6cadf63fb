"""`clew material ancestors|descendants`, `clew journey materials|custody`: where material came from, and who had it."""

from typing import Annotated, Any

import typer

from cli.options import Api, AsJson, Coi
from cli.paths import path_to

materials = typer.Typer(help="Material: where it came from, and what came of it.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A container, dose, sample, batch or donation number.")]


def register(app: typer.Typer) -> None:
    app.add_typer(materials, name="material")


def add_to(journeys: typer.Typer) -> None:
    """The commands that show the material of one journey."""
    journeys.command("materials")(of_journey)
    journeys.command()(custody)


@materials.command()
def ancestors(material: Name, api: Api = None, as_json: AsJson = False) -> None:
    """Show what went into a material, up to the collections.

    \b
    Example:
      clew material ancestors DOSE-2031-1
    """
    _show(_of(material, "ancestors", api), as_json)


@materials.command()
def descendants(material: Name, api: Api = None, as_json: AsJson = False) -> None:
    """Show what came of a material, down to doses and samples: what a recall must find.

    \b
    Example:
      clew material descendants BAG-2031-1 --json
    """
    _show(_of(material, "descendants", api), as_json)


def of_journey(coi: Coi, api: Api = None, as_json: AsJson = False) -> None:
    """Show a journey's material and how it came to be.

    \b
    Example:
      clew journey materials CLEWYDWJ67KE69S6NHBXI
    """
    from cli.client import Api as Client

    with Client(api) as client:
        _show(client.get(path_to("/v1/journeys/{}/genealogy", coi)), as_json)


def custody(
    coi: Coi,
    at: Annotated[str | None, typer.Option(help="Only the custodians of this moment.")] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Show who had each container, where and when, and how warm it was meanwhile.

    \b
    Example:
      clew journey custody CLEWYDWJ67KE69S6NHBXI --at 2026-03-02T15:00:00Z
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        found = client.get(path_to("/v1/journeys/{}/custody", coi), at=at)["items"]
    if as_json:
        console.result(found)
        return
    columns = ("material", "role", "party", "place", "since", "until", "ended", "given_by", "taken_by", "worst")
    console.table([each.replace("_", " ") for each in columns], [[row[name] for name in columns] for row in found])


def _of(material: str, way: str, api: str | None) -> Any:
    from cli.client import Api as Client

    with Client(api) as client:
        return client.get(path_to("/v1/materials/{}/{}", material, way))


def _show(found: dict[str, Any], as_json: bool) -> None:
    from cli import console

    if as_json:
        console.result(found)
        return
    nodes = {each["id"]: each for each in found["nodes"]}
    rows = [
        (each["child"], nodes[each["child"]]["form"], each["how"], each["parent"], standing(nodes[each["child"]]))
        for each in found["edges"]
    ]
    console.table(("material", "form", "how", "from", "status"), rows)
    if not found["complete"]:
        console.say("there is more than one answer holds; ask from a material nearer to what you look for")


def standing(material: dict[str, Any]) -> str:
    """Where a material is in its life, and whether it may be used at all."""
    return f"{material['status']}, put apart" if material["quarantined"] else str(material["status"])
