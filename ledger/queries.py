"""Questions to the projections: lists by page, and one journey whole. Nothing here asks Temporal.

Each list takes `after`, the values that its last page ended with, and gives at most `limit` rows after them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from ledger.tables import (
    ConnectorRow,
    DeliveryRow,
    DeviationRow,
    EntryRow,
    IdentifierRow,
    InboxRow,
    JourneyRow,
    LabelRow,
    LabelSetRow,
    MaterialRow,
    MessageRow,
    PartnerRow,
    ProtocolRow,
    StageRow,
    SubscriptionRow,
    TaskRow,
)

Row = TypeVar("Row", bound=SQLModel)
Column = Any
"""A column of a table, which SQLModel types as the value that it holds."""


async def events(
    session: AsyncSession,
    *,
    status: str | None,
    reason: str | None,
    journey: str | None,
    event_type: str | None,
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[InboxRow]:
    """Events, the newest first."""
    query = _where(
        select(InboxRow),
        (InboxRow.status, status),
        (InboxRow.reason, reason),
        (InboxRow.journey, journey),
        (InboxRow.type, event_type),
    )
    order = (col(InboxRow.received_at), col(InboxRow.source), col(InboxRow.id))
    return await _page(session, query, order, after, limit, newest_first=True)


async def deliveries(
    session: AsyncSession,
    *,
    status: str | None,
    partner: str | None,
    journey: str | None,
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[DeliveryRow]:
    """Deliveries, the oldest first."""
    query = _where(
        select(DeliveryRow),
        (DeliveryRow.status, status),
        (DeliveryRow.partner, partner),
        (DeliveryRow.journey, journey),
    )
    return await _page(session, query, (col(DeliveryRow.number),), after, limit)


async def journeys(
    session: AsyncSession,
    *,
    status: str | None,
    protocol: str | None,
    treatment_centre: str | None,
    stage: str | None,
    at_risk: bool | None,
    overdue_at: datetime | None,
    search: str | None,
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[JourneyRow]:
    """Journeys, the newest first. `search`: the beginning of any identifier. `overdue_at`: late by that moment."""
    query = _where(
        select(JourneyRow),
        (JourneyRow.status, status),
        (JourneyRow.protocol, protocol),
        (JourneyRow.treatment_centre, treatment_centre),
        (JourneyRow.at_risk, at_risk),
    )
    if stage is not None:
        active = select(col(StageRow.journey)).where(col(StageRow.stage) == stage, col(StageRow.status) == "active")
        query = query.where(col(JourneyRow.coi).in_(active))
    if overdue_at is not None:
        query = query.where(or_(col(JourneyRow.next_due_at) < overdue_at, _has_overdue()))
    if search is not None:
        known = select(col(IdentifierRow.journey)).where(col(IdentifierRow.value).startswith(search, autoescape=True))
        query = query.where(col(JourneyRow.coi).in_(known))
    order = (col(JourneyRow.ordered_at), col(JourneyRow.coi))
    return await _page(session, query, order, after, limit, newest_first=True)


async def tasks(
    session: AsyncSession,
    *,
    status: str | None,
    role: str | None,
    party: str | None,
    journey: str | None,
    overdue_at: datetime | None,
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[TaskRow]:
    """Tasks, the most urgent first."""
    query = _where(
        select(TaskRow),
        (TaskRow.status, status),
        (TaskRow.role, role),
        (TaskRow.party, party),
        (TaskRow.journey, journey),
    )
    if overdue_at is not None:
        late = or_(col(TaskRow.due_at) < overdue_at, col(TaskRow.times_overdue) > 0)
        query = query.where(late, col(TaskRow.status) == "open")
    order = (col(TaskRow.due_at), col(TaskRow.journey), col(TaskRow.id))
    return await _page(session, query, order, after, limit)


async def deviations(
    session: AsyncSession,
    *,
    resolved: bool | None,
    journey: str | None,
    code: str | None,
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[DeviationRow]:
    """Deviations, the newest first."""
    query = _where(select(DeviationRow), (DeviationRow.journey, journey), (DeviationRow.code, code))
    if resolved is not None:
        resolved_at = col(DeviationRow.resolved_at)
        query = query.where(resolved_at.is_not(None) if resolved else resolved_at.is_(None))
    order = (col(DeviationRow.opened_at), col(DeviationRow.journey), col(DeviationRow.id))
    return await _page(session, query, order, after, limit, newest_first=True)


async def entries(
    session: AsyncSession, journey: str, *, after: Sequence[Any] | None, limit: int
) -> Sequence[EntryRow]:
    """A journey's part of the ledger, from its first fact on."""
    return await _page(
        session, _where(select(EntryRow), (EntryRow.journey, journey)), (col(EntryRow.seq),), after, limit
    )


async def latest_entries(session: AsyncSession, journey: str, limit: int) -> Sequence[EntryRow]:
    """A journey's newest facts, newest first."""
    query = _where(select(EntryRow), (EntryRow.journey, journey))
    return await _page(session, query, (col(EntryRow.seq),), None, limit, newest_first=True)


async def protocols(
    session: AsyncSession, *, name: str | None, after: Sequence[Any] | None, limit: int
) -> Sequence[ProtocolRow]:
    """Published protocols by name, the oldest version first."""
    query = _where(select(ProtocolRow), (ProtocolRow.name, name))
    return await _page(session, query, (col(ProtocolRow.name), col(ProtocolRow.version)), after, limit)


async def partners(session: AsyncSession, *, after: Sequence[Any] | None, limit: int) -> Sequence[PartnerRow]:
    """Registered partners by name."""
    return await _page(session, select(PartnerRow), (col(PartnerRow.name),), after, limit)


