"""An entry of the ledger as a CloudEvent, for those to whom it is sent."""

import json

from ledger.feed import FeedEntry

SOURCE = "/v1/feed"


def entry_type(kind: str) -> str:
    """An entry's type on the wire. Not that of the partner's event: this one also says what became of it."""
    return f"clew.entry.{kind}.v1"


def as_cloud_event(entry: FeedEntry) -> str:
    """Structured JSON: `id` is the position, `data` the entry as the feed shows it."""
    said = json.loads(entry.json)
    envelope = {
        "specversion": "1.0",
        "id": str(entry.position),
        "source": SOURCE,
        "type": entry_type(entry.type),
        "subject": said["journey"],
        "time": said["occurred_at"],
        "datacontenttype": "application/json",
        "dataschema": f"/v1/schemas/{entry.type}",
    }
    return f'{json.dumps(envelope)[:-1]}, "data": {entry.json}}}'
