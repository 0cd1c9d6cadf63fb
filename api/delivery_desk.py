"""The operator's desk over deliveries, where it reaches further than the database: into the journey that waits."""

from datetime import UTC, datetime

from api.answers import DeliveryDetail, DeliveryView, Resend
from api.journey_updates import put_to_journey
from api.services import Services
from ledger import desk, queries
from ledger.deliveries import command_of
from ledger.desk import Says
from ledger.kept_back import kept_back
from ledger.tables import DeliveryRow, TaskRow
from schemas.decisions import DecideTask, DecisionMade
from schemas.deliveries import OPEN
from schemas.errors import Conflict
from schemas.operations import Said

SHOWN_ATTEMPTS = 50
_QUESTIONS = frozenset({"partner_refused", "delivery_given_up"})
_TASKS_OF_A_JOURNEY = 200


async def resend(using: Services, delivery: str, asked: Resend) -> DeliveryView:
    """Try a delivery again. One that was refused or given up is asked for again by its journey, whose task is answered.

    Raises `Conflict` (`delivery_settled`) where the journey does not ask any more.
    """
    async with using.database.writing() as session:
        row = await desk.resend(session, delivery, asked.details, says(asked))
    if row.status not in OPEN:
        await _ask_again(using, row, asked)
    return view(row)


async def detail(using: Services, delivery: str) -> DeliveryDetail:
    """Raises `NotFound` (`unknown_delivery`)."""
    async with using.database.reading() as session:
        row = await desk.find(session, delivery)
        tried = await desk.attempts(session, row, SHOWN_ATTEMPTS)
        held = bool(await kept_back(session, [row]))
    shown = {**view(row, held=held).model_dump(), "details": command_of(row).details, "tried": list(tried)}
    return DeliveryDetail.model_validate(shown)


def says(asked: Said) -> Says:
    """What a person does, now."""
    return Says(asked.by, asked.reason, datetime.now(UTC))


def view(row: DeliveryRow, *, held: bool = False) -> DeliveryView:
    """A delivery as it is shown. `held`: whether an identity hold keeps it back."""
    age = (datetime.now(UTC) - row.created_at).total_seconds()
    return DeliveryView.model_validate(
        {**row.model_dump(), "changed": row.details is not None, "held": held, "age": age}
    )


async def _ask_again(using: Services, row: DeliveryRow, asked: Said) -> None:
    task = await _task_about(using, row)
    decision = DecideTask(
        id=f"desk-{row.id}-{task.id}", by=asked.by, reason=asked.reason, task=task.id, choice="send_again"
    )
    await put_to_journey(using, row.journey, DecisionMade(decision=decision))


async def _task_about(using: Services, row: DeliveryRow) -> TaskRow:
    """The open task in which the journey asks how to go on without this delivery."""
    async with using.database.reading() as session:
        tasks = await queries.tasks(
            session,
            status="open",
            role=None,
            party=None,
            journey=row.journey,
            overdue_at=None,
            after=None,
            limit=_TASKS_OF_A_JOURNEY,
        )
    for task in tasks:
        if task.question in _QUESTIONS and row.command in task.about and task.stage in (row.stage, None):
            return task
    raise Conflict("delivery_settled", f"The delivery is {row.status}, and its journey does not ask for it any more.")
