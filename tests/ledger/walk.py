"""A walk: many facts of one journey, in any order that a workflow could put on record, drawn from a seed."""

from random import Random

from schemas.facts import Fact
from schemas.identity import IdentifierKind
from tests.ledger.scribe import STAGES, Scribe, bag, collected, known


class Walk:
    """Draws the next fact from what is possible now."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.scribe = Scribe()
        self.pending, self.active, self.done = list(STAGES), list[str](), list[str]()
        self.tasks, self.deviations = list[str](), list[str]()
        self.visits = dict.fromkeys(STAGES, 1)

    def facts(self, count: int) -> list[Fact]:
        """`count` facts from the start on; half of the walks end with the last, or begin to."""
        walked = [self.scribe.started(), *(self._next() for _ in range(count - 2))]
        return [*walked, self._end()]

    def _next(self) -> Fact:
        steps = [self._event, self._hold, self._open_task, self._open_deviation, self._told]
        steps += [self._begin] * 3 if self.pending else []
        steps += [self._complete, self._late, self._move_due] if self.active else []
        steps += [self._reopen] if self.done else []
        steps += [self._decide, self._moot, self._late_task] if self.tasks else []
        steps += [self._resolve] if self.deviations else []
        return self.random.choice(steps)()

    def _take(self, names: list[str]) -> str:
        return names.pop(self.random.randrange(len(names)))

    def _name(self, prefix: str) -> str:
        return f"{prefix}-{self.scribe.seq}"

    def _begin(self) -> Fact:
        self.active.append(stage := self._take(self.pending))
        return self.scribe.began(stage, visit=self.visits[stage])

    def _complete(self) -> Fact:
        self.done.append(stage := self._take(self.active))
        return self.scribe.completed(stage, visit=self.visits[stage])

    def _reopen(self) -> Fact:
        self.pending.append(stage := self._take(self.done))
        self.visits[stage] += 1
        return self.scribe.fact("stage.reopened", stage=stage, visit=self.visits[stage], reason="repeat")

    def _late(self) -> Fact:
        return self.scribe.late(self.random.choice(self.active), times=self.random.randint(1, 3))

    def _late_task(self) -> Fact:
        return self.scribe.late(self.random.choice(self.tasks), what="task")

    def _move_due(self) -> Fact:
        due_at = self.scribe.time.replace(year=2030).isoformat()
        return self.scribe.fact("due.changed", stage=self.random.choice(self.active), due_at=due_at)

    def _event(self) -> Fact:
        bags = [bag(f"BAG-{self.random.randint(1, 4)}", status=self.random.choice(["available", "used"]))]
        lines = [known(IdentifierKind.CONTAINER, f"{self.scribe.coi}-{self.random.randint(1, 4)}")]
        event = collected(self._name("e"), self.scribe.order)
        return self.scribe.heard(event, materials=bags, identifiers=lines)

    def _told(self) -> Fact:
        lines = [known(IdentifierKind.SHIPMENT, f"{self.scribe.coi}-{self._name('S')}")]
        told = {"command": "book_pickup", "key": "k", "role": "courier", "partner": "swift", "reference": "S-1"}
        return self.scribe.fact("partner.told", **told, identifiers=lines)

    def _hold(self) -> Fact:
        return self.scribe.fact(self.random.choice(["hold.placed", "hold.lifted"]), actor="quality", reason="audit")

    def _open_task(self) -> Fact:
        self.tasks.append(name := self._name("T"))
        return self.scribe.asked(name)

    def _decide(self) -> Fact:
        return self.scribe.fact(
            "task.decided", actor="dr-jones", task=self._take(self.tasks), choice="stop", reason="x"
        )

    def _moot(self) -> Fact:
        return self.scribe.fact("task.closed", task=self._take(self.tasks), reason="journey_leaving")

    def _open_deviation(self) -> Fact:
        self.deviations.append(name := self._name("D"))
        blocks = self.random.random() < 0.5
        return self.scribe.fact("deviation.opened", deviation=name, code="late", about=["BAG-1"], blocks=blocks)

    def _resolve(self) -> Fact:
        return self.scribe.fact("deviation.resolved", deviation=self._take(self.deviations), resolution="accepted")

    def _end(self) -> Fact:
        if self.random.random() < 0.5:
            return self._next()
        if self.random.random() < 0.3:
            return self.scribe.fact("journey.leaving", reason="walked")
        outcome = self.random.choice(["completed", "cancelled"])
        return self.scribe.fact(f"journey.{outcome}", outcome=outcome, reason="walked")