async def connectors(session: AsyncSession, *, after: Sequence[Any] | None, limit: int) -> Sequence[ConnectorRow]:
    """Published connectors by name, the oldest version first."""
    order = (col(ConnectorRow.name), col(ConnectorRow.version))
    return await _page(session, select(ConnectorRow), order, after, limit)


async def messages(
    session: AsyncSession, *, partner: str | None, status: str | None, after: Sequence[Any] | None, limit: int
) -> Sequence[MessageRow]:
    """Partners' messages, the newest first."""
    query = _where(select(MessageRow), (MessageRow.partner, partner), (MessageRow.status, status))
    order = (col(MessageRow.received_at), col(MessageRow.id))
    return await _page(session, query, order, after, limit, newest_first=True)


async def subscriptions(
    session: AsyncSession, *, standing: str | None, after: Sequence[Any] | None, limit: int
) -> Sequence[SubscriptionRow]:
    """Subscriptions, the newest first."""
    query = _where(select(SubscriptionRow), (SubscriptionRow.standing, standing))
    order = (col(SubscriptionRow.created_at), col(SubscriptionRow.id))
    return await _page(session, query, order, after, limit, newest_first=True)


async def label_sets(
    session: AsyncSession, *, journey: str | None, reconciled: bool | None, after: Sequence[Any] | None, limit: int
) -> Sequence[LabelSetRow]:
    """Sets of labels, the oldest first."""
    query = _where(select(LabelSetRow), (LabelSetRow.journey, journey))
    if reconciled is not None:
        at = col(LabelSetRow.reconciled_at)
        query = query.where(at.is_not(None) if reconciled else at.is_(None))
    return await _page(session, query, (col(LabelSetRow.issued_at), col(LabelSetRow.id)), after, limit)


async def label_counts(session: AsyncSession, sets: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many labels of each of these sets are in each status."""
    query = select(col(LabelRow.set), col(LabelRow.status), func.count()).where(col(LabelRow.set).in_(sets))
    counts: dict[str, dict[str, int]] = {}
    for label_set, status, count in await session.execute(query.group_by(col(LabelRow.set), col(LabelRow.status))):
        counts.setdefault(label_set, {})[status] = count
    return counts


async def stages_of(session: AsyncSession, journey: str) -> Sequence[StageRow]:
    """A journey's stages in the protocol's order."""
    return await _all_of(session, StageRow, col(StageRow.journey) == journey, col(StageRow.ordinal))


async def materials_of(session: AsyncSession, journey: str) -> Sequence[MaterialRow]:
    """A journey's containers and doses."""
    return await _all_of(session, MaterialRow, col(MaterialRow.journey) == journey, col(MaterialRow.id))


async def identifiers_of(session: AsyncSession, journey: str) -> Sequence[IdentifierRow]:
    """Every name under which a journey, or something of it, is known."""
    return await _all_of(
        session, IdentifierRow, col(IdentifierRow.journey) == journey, col(IdentifierRow.kind), col(IdentifierRow.value)
    )


async def identifiers_among(session: AsyncSession, values: Sequence[str]) -> Sequence[IdentifierRow]:
    """Those of the identifiers that lead to a journey."""
    return await _all_of(session, IdentifierRow, col(IdentifierRow.value).in_(values), col(IdentifierRow.value))


async def open_tasks_of(session: AsyncSession, journey: str) -> Sequence[TaskRow]:
    """What people have to decide on a journey."""
    is_open = and_(col(TaskRow.journey) == journey, col(TaskRow.status) == "open")
    return await _all_of(session, TaskRow, is_open, col(TaskRow.opened_at), col(TaskRow.id))


async def deviations_of(session: AsyncSession, journey: str) -> Sequence[DeviationRow]:
    """A journey's deviations, resolved ones too."""
    return await _all_of(
        session, DeviationRow, col(DeviationRow.journey) == journey, col(DeviationRow.opened_at), col(DeviationRow.id)
    )


async def journeys_by_status(session: AsyncSession) -> dict[str, int]:
    """How many journeys there are in each status."""
    query = select(col(JourneyRow.status), func.count()).group_by(col(JourneyRow.status))
    return dict((await session.execute(query)).all())


def _has_overdue() -> ColumnElement[bool]:
    """A due time has passed, and the journey has told someone and waits until the next."""
    stage = select(col(StageRow.journey)).where(col(StageRow.status) == "active", col(StageRow.times_overdue) > 0)
    task = select(col(TaskRow.journey)).where(col(TaskRow.status) == "open", col(TaskRow.times_overdue) > 0)
    return or_(col(JourneyRow.coi).in_(stage), col(JourneyRow.coi).in_(task))


def _where(query: Select[Row], *conditions: tuple[Any, Any]) -> Select[Row]:
    """Each column equal to its value, unless that is None."""
    wanted = [col(column) == value for column, value in conditions if value is not None]
    return query.where(and_(*wanted)) if wanted else query


async def _page(
    session: AsyncSession,
    query: Select[Row],
    order: Sequence[Column],
    after: Sequence[Any] | None,
    limit: int,
    *,
    newest_first: bool = False,
) -> Sequence[Row]:
    if after is not None:
        place = tuple_(*order)
        query = query.where(place < tuple(after) if newest_first else place > tuple(after))
    directed = [column.desc() if newest_first else column.asc() for column in order]
    return (await session.execute(query.order_by(*directed).limit(limit))).scalars().all()


async def _all_of(
    session: AsyncSession, table: type[Row], condition: ColumnElement[bool], *order: Column
) -> Sequence[Row]:
    return (await session.execute(select(table).where(condition).order_by(*order))).scalars().all()
