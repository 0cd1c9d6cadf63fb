"""`clew event send`: what a partner's system does, by hand."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import event_desk
from cli.files import read_json_file
from cli.options import Api, AsJson

events = typer.Typer(help="Events: tell Clew what happened, and see what became of it.", no_args_is_help=True)

_FINAL_WITHIN = 30.0
_POLL = 0.2


def register(app: typer.Typer) -> None:
    event_desk.add_to(events)
    app.add_typer(events, name="event")


@events.command()
def send(
    file: Annotated[Path | None, typer.Argument(help="A CloudEvent in JSON; - reads standard input.")] = None,
    event_type: Annotated[str | None, typer.Option("--type", help="E.g. milestone.reached, instead of a file.")] = None,
    subject: Annotated[str | None, typer.Option(help="Any identifier of the journey.")] = None,
    data: Annotated[str, typer.Option(help="What it says, as a JSON object.")] = "{}",
    source: Annotated[str, typer.Option(help="Who says it.")] = "//cli",
    event_id: Annotated[
        str | None, typer.Option("--id", help="Its name: with --at it can be sent again, and counts once. Unset: new.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="When it happened, e.g. 2026-03-02T15:00:00Z. Unset: now.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the journey has judged it.")] = False,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Send one event, from a file or made from options.

    \b
    Examples:
      clew event send event.json --wait
      clew event send --type milestone.reached --subject ORD-7 --data '{"milestone": "slot_agreed"}'
    """
    from cli import console
    from cli.client import Api as Client

    event = read_json_file(file) if file else _from_options(event_type, subject, data, source, event_id, at)
    with Client(api) as client:
        receipt = client.post("/v1/events", event, content_type="application/cloudevents+json")
        if wait:
            receipt = _judged(client, receipt)
    if as_json:
        console.result(receipt)
    else:
        reason = f" ({receipt['reason']})" if receipt.get("reason") else ""
        print(f"{receipt['source']} {receipt['id']}: {receipt['status']}{reason}")


def _from_options(
    event_type: str | None, subject: str | None, data: str, source: str, event_id: str | None, at: str | None
) -> dict[str, Any]:
    from datetime import UTC, datetime
    from uuid import uuid4

    from schemas.base import iso
    from schemas.events import wire_type

    if event_type is None or subject is None:
        raise typer.BadParameter("name a file, or --type and --subject")
    try:
        said = json.loads(data)
    except ValueError:
        raise typer.BadParameter("--data is not JSON") from None
    return {
        "specversion": "1.0",
        "id": event_id or str(uuid4()),
        "source": source,
        "type": event_type if event_type.startswith("clew.") else wire_type(event_type),
        "subject": subject,
        "time": at or iso(datetime.now(UTC)),
        "datacontenttype": "application/json",
        "data": said,
    }


def _judged(client: Any, receipt: dict[str, Any]) -> dict[str, Any]:
    """The event once its journey has had its say; as it stands if that takes too long."""
    import time

    deadline = time.monotonic() + _FINAL_WITHIN
    found = receipt
    while found["status"] == "received" and time.monotonic() < deadline:
        time.sleep(_POLL)
        found = client.get(receipt["links"]["self"])
    return found
