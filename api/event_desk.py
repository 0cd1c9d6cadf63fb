"""The operator's decisions on events: each goes to whoever sequences what becomes of the event."""

import hashlib
from datetime import UTC, datetime

from api.answers import EventAction, EventView
from api.journey_updates import put_to_journey
from api.services import Services
from ledger import event_desk, holds, inbox
from ledger.tables import InboxRow
from schemas.decisions import DismissEvent, EventDecided, EventDecision, ReleaseEvent
from schemas.errors import Conflict
from schemas.events import PartnerEvent
from schemas.facts import EventStatus


async def dismiss(using: Services, asked: EventAction) -> EventView:
    """Give an event up: by its journey where it waits there, on the operators' chain otherwise."""
    row = await _look_up(using, asked)
    if row.status != EventStatus.HELD:
        return await _dismiss_here(using, asked)
    try:
        return await _decided(using, row, DismissEvent(id=_decision_id("dismiss", row), **_said(asked, row)))
    except Conflict as refused:
        if refused.code != "journey_closed":
            raise
        return await _dismiss_here(using, asked, closed=True)


async def release(using: Services, asked: EventAction) -> EventView:
    """Have the event's journey judge it once more. Raises `Conflict` with what the judge says where it still cannot
    take effect."""
    row = await _look_up(using, asked)
    again = row.status == EventStatus.APPLIED and row.decided_by == asked.by
    if row.status not in event_desk.RELEASABLE and not again:
        raise event_desk.not_now(row)
    if row.journey is not None:
        async with using.database.reading() as session:
            await holds.refuse_while_held(session, row.journey)
    try:
        # Also a second time: what a lost worker recorded of the first does not count before its journey knows of it.
        return await _decided(using, row, ReleaseEvent(id=_decision_id("release", row), **_said(asked, row)))
    except Conflict as refused:
        if again and refused.code == "journey_closed":
            return EventView.model_validate(row)
        raise


async def _dismiss_here(using: Services, asked: EventAction, *, closed: bool = False) -> EventView:
    now = datetime.now(UTC)
    async with using.database.writing() as session:
        row = await event_desk.dismiss(
            session, asked.source, asked.id, by=asked.by, reason=asked.reason, now=now, closed=closed
        )
        return EventView.model_validate(row)


async def _decided(using: Services, row: InboxRow, decision: EventDecision) -> EventView:
    assert row.journey is not None, "a journey has had its say on this event"
    await put_to_journey(using, row.journey, EventDecided(decision=decision))
    async with using.database.reading() as session:
        return EventView.model_validate(await inbox.look_up(session, row.source, row.id))


async def _look_up(using: Services, asked: EventAction) -> InboxRow:
    async with using.database.reading() as session:
        return await inbox.look_up(session, asked.source, asked.id)


def _said(asked: EventAction, row: InboxRow) -> dict[str, object]:
    return {"by": asked.by, "reason": asked.reason, "event": PartnerEvent.model_validate(row.event)}


def _decision_id(kind: str, row: InboxRow) -> str:
    """Made from the event's identity: it is released or given up once, whoever asks and however often."""
    return f"{kind}-{hashlib.sha256(f'{row.source} {row.id}'.encode()).hexdigest()}"
