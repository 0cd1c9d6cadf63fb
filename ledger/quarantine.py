"""Signals that cannot be read, where operators look: in the inbox, beside the events.

Their content is in the workflow's history alone, since it could be anything. So a row names it by its digest: `source`
is the journey that was spoken to, `id` the digest, `reason` what is wrong. The same content again is the same row.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ledger.outcomes import INBOX
from ledger.statements import insert_if_new
from schemas.facts import EventStatus, Fact

QUARANTINED = "signal.quarantined"


def show_quarantined(connection: Connection, coi: str, facts: Iterable[Fact], recorded_at: datetime) -> None:
    """A row for each of the facts that tells of such a signal, in the transaction that puts it on record."""
    rows = [_row(coi, fact, recorded_at) for fact in facts if fact.type == QUARANTINED]
    if rows:
        connection.execute(insert_if_new(INBOX, connection.dialect.name), rows)


def _row(coi: str, fact: Fact, recorded_at: datetime) -> dict[str, Any]:
    return {
        "source": f"temporal:journey/{coi}",
        "id": f"sha256:{fact.data['sha256']}",
        "type": QUARANTINED,
        "subject": coi,
        "occurred_at": fact.occurred_at,
        "received_at": recorded_at,
        "fingerprint": fact.data["sha256"],
        "event": {},
        "body": fact.data,
        "journey": coi,
        "status": EventStatus.QUARANTINED.value,
        "reason": fact.data["problem"],
        "attempts": 0,
    }
