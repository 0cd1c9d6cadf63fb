"""The Journey: one patient's therapy, from enrolment to follow-up, as one durable workflow."""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from schemas.base import Strict
from schemas.decisions import DecisionMade, DecisionReceipt, EventDecided
from schemas.facts import JourneyClosed, JourneyStatus
from schemas.orders import JourneyStart
from workflows import course, decisions, hearing
from workflows.calls import Calls
from workflows.crew import Crew
from workflows.names import IDENTITY_CLEARED, IDENTITY_HELD, JOURNEY_WORKFLOW
from workflows.notebook import Notebook
from workflows.people import People
from workflows.scribe import Scribe
from workflows.stage_work import StageWork
from workflows.state import JourneyState, StageState
from workflows.story import Story
from workflows.winding_up import WindingUp


class JourneyOutcome(Strict):
    """How a journey ended."""

    coi: str
    status: JourneyStatus
    reason: str
    entries: int


LAST_PAUSE = timedelta(milliseconds=1)
"""Any timer would do: it ends the workflow task that made the last entries."""


@workflow.defn(name=JOURNEY_WORKFLOW)
class Journey:
    """The only sequencer of its facts: what is not numbered here did not happen."""

    @workflow.init
    def __init__(self, start: JourneyStart) -> None:
        self.state = JourneyState.of(start)
        self.notebook = Notebook(self.state)
        self.crew = Crew()
        self.scribe = Scribe(self.state, self.notebook)
        self.calls = Calls(self.state, self.notebook)
        self.people = People(self.state, self.notebook, self.scribe, self.crew)
        self.work = StageWork(self.state, self.notebook, self.scribe, self.calls, self.people, self.crew)
        self.story = Story()

    @workflow.run
    async def run(self, start: JourneyStart) -> JourneyOutcome:
        self.open(is_new=start.carried is None)
        async for stage in self.stages_as_they_become_ready():
            self.work.begin(stage)
        if self.state.leaving:
            await self.wound_up(WindingUp.run)
        elif course.is_over(self.state) and course.under_way(self.state):
            await self.wound_up(WindingUp.settle_what_is_under_way)
        outcome = None if self.must_renew() else await self.outcome()
        self.crew.dismiss_all()
        return outcome or workflow.continue_as_new(self.state.carried_over())

    @workflow.signal(dynamic=True)
    def hear(self, name: str, arguments: Sequence[RawValue]) -> None:
        """A partner says what happened; the signal's name is the event's type. Or: look for identity holds."""
        if name in (IDENTITY_HELD, IDENTITY_CLEARED):
            self.scribe.look()
        else:
            self.scribe.arrived(name, arguments)

    @workflow.update
    async def decide(self, made: DecisionMade) -> DecisionReceipt:
        """A person decides; answered when the decision is on the ledger. Sent twice, it has one effect."""
        decision = made.decision
        if self.scribe.must_look:
            await self._has_looked()
            self._refuse(made)
        seq = self.state.decisions.get(decision.id)
        if seq is None:
            seq = decisions.take(self.state, self.notebook, decision, workflow.now())
            self.people.watch_hold()
        return await self._on_record(decision.id, seq)

    @decide.validator
    def may_be_decided(self, made: DecisionMade) -> None:
        """Refuse before anything enters history; the error's type is the refusal's code."""
        self._refuse(made)

    @workflow.update
    async def decide_event(self, decided: EventDecided) -> DecisionReceipt:
        """A person has an event judged once more, or gives it up; answered when what followed is on the ledger."""
        decision = decided.decision
        if self.scribe.must_look:
            await self._has_looked()
            self._refuse_about_event(decided)
        seq = self.state.decisions.get(decision.id)
        if seq is None:
            seq = decisions.take_event(self.state, self.notebook, decision, workflow.now())
        return await self._on_record(decision.id, seq)

    @decide_event.validator
    def event_may_be_decided(self, decided: EventDecided) -> None:
        """Refuse before anything enters history; beside the code goes what the judge says of the event."""
        self._refuse_about_event(decided)

    def open(self, *, is_new: bool) -> None:
        """Put the start on record, or go on where the run before this one stopped."""
        self.crew.set_to_work("scribe", self._keep_writing())
        if is_new:
            self.notebook.note("journey.started", course.started(self.state), self.state.start.ordered_at)
        for stage in self.state.active():
            self.work.go_on(stage)
        self.people.watch_hold()

    async def stages_as_they_become_ready(self) -> AsyncIterator[StageState]:
        """Each stage once all that it comes after is done, until none is left; none while the journey is held."""
        while True:
            await self.crew.until(lambda: self._is_at_an_end() or course.ready(self.state))
            if self._is_at_an_end():
                return
            for stage in course.ready(self.state):
                yield stage

    async def wound_up(self, what: Callable[[WindingUp], Coroutine[Any, Any, None]]) -> None:
        """Account for what is left; where the journey ends early, take back what was begun before."""
        winding_up = WindingUp(self.state, self.notebook, self.calls, self.people, self.work, self.crew)
        work = self.crew.set_to_work("winding_up", what(winding_up))
        await self.crew.until(work.done)

    async def outcome(self) -> JourneyOutcome:
        """Close the journey on the ledger, and hear out what arrives until the very end."""
        state, now = self.state, workflow.now()
        hearing.give_up_waiting(state, self.notebook)
        self.notebook.close("journey_closed", now)
        course.settle_what_is_left(state, self.notebook, now)
        state.closed = JourneyStatus.CANCELLED if state.leaving else JourneyStatus.COMPLETED
        reason = state.leaving or "protocol_completed"
        closed = JourneyClosed.model_validate({"outcome": state.closed.value, "reason": reason})
        self.notebook.note(f"journey.{state.closed.value}", closed, now)
        await self._last_word()
        return JourneyOutcome(coi=state.start.coi, status=state.closed, reason=reason, entries=state.seq)

    async def _last_word(self) -> None:
        """Wait until all is on record, and that is in Temporal's history too: a signal that arrives while a run is
        completing makes Temporal do its last workflow task again, which must not find anything left to write."""
        while not self.scribe.is_idle or not workflow.all_handlers_finished():
            await self.crew.until(lambda: self.scribe.is_idle and workflow.all_handlers_finished())
            await workflow.sleep(LAST_PAUSE, summary="the record is complete")

    def must_renew(self) -> bool:
        """Whether the history has grown so long that the journey goes on in a new run; only at a quiet moment."""
        quiet = self.scribe.is_idle and self.calls.are_done and workflow.all_handlers_finished()
        return workflow.info().is_continue_as_new_suggested() and quiet and not self.state.leaving

    def _is_at_an_end(self) -> bool:
        is_over = course.is_over(self.state) and not self.state.is_identity_held
        return bool(self.state.leaving) or is_over or self.must_renew()

    def _refuse(self, made: DecisionMade) -> None:
        refused = decisions.refusal(self.state, made.decision)
        if refused is not None:
            raise ApplicationError(refused[1], type=refused[0], non_retryable=True)

    def _refuse_about_event(self, decided: EventDecided) -> None:
        refused = decisions.event_refusal(self.state, decided.decision)
        if refused is not None:
            code, sentence, reason = refused
            raise ApplicationError(sentence, reason, type=code, non_retryable=True)

    async def _has_looked(self) -> None:
        """Nothing is decided on what may be old news: a hold that was opened meanwhile counts."""
        await workflow.wait_condition(lambda: not self.scribe.must_look)

    async def _on_record(self, decision: str, seq: int) -> DecisionReceipt:
        await workflow.wait_condition(lambda: self.state.recorded >= seq)
        return DecisionReceipt(decision=decision, seq=seq + self.state.offset)

    async def _keep_writing(self) -> None:
        while True:
            await self.scribe.write_one_round()
            self.story.show(self.state)
