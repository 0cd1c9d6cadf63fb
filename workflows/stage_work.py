"""Work on stages: begin one, carry it through every impasse, go back where a decision leads back."""

from datetime import datetime
from typing import Any

from temporalio import workflow

from schemas.facts import DueChanged, StageBegan
from workflows import course, decisions, hearing, identity_holds, labels
from workflows.calls import Calls
from workflows.crew import Crew
from workflows.decisions import GoBack
from workflows.desk import Desk, Stuck
from workflows.notebook import Notebook
from workflows.people import People
from workflows.scribe import Scribe
from workflows.stages import KINDS
from workflows.state import Impasse, JourneyState, StageState, StageStatus
from workflows.watch import watch_stage


class StageWork:
    """The work on one journey's stages."""

    def __init__(
        self, state: JourneyState, notebook: Notebook, scribe: Scribe, calls: Calls, people: People, crew: Crew
    ) -> None:
        self.state = state
        self.scribe = scribe
        self.calls = calls
        self._notebook = notebook
        self._people = people
        self._crew = crew

    def begin(self, stage: StageState) -> None:
        """Put a stage's beginning on record with its due time, and set someone to work on it."""
        stage.status = StageStatus.ACTIVE
        stage.due_at = workflow.now() + self.state.protocol.by_id[stage.id].due
        began = StageBegan(stage=stage.id, kind=stage.kind, visit=stage.visit, due_at=stage.due_at)
        self._notebook.note("stage.began", began, workflow.now())
        self.go_on(stage)

    def go_on(self, stage: StageState) -> None:
        """Set someone to work on a stage that has begun, and someone to watch its due time."""
        allowed = self.state.protocol.by_id[stage.id].due
        self._crew.set_to_work(stage.id, self._carry(stage))
        self._crew.set_to_work(stage.id, watch_stage(stage, allowed, self._notebook))

    def leave(self, stage: StageState) -> None:
        """Stop working on a stage and take back what it has begun; calls go on until their outcome is known."""
        self._crew.dismiss(stage.id)
        self.calls.take_back(stage)

    def due_changes(self, stage: StageState, due_at: datetime) -> None:
        """What the stage waits for next has another due time."""
        if stage.due_at != due_at:
            stage.due_at, stage.times_overdue = due_at, 0
            self._notebook.note("due.changed", DueChanged(stage=stage.id, due_at=due_at), workflow.now())

    async def _carry(self, stage: StageState) -> None:
        """Carry a stage to its end, through every impasse that a person resolves on the way."""
        desk: Desk[Any] = Desk(self, stage)
        while stage.status is StageStatus.ACTIVE:
            try:
                while impasse := stage.impasse or course.unasked(self.state, stage):
                    await self._resolve(stage, impasse)
                await KINDS[stage.kind].carry(desk)
                await self._labels_accounted_for(desk)
                course.complete(self.state, self._notebook, stage, workflow.now())
            except Stuck as stuck:
                if not identity_holds.ask(self.state, stage) and not course.blocks(self.state, stage.impasse):
                    stage.impasse = stuck.impasse
            except GoBack as back:
                self._go_back(back)
        self._crew.dismiss(stage.id)

    async def _labels_accounted_for(self, desk: Desk[Any]) -> None:
        """No wait at all without labels: an earlier engine's histories know of none."""
        if labels.open_in(self.state, desk.stage.id):
            await desk.until(lambda: not labels.open_in(self.state, desk.stage.id))

    async def _resolve(self, stage: StageState, impasse: Impasse) -> None:
        """Have a person say how a stage goes on, and follow. Raises `GoBack` where the way leads back."""
        impasse = stage.impasse = course.named(self.state, self._notebook, stage, impasse, workflow.now())
        role = course.asked_of(self.state, stage, impasse)
        choice, by = await self._people.choose(str(impasse.task), role, impasse, stage.id)
        if stage.impasse is not impasse:
            # Whoever signed an identity hold meanwhile has answered this, or made it another question.
            return
        if impasse.deviation is not None:
            self._notebook.resolve(impasse.deviation, choice, workflow.now(), by)
        stage.impasse = None
        back = decisions.way_back(self.state, stage, choice)
        if back is not None:
            raise GoBack(back, impasse.code)
        if choice == "stop":
            hearing.leave(self.state, self._notebook, impasse.code, workflow.now(), by)
            await workflow.wait_condition(lambda: False)

    def _go_back(self, back: GoBack) -> None:
        for stage in course.behind(self.state, back.stage):
            if stage.status is StageStatus.ACTIVE:
                self.leave(stage)
            course.reopen(self.state, self._notebook, stage, back.reason, workflow.now())
        course.set_old_material_aside(self.state, self._notebook, back.stage, workflow.now())
