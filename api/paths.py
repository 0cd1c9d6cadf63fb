"""Paths of our own resources. An event's source may hold slashes, so both its parts are percent-encoded."""

from urllib.parse import quote, unquote

from starlette.requests import Request

EVENTS = "/v1/events"
JOURNEYS = "/v1/journeys"


def event_path(source: str, event_id: str) -> str:
    """`/v1/events/{source}/{id}` with each part encoded whole."""
    return f"{EVENTS}/{quote(source, safe='')}/{quote(event_id, safe='')}"


def journey_path(coi: str) -> str:
    # A check character can be an asterisk, which a path may hold as it is.
    return f"{JOURNEYS}/{quote(coi, safe='*')}"


def event_of(request: Request, source: str, event_id: str) -> tuple[str, str]:
    """Source and id as the sender encoded them; the decoded path does not tell where one ends.

    `source`, `event_id`: what routing made of it, for a proxy that decodes paths; the id is then what follows the
    last slash.
    """
    raw: bytes = request.scope.get("raw_path") or b""
    parts = raw.decode("ascii", "replace").partition(f"{EVENTS}/")[2].split("/")
    return (unquote(parts[0]), unquote(parts[1])) if len(parts) == 2 else (source, event_id)
