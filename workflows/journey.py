"""The Journey: one patient's therapy, from enrolment to follow-up, as one durable workflow."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from schemas.base import Strict
from schemas.decisions import DecisionMade, DecisionReceipt, Task
from schemas.facts import DueChanged, JourneyClosed, JourneyStarted, JourneyStatus, StageBegan
from schemas.identity import IdentifierKind, KnownAs, Role
from schemas.orders import JourneyStart
from workflows import course, decisions, hearing
from workflows.calls import Calls
from workflows.decisions import GoBack
from workflows.desk import Desk, Stuck
from workflows.names import JOURNEY_WORKFLOW
from workflows.notebook import Notebook
from workflows.scribe import Scribe
from workflows.stages import KINDS
from workflows.state import Impasse, JourneyState, StageState, StageStatus
from workflows.story import Story
from workflows.watch import watch_stage, watch_task
from workflows.winding_up import settle_what_is_left, wind_up

TASK_DUE = timedelta(days=2)
"""How long a person has for a decision before it is on record as overdue."""


class JourneyDefect(Exception):
    """A defect in this code, or a ledger that contradicts the journey: nothing may move on until someone has looked."""


class JourneyOutcome(Strict):
    """How a journey ended."""

    coi: str
    status: JourneyStatus
    reason: str
    entries: int


@workflow.defn(name=JOURNEY_WORKFLOW)
class Journey:
    """The only sequencer of its facts: what is not numbered here did not happen."""

    @workflow.init
    def __init__(self, start: JourneyStart) -> None:
        self.state = JourneyState.of(start)
        self.notebook = Notebook(self.state)
        self.scribe = Scribe(self.state, self.notebook)
        self.calls = Calls(self.state, self.notebook)
        self._story = Story()
        self._tasks: dict[str, list[asyncio.Task[None]]] = {}
        self._defect: BaseException | None = None

    @workflow.run
    async def run(self, start: JourneyStart) -> JourneyOutcome:
        self.open(is_new=start.carried is None)
        async for stage in self.stages_as_they_become_ready():
            self.begin(stage)
        if self.state.leaving:
            await self.wound_up()
        outcome = None if self.must_renew() else await self.outcome()
        self.close()
        return outcome or workflow.continue_as_new(self.state.carried_over())

    @workflow.signal(dynamic=True)
    def hear(self, name: str, arguments: Sequence[RawValue]) -> None:
        """A partner says what happened; the signal's name is the event's type."""
        self.scribe.arrived(name, arguments)

    @workflow.update
    async def decide(self, made: DecisionMade) -> DecisionReceipt:
        """A person decides; answered when the decision is on the ledger. Sent twice, it has one effect."""
        decision = made.decision
        seq = self.state.decisions.get(decision.id)
        if seq is None:
            seq = decisions.take(self.state, self.notebook, decision, workflow.now())
        await workflow.wait_condition(lambda: self.state.recorded >= seq)
        return DecisionReceipt(decision=decision.id, seq=seq)

    @decide.validator
    def may_be_decided(self, made: DecisionMade) -> None:
        """Refuse before anything enters history; the error's type is the refusal's code."""
        refused = decisions.refusal(self.state, made.decision)
        if refused is not None:
            raise ApplicationError(refused[1], type=refused[0], non_retryable=True)

    def open(self, *, is_new: bool) -> None:
        """Put the start on record, or go on where the run before this one stopped."""
        self._set_to_work("scribe", self._keep_writing())
        if is_new:
            self.notebook.note("journey.started", _started(self.state), self.state.start.ordered_at)
        for stage in self.state.active():
            self._work_on(stage)

    def close(self) -> None:
        """Let the scribe go, and everyone else who is still here."""
        for name in list(self._tasks):
            self._dismiss(name)

    async def stages_as_they_become_ready(self) -> AsyncIterator[StageState]:
        """Each stage once all that it comes after is done, until none is left; none while the journey is held."""
        state = self.state
        while True:
            await self._until(
                lambda: state.leaving or course.is_over(state) or course.ready(state) or self.must_renew()
            )
            if state.leaving or course.is_over(state) or self.must_renew():
                return
            for stage in course.ready(state):
                yield stage

    def begin(self, stage: StageState) -> None:
        """Start a stage: put it on record with its due time, and set someone to work on it."""
        spec = self.state.protocol.by_id[stage.id]
        stage.status = StageStatus.ACTIVE
        stage.due_at = workflow.now() + spec.due
        began = StageBegan(stage=stage.id, kind=stage.kind, visit=stage.visit, due_at=stage.due_at)
        self.notebook.note("stage.began", began, workflow.now())
        self._work_on(stage)

    def leave_stage(self, stage: StageState) -> None:
        """Stop working on a stage. Calls that it made go on until their outcome is known."""
        self._dismiss(stage.id)

    def due_changes(self, stage: StageState, due_at: datetime) -> None:
        """What the stage waits for next has another due time."""
        if stage.due_at != due_at:
            stage.due_at = due_at
            self.notebook.note("due.changed", DueChanged(stage=stage.id, due_at=due_at), workflow.now())

    async def ask(self, task_id: str, role: Role, impasse: Impasse, stage: str | None = None) -> str:
        """Have a person choose; gives the choice, once it is on the ledger."""
        if task_id not in self.state.tasks:
            self.notebook.open_task(self._question(task_id, role, impasse, stage))
        task = self.state.tasks[task_id]
        watch = self._set_to_work(task_id, watch_task(task, self._task_due(), self.notebook))
        await workflow.wait_condition(lambda: task.choice is not None)
        watch.cancel()
        await self.scribe.caught_up()
        return str(task.choice)

    async def wound_up(self) -> None:
        """End early: take back what was begun, account for what is left."""
        work = self._set_to_work("winding_up", wind_up(self))
        await self._until(work.done)

    async def outcome(self) -> JourneyOutcome:
        """Close the journey on the ledger, and hear out what arrives until the very end."""
        state, now = self.state, workflow.now()
        hearing.give_up_waiting(state, self.notebook)
        self.notebook.close_tasks("journey_closed", now)
        if not state.leaving:
            settle_what_is_left(self)
        state.closed = JourneyStatus.CANCELLED if state.leaving else JourneyStatus.COMPLETED
        reason = state.leaving or "protocol_completed"
        closed = JourneyClosed.model_validate({"outcome": state.closed.value, "reason": reason})
        self.notebook.note(f"journey.{state.closed.value}", closed, now)
        await self._until(lambda: self.scribe.is_idle and workflow.all_handlers_finished())
        return JourneyOutcome(coi=state.start.coi, status=state.closed, reason=reason, entries=state.seq)

    def must_renew(self) -> bool:
        """Whether the history has grown so long that the journey goes on in a new run; only at a quiet moment."""
        quiet = self.scribe.is_idle and self.calls.are_done and workflow.all_handlers_finished()
        return workflow.info().is_continue_as_new_suggested() and quiet and not self.state.leaving

    async def _keep_writing(self) -> None:
        while True:
            await self.scribe.write_one_round()
            self._story.show(self.state)

    def _work_on(self, stage: StageState) -> None:
        self._set_to_work(stage.id, self._carry(stage))
        self._set_to_work(stage.id, watch_stage(stage, self.state.protocol.by_id[stage.id].due, self.notebook))

    async def _carry(self, stage: StageState) -> None:
        """Carry a stage to its end, through every impasse that a person resolves on the way."""
        desk: Desk[Any] = Desk(self, stage)
        while stage.status is StageStatus.ACTIVE:
            try:
                if stage.impasse is not None:
                    await self._resolve(stage, stage.impasse)
                await KINDS[stage.kind].carry(desk)
                course.complete(self.state, self.notebook, stage, workflow.now())
            except Stuck as stuck:
                stage.impasse = stuck.impasse
            except GoBack as back:
                self._go_back(back)
        self._dismiss(stage.id)

    async def _resolve(self, stage: StageState, impasse: Impasse) -> None:
        """Have a person say how a stage goes on, and follow. Raises `GoBack` where the way leads back."""
        impasse = stage.impasse = course.named(self.state, self.notebook, stage, impasse, workflow.now())
        role = course.asked_of(self.state, stage, impasse)
        choice = await self.ask(str(impasse.task), role, impasse, stage.id)
        decided_by = self.state.tasks[str(impasse.task)].decided_by
        if impasse.deviation is not None:
            self.notebook.resolve(impasse.deviation, choice, workflow.now(), decided_by)
        stage.impasse = None
        back = decisions.way_back(self.state, stage, choice)
        if back is not None:
            raise GoBack(back, impasse.code)
        if choice == "stop":
            hearing.leave(self.state, self.notebook, impasse.code, workflow.now(), decided_by)
            await workflow.wait_condition(lambda: False)

    def _go_back(self, back: GoBack) -> None:
        for stage in course.behind(self.state, back.stage):
            if stage.status is StageStatus.ACTIVE:
                self.calls.take_back(stage)
                self._dismiss(stage.id)
            course.reopen(self.state, self.notebook, stage, back.reason, workflow.now())
        course.set_old_material_aside(self.state, self.notebook, back.stage, workflow.now())

    def _question(self, task_id: str, role: Role, impasse: Impasse, stage: str | None) -> Task:
        return Task(
            id=task_id,
            question=impasse.question,
            stage=stage,
            role=role,
            about=impasse.about,
            choices=decisions.offered(impasse.choices),
            opened_at=workflow.now(),
            due_at=workflow.now() + self._task_due(),
        )

    def _task_due(self) -> timedelta:
        return TASK_DUE / self.state.start.time_lapse

    async def _until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition. A defect in any work under way fails the workflow task, which Temporal tries again:
        it never fails the therapy."""
        await workflow.wait_condition(lambda: self._defect is not None or bool(condition()))
        if self._defect is not None:
            raise JourneyDefect from self._defect

    def _set_to_work(self, name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        def ended(task: "asyncio.Task[None]") -> None:
            if not task.cancelled():
                self._defect = self._defect or task.exception()

        task = asyncio.create_task(work)
        task.add_done_callback(ended)
        self._tasks.setdefault(name, []).append(task)
        return task

    def _dismiss(self, name: str) -> None:
        for task in self._tasks.pop(name, []):
            task.cancel()


def _started(state: JourneyState) -> JourneyStarted:
    start = state.start
    return JourneyStarted(
        order=start.order,
        protocol=start.protocol.protocol,
        version=start.protocol.version,
        protocol_hash=start.protocol.hash,
        parties=start.parties,
        stages=tuple(state.stages),
        engine_version=start.engine_version,
        identifiers=(
            KnownAs(kind=IdentifierKind.COI, value=start.coi),
            KnownAs(kind=IdentifierKind.ORDER, value=start.order),
        ),
    )
