"""People: the journey asks them, waits for what they decide, and reminds them."""

from datetime import timedelta

from temporalio import workflow

from schemas.decisions import Task
from schemas.identity import Role
from workflows import decisions, hearing
from workflows.crew import Crew
from workflows.notebook import Notebook
from workflows.scribe import Scribe
from workflows.state import Impasse, JourneyState
from workflows.watch import watch_task

TASK_DUE = timedelta(days=2)
"""How long a person has for a decision before it is on record as overdue."""

HOLD = "hold"
"""What the task of a hold is called."""


class People:
    """The people of one journey."""

    def __init__(self, state: JourneyState, notebook: Notebook, scribe: Scribe, crew: Crew) -> None:
        self._state = state
        self._notebook = notebook
        self._scribe = scribe
        self._crew = crew

    async def choose(self, task_id: str, role: Role, impasse: Impasse, stage: str | None = None) -> tuple[str, str]:
        """Have a person choose; gives the choice and who made it, once it is on the ledger."""
        if task_id not in self._state.tasks:
            self._notebook.open_task(self._task(task_id, role, impasse, stage))
        task = self._state.tasks[task_id]
        watch = self._crew.set_to_work(task_id, watch_task(task, self._allowed, self._notebook))
        await workflow.wait_condition(lambda: task.choice is not None)
        watch.cancel()
        await self._scribe.caught_up()
        return str(task.choice), task.decided_by

    def watch_hold(self) -> None:
        """A hold that a person placed is a person's task: so it is due, and cannot be forgotten."""
        if not self._state.held_by_hand:
            self._crew.dismiss(HOLD)
        elif not self._crew.is_at_work(HOLD):
            self._crew.set_to_work(HOLD, self._end_hold())

    async def _end_hold(self) -> None:
        question = Impasse(question="held", code="held", choices=("continue", "stop"))
        choice, by = await self.choose(decisions.hold_task(self._state), Role.TREATMENT_CENTRE, question)
        decisions.lift_hold(self._state, self._notebook, choice, workflow.now(), by)
        if choice == "stop":
            hearing.leave(self._state, self._notebook, "stopped_by_decision", workflow.now(), by)

    @property
    def _allowed(self) -> timedelta:
        return TASK_DUE / self._state.start.time_lapse

    def _task(self, task_id: str, role: Role, impasse: Impasse, stage: str | None) -> Task:
        return Task(
            id=task_id,
            question=impasse.question,
            stage=stage,
            role=role,
            about=impasse.about,
            choices=decisions.offered(impasse.choices),
            opened_at=workflow.now(),
            due_at=workflow.now() + self._allowed,
        )
