"""`clew scan`: what a symbol says."""

from typing import Annotated, Any

import typer

from cli.files import read_input
from cli.options import Api, AsJson

SEPARATOR = "\x1d"


def register(app: typer.Typer) -> None:
    app.command()(scan)


def scan(
    text: Annotated[str, typer.Argument(help="What the scanner gave; `-`: read from standard input.")],
    journey: Annotated[str | None, typer.Option(help="Whether it agrees with the journey of this id.")] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Read a symbol: GS1, ISBT 128, FHIR, or our own ids. A separator that cannot be typed is written <GS>.

    Works without an API; with `--journey` or `--api` it also says what the crosswalk knows. Exit code 1: something is
    wrong with it, or it does not agree.

    \b
    Examples:
      clew scan ']d201095060001343522112345'
      clew scan '=A99992112345600' --journey CLEWYDWJ67KE69S6NHBXI
    """
    from cli import console

    said = (read_input() if text == "-" else text).replace("<GS>", SEPARATOR)
    found = _here(said) if journey is None and api is None else _there(said, journey, api)
    if as_json:
        console.result(found)
    else:
        _show(found, journey)
    raise typer.Exit(0 if _is_well(found, journey) else 1)


def _here(text: str) -> dict[str, Any]:
    from standards.scanning import scan as read

    return read(text).model_dump(mode="json")


def _there(text: str, journey: str | None, api: str | None) -> Any:
    from cli.client import Api as Client

    with Client(api) as client:
        return client.post("/v1/scan", {"text": text, "journey": journey})


def _is_well(found: dict[str, Any], journey: str | None) -> bool:
    problems = [found["problem"], *(each["problem"] for each in found["parts"])]
    return not any(problems) and (journey is None or found["agrees"] is True)


def _show(found: dict[str, Any], journey: str | None) -> None:
    from cli import console

    rows = [[each["kind"], each["text"], each["check"], _leads_to(each)] for each in found["parts"]]
    if rows:
        console.table(("kind", "says", "check", "leads to"), rows)
    for each in [found["problem"], *(part["problem"] for part in found["parts"])]:
        if each:
            print(f"{each['detail']} [{each['code']}]")
    if found.get("agrees") is not None:
        print("It agrees with the journey." if found["agrees"] else "It belongs to another journey: stop.")
    elif journey is not None:
        print("It cannot be said whether it agrees: do not go on.")


def _leads_to(part: dict[str, Any]) -> str | None:
    row = part.get("leads_to")
    if not row:
        return None
    names = f", {row['names']}" if row["names"] else ""
    return f"{row['journey']} ({row['kind']}{names})"
