"""What people have to decide, and what they decided."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query
from pydantic import TypeAdapter

from api import examples
from api.answers import DeviationView, TaskView
from api.callers import AsPerson
from api.cursors import Cursor, Limit, Page, decode, page
from api.documented import answer, problems, request_body
from api.evidence import DecisionEvidence, newest_note
from api.journey_updates import put_to_journey
from api.services import Using
from ledger import holds, queries
from ledger.proofs import position_of_number
from ledger.registry import find_journey
from schemas.base import Code, Identifier, Instant
from schemas.decisions import DecideTask, Decision, DecisionMade, LiftHold
from schemas.identity import CoiId, Role
from schemas.orders import PartyName

router = APIRouter(prefix="/v1", tags=["decisions"])

_PLACE = TypeAdapter(tuple[Instant, CoiId, Identifier])


@router.get(
    "/tasks",
    operation_id="listTasks",
    summary="What people have to decide",
    response_model=Page[TaskView],
    responses={
        **answer(200, "Tasks, the most urgent first.", examples.TASK_PAGE),
        **problems("malformed", "invalid_cursor", "ledger_unavailable"),
    },
)
async def list_tasks(
    _caller: AsPerson,
    using: Using,
    status: Annotated[Literal["open", "decided", "closed"] | None, Query(description="Only in this status.")] = None,
    role: Annotated[Role | None, Query(description="Only for people of an organisation in this role.")] = None,
    party: Annotated[PartyName | None, Query(description="Only for this organisation's people.")] = None,
    journey: Annotated[CoiId | None, Query(description="Only of this journey.")] = None,
    overdue: Annotated[bool, Query(description="Only open ones that are late.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TaskView]:
    """A closed task needs no decision any more."""
    async with using.database.reading() as session:
        rows = await queries.tasks(
            session,
            status=status,
            role=role,
            party=party,
            journey=journey,
            overdue_at=datetime.now(UTC) if overdue else None,
            after=decode("tasks", _PLACE, cursor),
            limit=limit + 1,
        )
    return page(rows, limit, "tasks", lambda row: (row.due_at, row.journey, row.id), TaskView.model_validate)


@router.get(
    "/deviations",
    operation_id="listDeviations",
    summary="What is not as it should be",
    response_model=Page[DeviationView],
    responses={
        **answer(200, "Deviations, the newest first.", examples.DEVIATION_PAGE),
        **problems("malformed", "invalid_cursor", "ledger_unavailable"),
    },
)
async def list_deviations(
    _caller: AsPerson,
    using: Using,
    status: Annotated[Literal["open", "resolved"] | None, Query(description="Only in this status.")] = None,
    journey: Annotated[CoiId | None, Query(description="Only of this journey.")] = None,
    code: Annotated[Code | None, Query(description="Only of this kind.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DeviationView]:
    """What it is about, whether it holds the journey, and what resolved it."""
    resolved = None if status is None else status == "resolved"
    after = decode("deviations", _PLACE, cursor)
    async with using.database.reading() as session:
        rows = await queries.deviations(
            session, resolved=resolved, journey=journey, code=code, after=after, limit=limit + 1
        )
    return page(
        rows, limit, "deviations", lambda row: (row.opened_at, row.journey, row.id), DeviationView.model_validate
    )


@router.post(
    "/journeys/{coi}/decisions",
    operation_id="decide",
    summary="Decide",
    response_model=DecisionEvidence,
    response_model_exclude_none=True,
    responses={
        **answer(200, "The decision is on the ledger.", examples.DECISION_RECEIPT),
        **problems(
            "malformed",
            "not_json",
            "choice_unknown",
            "unknown_journey",
            "unknown_task",
            "task_decided",
            "journey_closed",
            "journey_held",
            "not_held",
            "journey_leaving",
            "deviation_blocks",
            "identity_held",
            "release_missing",
            "body_too_large",
            "ledger_unavailable",
            "temporal_unavailable",
        ),
    },
    openapi_extra=request_body(examples.DECISION_BODY),
)
async def decide(_caller: AsPerson, using: Using, coi: str, decision: Annotated[Decision, Body()]) -> DecisionEvidence:
    """Answer a task; hold a journey, or let it go on; cancel it.

    The journey takes the decision or refuses it by name. The decision's `id` makes it safe to send again. While an
    identity hold is open nothing is decided that would let the journey go on.
    """
    async with using.database.reading() as session:
        await find_journey(session, coi)
        if isinstance(decision, DecideTask | LiftHold):
            await holds.refuse_while_held(session, coi)
    receipt = await put_to_journey(using, coi, DecisionMade(decision=decision))
    async with using.database.reading() as session:
        position = await position_of_number(session, coi, receipt.seq)
    return DecisionEvidence(**receipt.model_dump(), position=position, checkpoint=newest_note(using))
