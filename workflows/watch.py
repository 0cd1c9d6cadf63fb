"""No wait without an end: when a due time passes it is put on record, and again after ever longer whiles."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

from schemas.facts import DuePassed
from workflows.notebook import Notebook
from workflows.state import StageState, TaskState

MOST_DOUBLINGS = 6
"""Reminders come after 1, 2, 4 … up to 64 times the time allowed, so that a forgotten journey stays small."""


def reminder_after(due_at: datetime, allowed: timedelta, times: int, now: datetime) -> datetime:
    """When someone is told again, after a due time has passed for the `times`-th time."""
    return max(due_at, now) + allowed * (1 << min(times, MOST_DOUBLINGS))


async def watch_stage(stage: StageState, allowed: timedelta, notebook: Notebook) -> None:
    """Watch a stage's due time until the watch is cancelled; the stage may move it meanwhile."""
    while True:
        due_at = stage.due_at
        if due_at is None or await _due_changed(stage, due_at):
            continue
        stage.times_overdue += 1
        stage.due_at = reminder_after(due_at, allowed, stage.times_overdue, workflow.now())
        passed = DuePassed(
            what="stage", name=stage.id, due_at=due_at, next_due_at=stage.due_at, times=stage.times_overdue
        )
        notebook.note("due.passed", passed, workflow.now())


async def watch_task(task: TaskState, allowed: timedelta, notebook: Notebook) -> None:
    """Watch a task's due time until it is decided."""
    while not await _moved(lambda: task.choice is not None, task.due_at, f"{task.task.question} is due"):
        due_at = task.due_at
        task.times_overdue += 1
        task.due_at = reminder_after(due_at, allowed, task.times_overdue, workflow.now())
        passed = DuePassed(
            what="task", name=task.task.id, due_at=due_at, next_due_at=task.due_at, times=task.times_overdue
        )
        notebook.note("due.passed", passed, workflow.now())


async def _due_changed(stage: StageState, due_at: datetime) -> bool:
    return await _moved(lambda: stage.due_at != due_at, due_at, f"{stage.id} is due")


async def _moved(condition: Callable[[], bool], due_at: datetime, summary: str) -> bool:
    """Whether the condition came true before the moment."""
    left = max(due_at - workflow.now(), timedelta(milliseconds=1))
    try:
        await workflow.wait_condition(condition, timeout=left, timeout_summary=summary)
    except TimeoutError:
        return False
    return True
