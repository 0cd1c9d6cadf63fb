"""`clew subscription create|list|show|enable|replay|remove`: whom the feed is sent to."""

from typing import Annotated, Any

import typer

from cli.options import Api, AsJson, By, Reason
from cli.paths import path_to

subscriptions = typer.Typer(help="Subscriptions: whom the feed is sent to.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="The subscription's id.")]


def register(app: typer.Typer) -> None:
    app.add_typer(subscriptions, name="subscription")


@subscriptions.command()
def create(
    url: Annotated[str, typer.Argument(help="Where each entry is posted to.")],
    by: By,
    reason: Reason,
    types: Annotated[list[str] | None, typer.Option("--type", help="Only of this type. Repeatable.")] = None,
    protocol: Annotated[str | None, typer.Option(help="Only of journeys under this protocol.")] = None,
    party: Annotated[str | None, typer.Option(help="Only of journeys of this organisation.")] = None,
    after: Annotated[int | None, typer.Option(min=0, help="Begin after this position; 0: at the beginning.")] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Have the feed sent, and show the secret that signs it: this once.

    \b
    Example:
      clew subscription create https://warehouse.example/clew --by integrator-2 --reason warehouse_load
    """
    from cli import console

    asked = {"url": url, "types": types or [], "protocol": protocol, "party": party, "after": after}
    created = _said("/v1/subscriptions", asked, by, reason, api)
    if as_json:
        console.result(created)
    else:
        print(f"{created['id']}  {created['secret']}")


@subscriptions.command("list")
def list_(api: Api = None, as_json: AsJson = False) -> None:
    """List subscriptions, the newest first.

    \b
    Example:
      clew subscription list
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        found = list(client.items("/v1/subscriptions"))
    if as_json:
        console.result(found)
    else:
        rows = [[each[name] for name in ("id", "standing", "position", "problem", "url")] for each in found]
        console.table(("subscription", "standing", "position", "problem", "url"), rows)


@subscriptions.command()
def show(subscription: Id, api: Api = None, as_json: AsJson = False) -> None:
    """Show how far sending has come, and what is in the way.

    \b
    Example:
      clew subscription show sub-1f0c9a7be2d34c5e6a70
    """
    from cli.client import Api as Client

    with Client(api) as client:
        _show(client.get(path_to("/v1/subscriptions/{}", subscription)), as_json)


@subscriptions.command()
def enable(subscription: Id, by: By, reason: Reason, api: Api = None, as_json: AsJson = False) -> None:
    """Go on with a disabled subscription where it was disabled.

    \b
    Example:
      clew subscription enable sub-1f0c9a7be2d34c5e6a70 --by integrator-2 --reason receiver_repaired
    """
    _show(_said(path_to("/v1/subscriptions/{}/enable", subscription), {}, by, reason, api), as_json)


@subscriptions.command()
def replay(
    subscription: Id,
    after: Annotated[int, typer.Option(min=0, help="Send again what comes after this position.")],
    by: By,
    reason: Reason,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Send again from a position on.

    \b
    Example:
      clew subscription replay sub-1f0c9a7be2d34c5e6a70 --after 1200 --by integrator-2 --reason backup_restored
    """
    _show(_said(path_to("/v1/subscriptions/{}/replay", subscription), {"after": after}, by, reason, api), as_json)


@subscriptions.command()
def remove(subscription: Id, by: By, reason: Reason, api: Api = None, as_json: AsJson = False) -> None:
    """Send nothing more, for good.

    \b
    Example:
      clew subscription remove sub-1f0c9a7be2d34c5e6a70 --by integrator-2 --reason warehouse_closed
    """
    from cli.client import Api as Client

    with Client(api) as client:
        _show(client.delete(path_to("/v1/subscriptions/{}", subscription), by=by, reason=reason), as_json)


def _said(path: str, body: dict[str, Any], by: str, reason: str, api: str | None) -> Any:
    from cli.client import Api as Client

    with Client(api) as client:
        return client.post(path, body | {"by": by, "reason": reason})


def _show(found: dict[str, Any], as_json: bool) -> None:
    from cli import console

    if as_json:
        console.result(found)
    else:
        console.table(("", "value"), list(found.items()))
