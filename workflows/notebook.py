"""The notebook: facts that are numbered and not yet on the ledger. Pure; the scribe empties it."""

from datetime import datetime

from schemas.decisions import Task
from schemas.events import PartnerEvent
from schemas.facts import (
    CLEW,
    Batch,
    DeviationOpened,
    DeviationResolved,
    EventOutcome,
    EventStatus,
    Fact,
    FactData,
    HoldLifted,
    HoldPlaced,
    TaskClosed,
    TaskOpened,
    decided_fact,
    event_fact,
)
from workflows.state import JourneyState, OpenDeviation, TaskState


class Notebook:
    """Writes facts for one journey and changes its state to match, so that the two cannot differ."""

    def __init__(self, state: JourneyState) -> None:
        self.state = state
        self._facts: list[Fact] = []
        self._outcomes: list[EventOutcome] = []

    def __bool__(self) -> bool:
        return bool(self._facts or self._outcomes)

    def note(self, fact_type: str, data: FactData, at: datetime, actor: str = CLEW) -> int:
        """Write a fact of the journey's own; gives its number."""
        self.state.seq += 1
        self._facts.append(
            Fact(
                seq=self.state.seq,
                type=fact_type,
                occurred_at=at,
                actor=actor,
                data=data.model_dump(mode="json", exclude_defaults=True),
            )
        )
        return self.state.seq

    def note_event(self, event: PartnerEvent, fact_type: str, data: FactData) -> int:
        """Write the fact that a partner's event became; gives its number."""
        self.state.seq += 1
        self._facts.append(event_fact(self.state.seq, event, fact_type, data))
        return self.state.seq

    def note_decided(self, event: PartnerEvent, fact_type: str, data: FactData, at: datetime, actor: str) -> int:
        """Write what a person decided on a partner's event; gives the fact's number."""
        self.state.seq += 1
        self._facts.append(decided_fact(self.state.seq, event, fact_type, data, at, actor))
        return self.state.seq

    def answer(
        self, event: PartnerEvent, status: EventStatus, reason: str | None = None, by: str | None = None
    ) -> None:
        """Tell the sender, should it ask, what became of its event."""
        self._outcomes.append(EventOutcome(source=event.source, id=event.id, status=status, reason=reason, by=by))

    def take(self, most: int, epoch: datetime) -> Batch:
        """The oldest facts, at most `most`, and all outcomes, for one append; the notebook forgets them."""
        coi, facts = self.state.start.coi, tuple(self._facts[:most])
        batch = Batch(coi=coi, epoch=epoch, facts=facts, outcomes=tuple(self._outcomes))
        self._facts, self._outcomes = self._facts[most:], []
        return batch

    def deviate(
        self, code: str, at: datetime, *, stage: str | None = None, about: tuple[str, ...] = (), blocks: bool = False
    ) -> str:
        """Open a deviation; a blocking one holds the journey. Gives its id."""
        was_held = self.state.is_held
        self.state.deviation_count += 1
        deviation = f"D{self.state.deviation_count}"
        self.state.deviations[deviation] = OpenDeviation(id=deviation, code=code, stage=stage, blocks=blocks)
        opened = DeviationOpened(deviation=deviation, code=code, stage=stage, about=about, blocks=blocks)
        self.note("deviation.opened", opened, at)
        if blocks and not was_held:
            self.note("hold.placed", HoldPlaced(reason=code), at)
        return deviation

    def resolve(self, deviation: str, resolution: str, at: datetime, actor: str = CLEW) -> None:
        """Close a deviation; the hold goes with the last one that blocks."""
        was_held = self.state.is_held
        if self.state.deviations.pop(deviation, None) is None:
            return
        self.note("deviation.resolved", DeviationResolved(deviation=deviation, resolution=resolution), at, actor)
        if was_held and not self.state.is_held:
            self.note("hold.lifted", HoldLifted(reason=resolution), at, actor)

    def open_task(self, task: Task) -> None:
        """Put a question to a person."""
        self.state.tasks[task.id] = TaskState(task=task, due_at=task.due_at)
        self.note("task.opened", TaskOpened(task=task), task.opened_at)

    def close_task(self, task_id: str, reason: str, at: datetime) -> None:
        """Withdraw a question, if it is still open: nobody needs its answer any more."""
        task = self.state.tasks.get(task_id)
        if task is not None and task.choice is None:
            task.choice = "closed"
            self.note("task.closed", TaskClosed(task=task_id, reason=reason), at)

    def close(self, reason: str, at: datetime) -> None:
        """Withdraw every open question and resolve every open deviation: the journey ends.

        What an identity hold has opened stays: only those who sign that resolve it.
        """
        for task_id in self.state.tasks:
            self.close_task(task_id, reason, at)
        signed_for = {each.deviation for each in self.state.identity_holds.values() if each.is_open}
        for deviation in [each for each in self.state.deviations if each not in signed_for]:
            self.resolve(deviation, reason, at)
