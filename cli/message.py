"""`clew message list|show|release|dismiss`: what partners sent in forms of their own."""

from typing import Annotated, Any

import typer

from cli.options import Api, AsJson, By, MessageStatus, Reason
from cli.paths import path_to

messages = typer.Typer(help="Messages: what partners sent in their own form.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="The message's id.")]


def register(app: typer.Typer) -> None:
    app.add_typer(messages, name="message")


@messages.command("list")
def list_(
    partner: Annotated[str | None, typer.Option(help="Only of this partner.")] = None,
    status: Annotated[MessageStatus | None, typer.Option(help="Only with this status.")] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """List partners' messages in their own form, the newest first.

    \b
    Example:
      clew message list --status quarantined
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        found = list(client.items("/v1/messages", partner=partner, status=status))
    if as_json:
        console.result(found)
        return
    columns = ("id", "partner", "received_at", "status", "reason", "connector", "connector_version")
    headings = ("message", "partner", "received", "status", "reason", "connector", "version")
    console.table(headings, [[each[name] for name in columns] for each in found])


@messages.command()
def show(message: Id, api: Api = None, as_json: AsJson = False) -> None:
    """Show a message, what became of it, and on which expression and value it failed.

    \b
    Example:
      clew message show 5c0f5c0f5c0f5c0f5c0f5c0f5c0f5c0f
    """
    from cli.client import Api as Client

    with Client(api) as client:
        _show(client.get(path_to("/v1/messages/{}", message)), as_json)


@messages.command()
def release(message: Id, by: By, reason: Reason, api: Api = None, as_json: AsJson = False) -> None:
    """Map a quarantined message again, with the newest version of its connector.

    \b
    Example:
      clew message release 5c0f5c0f5c0f5c0f5c0f5c0f5c0f5c0f --by operator-3 --reason connector_corrected
    """
    _decide(message, "release", by, reason, api, as_json)


@messages.command()
def dismiss(message: Id, by: By, reason: Reason, api: Api = None, as_json: AsJson = False) -> None:
    """Give a quarantined message up; it stays on record.

    \b
    Example:
      clew message dismiss 5c0f5c0f5c0f5c0f5c0f5c0f5c0f5c0f --by operator-3 --reason test_message
    """
    _decide(message, "dismiss", by, reason, api, as_json)


def _decide(message: str, what: str, by: str, reason: str, api: str | None, as_json: bool) -> None:
    from cli.client import Api as Client

    with Client(api) as client:
        _show(client.post(path_to("/v1/messages/{}/{}", message, what), {"by": by, "reason": reason}), as_json)


def _show(found: dict[str, Any], as_json: bool) -> None:
    import json

    from cli import console

    if as_json:
        console.result(found)
        return
    print(f"{found['id']} of {found['partner']}: {found['status']}")
    for source, event in found["events"]:
        print(f"  event {source} {event}")
    if found["problem"] is not None:
        print(f"  at {found['problem']['pointer'] or '/'} of the connector: {found['problem']['detail']}")
        print(f"  expression: {found['problem']['expression']}")
        print(f"  value: {json.dumps(found['problem']['value'], ensure_ascii=False)}")
    print(found["body"])
