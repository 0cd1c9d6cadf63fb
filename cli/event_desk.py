"""`clew event list|show|release|dismiss`: the operator's desk for events."""

from typing import Annotated, Any

import typer

from cli.options import Api, AsJson, By, EventStatus, Reason

Source = Annotated[str, typer.Argument(help="The event's source, as `clew event list` shows it.")]
EventId = Annotated[str, typer.Argument(metavar="ID", help="The event's id.")]


def add_to(events: typer.Typer) -> None:
    """Beside sending: looking, and deciding."""
    for command, name in ((list_, "list"), (show, "show"), (release, "release"), (dismiss, "dismiss")):
        events.command(name)(command)


def list_(
    status: Annotated[EventStatus | None, typer.Option(help="Only with this status.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only for this reason, e.g. stage_not_begun.")] = None,
    journey: Annotated[str | None, typer.Option(help="Only of this journey, by chain-of-identity id.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The most events.")] = 50,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """List events, the newest first, each with the reason of its status and its age.

    \b
    Example:
      clew event list --status held
    """
    from itertools import islice

    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        query = {"status": status, "reason": reason, "journey": journey, "limit": min(limit, 200)}
        found = list(islice(client.items("/v1/events", **query), limit))
    if as_json:
        console.result(found)
        return
    names = ("source", "id", "type", "subject", "status", "reason")
    rows = [(*(each[name] for name in names), _age(each["received_at"])) for each in found]
    console.table((*names, "age"), rows)


def show(source: Source, event_id: EventId, api: Api = None, as_json: AsJson = False) -> None:
    """Show what became of an event.

    \b
    Example:
      clew event show //courier.example evt-0002
    """
    from api.paths import event_path
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        found = client.get(event_path(source, event_id))
    if as_json:
        console.result(found)
    else:
        console.table(("", ""), found.items())


def release(
    source: Source, event_id: EventId, by: By, reason: Reason, api: Api = None, as_json: AsJson = False
) -> None:
    """Have the journey judge a late or refused event once more, as things stand now.

    \b
    Example:
      clew event release //courier.example evt-0002 --by operator-3 --reason label_corrected
    """
    _decide("release", source, event_id, by, reason, api, as_json)


def dismiss(
    source: Source, event_id: EventId, by: By, reason: Reason, api: Api = None, as_json: AsJson = False
) -> None:
    """Give up an event that is unmatched, held, late, refused or quarantined.

    \b
    Example:
      clew event dismiss //courier.example evt-0002 --by operator-3 --reason wrong_recipient
    """
    _decide("dismiss", source, event_id, by, reason, api, as_json)


def _decide(what: str, source: str, event_id: str, by: str, reason: str, api: str | None, as_json: bool) -> None:
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        found: dict[str, Any] = client.post(
            f"/v1/events/{what}", {"source": source, "id": event_id, "by": by, "reason": reason}
        )
    if as_json:
        console.result(found)
    else:
        print(f"{source} {event_id}: {found['status']}")


def _age(received_at: str) -> str:
    """How long ago, in its largest unit: `3d`, `4h`, `12m`, `5s`."""
    from datetime import UTC, datetime

    seconds = (datetime.now(UTC) - datetime.fromisoformat(received_at)).total_seconds()
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f}{unit}"
    return f"{max(seconds, 0):.0f}s"
