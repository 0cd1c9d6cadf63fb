"""A journey without Temporal: the real rules, notebook and stages, and a scheduler that a test can see through.

The stages' own coroutines are carried here step by step, so a test of order and of rules is a test of what runs.
"""

from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from schemas.commands import Acknowledgement, PartnerCommand
from schemas.decisions import DecideTask, Task
from schemas.events import PartnerEvent
from schemas.facts import (
    EventOutcome,
    Fact,
    JourneyClosed,
    JourneyStatus,
    PartnerTold,
    StageBegan,
)
from schemas.identity import KnownAs, Role
from schemas.orders import JourneyStart
from schemas.protocols import Protocol
from tests.workflows.clinic import PARTIES, shipped_protocol
from tests.workflows.fakes import reference
from workflows import course, decisions, hearing
from workflows.calls import REFERENCES, Calls
from workflows.decisions import GoBack
from workflows.desk import Desk, Stuck
from workflows.notebook import Notebook
from workflows.stages import KINDS
from workflows.state import JourneyState, StageState, StageStatus

ANA = "CLEW0000000000000000A"
FIRST_DAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


class Turn:
    """Gives the turn to whoever else is waiting."""

    def __await__(self) -> Generator[None]:
        yield


class PureCalls(Calls):
    """Every partner takes every command at once, and names what it will do as the fakes do."""

    def __init__(self, journey: "PureJourney") -> None:
        super().__init__(journey.state, journey.notebook)
        self._journey = journey

    async def tell(self, stage: StageState, role: Role, command: str, details: dict[str, Any]) -> None:
        order = self._command(stage, role, command, details)
        stage.asked[command] = order
        name = Acknowledgement(reference=reference(order)).reference
        stage.told[command] = name
        kind = REFERENCES.get(command)
        if kind is not None and name is not None:
            self._journey.state.references[name] = (order.stage, order.visit)
        told = PartnerTold(
            command=command,
            key=order.key,
            role=role,
            partner=order.partner,
            stage=order.stage,
            reference=name,
            identifiers=(KnownAs(kind=kind, value=name),) if kind and name else (),
        )
        self._journey.notebook.note("partner.told", told, self._journey.now)
        self._journey.commands.append(order)


class PureDesk(Desk[Any]):
    """A desk that waits by giving its turn away."""

    async def until(self, condition: Callable[[], object]) -> None:
        while self.stage.impasse is None and not condition():
            await Turn()
        if self.stage.impasse is not None:
            raise Stuck(self.stage.impasse)


