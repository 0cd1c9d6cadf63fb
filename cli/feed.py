"""`clew feed`: the ledger, entry by entry, as it goes on."""

from typing import Annotated, Any

import typer

from cli.options import Api

_WAIT = 20.0
"""Seconds of one long poll: shorter than the client's patience."""


def register(app: typer.Typer) -> None:
    app.command()(feed)


def feed(
    after: Annotated[int, typer.Option(min=0, help="The last position that you have; 0: from the beginning.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what is appended, until Ctrl-C.")] = False,
    types: Annotated[list[str] | None, typer.Option("--type", help="Only of this type. Repeatable.")] = None,
    journey: Annotated[str | None, typer.Option(help="Only of this journey.")] = None,
    protocol: Annotated[str | None, typer.Option(help="Only of journeys under this protocol.")] = None,
    party: Annotated[str | None, typer.Option(help="Only of journeys of this organisation.")] = None,
    api: Api = None,
    as_json: Annotated[bool, typer.Option("--json", help="Each entry whole, one JSON document a line.")] = False,
) -> None:
    """Print the ledger as it goes on, one entry a line.

    \b
    Examples:
      clew feed --follow
      clew feed --type batch.released --after 1200 --json
    """
    import json

    from cli.client import Api as Client

    with Client(api) as client:
        while True:
            page = client.get(
                "/v1/feed",
                after=after,
                wait=_WAIT if follow else 0,
                type=types,
                journey=journey,
                protocol=protocol,
                party=party,
            )
            for entry in page["items"]:
                print(json.dumps(entry) if as_json else _line(entry), flush=True)
            caught_up, after = page["next"] == after, page["next"]
            if caught_up and not follow:
                return


def _line(entry: dict[str, Any]) -> str:
    moment = entry["recorded_at"][:19].replace("T", " ")
    return f"{entry['position']:>8}  {moment}  {entry['journey']}  {entry['type']}"
