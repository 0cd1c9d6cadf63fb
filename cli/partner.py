"""`clew partner …`: how it stands with each partner, and how each is spoken to (`cli.connector`)."""

from typing import Annotated, Any

import typer

from cli import connector
from cli.options import Api, AsJson, By, Reason
from cli.paths import path_to

partners = typer.Typer(help="Partners: what waits for each, pause and resume, their connectors.", no_args_is_help=True)

Partner = Annotated[str, typer.Argument(help="The name under which it is registered.")]


def register(app: typer.Typer) -> None:
    connector.register(partners)
    app.add_typer(partners, name="partner")


@partners.command("list")
def list_(api: Api = None, as_json: AsJson = False) -> None:
    """List partners that are paused or have deliveries that they have not taken.

    \b
    Example:
      clew partner list
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        found = client.get("/v1/deliveries/standings")["items"]
    if as_json:
        console.result(found)
        return
    counts = ("waiting", "failing", "unknown", "undecided", "refused", "given_up")
    moments = ("oldest", "next_attempt_at", "resting_until", "paused_at")
    rows = [tuple(each[name] for name in ("partner", *counts, *moments)) for each in found]
    console.table(("partner", *(name.replace("_", " ") for name in (*counts, *moments))), rows)


@partners.command()
def pause(name: Partner, by: By, reason: Reason, api: Api = None, as_json: AsJson = False) -> None:
    """Send a partner nothing more until it is resumed; what journeys ask of it waits.

    \b
    Example:
      clew partner pause coldline --by operator-3 --reason maintenance
    """
    _act(name, "pause", by, reason, api, as_json, "{name} is paused")


@partners.command()
def resume(name: Partner, by: By, reason: Reason, api: Api = None, as_json: AsJson = False) -> None:
    """Send a paused partner what waited, in order and at its pace.

    \b
    Example:
      clew partner resume coldline --by operator-3 --reason maintenance_over
    """
    _act(name, "resume", by, reason, api, as_json, "{name} is not paused")


@partners.command()
def resend(name: Partner, by: By, reason: Reason, api: Api = None, as_json: AsJson = False) -> None:
    """Try all that waits for a partner now, instead of at the next attempt.

    \b
    Example:
      clew partner resend coldline --by operator-3 --reason partner_is_back
    """
    _act(name, "resend", by, reason, api, as_json, "{resent} deliveries to {partner} are tried now")


def _act(name: str, action: str, by: str, reason: str, api: str | None, as_json: bool, says: str) -> None:
    from cli import console
    from cli.client import Api as Client

    body: dict[str, Any] = {"by": by, "reason": reason}
    with Client(api) as client:
        found = client.post(path_to("/v1/partners/{}/{}", name, action), body)
    if as_json:
        console.result(found)
    else:
        print(says.format(**found))