@dataclass
class PureJourney:
    """One journey. `answers`: what a person chooses, by the code of the impasse; without one the stage stays stuck."""

    start: JourneyStart
    answers: dict[str, str] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    outcomes: list[EventOutcome] = field(default_factory=list)
    commands: list[PartnerCommand] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = JourneyState.of(self.start)
        self.notebook = Notebook(self.state)
        self.calls = PureCalls(self)
        self.scribe = self
        self._carried: dict[str, Coroutine[Any, Any, None]] = {}
        self.settle()

    @property
    def now(self) -> datetime:
        """The journey's clock stands where its newest fact is."""
        return self.state.as_of

    async def caught_up(self) -> None:
        """As the scribe promises: all that is known by now is on the ledger."""
        seq = self.state.seq
        while self.state.recorded < seq:
            await Turn()

    def due_changes(self, stage: StageState, due_at: datetime) -> None:
        """As the journey does; nobody here watches the clock."""
        stage.due_at = due_at

    def hears(self, event: PartnerEvent) -> EventOutcome | None:
        """An event arrives; everything that follows from it happens. Gives the journey's last word on it so far."""
        hearing.hear(self.state, self.notebook, event, self.now)
        self.settle()
        return self.outcome_of(event)

    def outcome_of(self, event: PartnerEvent) -> EventOutcome | None:
        """The last word on an event."""
        said = [each for each in self.outcomes if (each.source, each.id) == (event.source, event.id)]
        return said[-1] if said else None

    def settle(self) -> None:
        """Let every stage go as far as it can, until nothing moves any more."""
        mark = (-1, -1)
        while mark != (self.state.seq, self.state.recorded) or self.notebook:
            mark = (self.state.seq, self.state.recorded)
            self._write()
            hearing.hear_waiting(self.state, self.notebook, self.now)
            for stage in [] if self.state.leaving or self.state.closed else course.ready(self.state):
                self._begin(stage)
            for stage in list(self.state.active()):
                # One before it may have gone back behind it meanwhile.
                if stage.status is StageStatus.ACTIVE:
                    self._carry_on(stage)
            if course.is_over(self.state) and self.state.closed is None:
                self._close()

    def decide(self, stage_id: str, choice: str) -> None:
        """A person answers the question that a stage is stuck with."""
        stage = self.state.stages[stage_id]
        assert stage.impasse is not None and stage.impasse.task is not None
        impasse = stage.impasse
        decision = DecideTask(
            id=f"decides-{impasse.task}",
            by="dr-lindqvist",
            reason="clinical_judgement",
            task=impasse.task,
            choice=choice,
        )
        assert decisions.refusal(self.state, decision) is None
        decisions.take(self.state, self.notebook, decision, self.now)
        if impasse.deviation is not None:
            self.notebook.resolve(impasse.deviation, choice, self.now)
        stage.impasse = None
        back = decisions.way_back(self.state, stage, choice)
        if back is not None:
            self._go_back(GoBack(back, impasse.code))
        elif choice == "stop":
            hearing.leave(self.state, self.notebook, impasse.code, self.now)
        self.settle()

    def _write(self) -> None:
        while self.notebook:
            batch = self.notebook.take(100, epoch=self.now)
            self.facts += batch.facts
            self.outcomes += batch.outcomes
        self.state.recorded = self.state.seq

    def _begin(self, stage: StageState) -> None:
        due_at = self.now + self.state.protocol.by_id[stage.id].due
        stage.status, stage.due_at = StageStatus.ACTIVE, due_at
        began = StageBegan(stage=stage.id, kind=stage.kind, visit=stage.visit, due_at=due_at)
        self.notebook.note("stage.began", began, self.now)

    def _carry_on(self, stage: StageState) -> None:
        if stage.impasse is not None and stage.impasse.task is not None:
            return
        unasked = course.unasked(self.state, stage) if stage.impasse is None else None
        if stage.id not in self._carried and unasked is not None:
            self._ask(stage, Stuck(unasked))
            return
        if stage.id not in self._carried:
            self._carried[stage.id] = cast(
                Coroutine[Any, Any, None], KINDS[stage.kind].carry(PureDesk(cast(Any, self), stage))
            )
        try:
            self._carried[stage.id].send(None)
        except StopIteration:
            del self._carried[stage.id]
            course.complete(self.state, self.notebook, stage, self.now)
        except Stuck as stuck:
            del self._carried[stage.id]
            self._ask(stage, stuck)
        except GoBack as back:
            self._go_back(back)

    def _ask(self, stage: StageState, stuck: Stuck) -> None:
        impasse = course.named(self.state, self.notebook, stage, stuck.impasse, self.now)
        stage.impasse = impasse
        task = Task(
            id=str(impasse.task),
            question=impasse.question,
            stage=stage.id,
            role=course.asked_of(self.state, stage, impasse),
            about=impasse.about,
            choices=decisions.offered(impasse.choices),
            opened_at=self.now,
            due_at=self.now,
        )
        self.notebook.open_task(task)
        if impasse.code in self.answers:
            self.decide(stage.id, self.answers[impasse.code])

    def _go_back(self, back: GoBack) -> None:
        for stage in course.behind(self.state, back.stage):
            carried = self._carried.pop(stage.id, None)
            if carried is not None:
                carried.close()
            course.reopen(self.state, self.notebook, stage, back.reason, self.now)
        course.set_old_material_aside(self.state, self.notebook, back.stage, self.now)

    def _close(self) -> None:
        hearing.give_up_waiting(self.state, self.notebook)
        self.state.closed = JourneyStatus.COMPLETED
        closed = JourneyClosed(outcome="completed", reason="protocol_completed")
        self.notebook.note("journey.completed", closed, self.now)


def journey(protocol: str | Protocol = "autologous-car-t", **answers: str) -> PureJourney:
    """Ana's journey, begun."""
    document = shipped_protocol(protocol) if isinstance(protocol, str) else protocol
    start = JourneyStart(coi=ANA, order="ORD-ANA", parties=PARTIES, protocol=document, ordered_at=FIRST_DAY)
    return PureJourney(start, answers)
