"""Simulated people: they look at the open tasks and decide each after a while, by the policy of their house."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from pydantic import ValidationError

from partners.simulator import durations
from partners.simulator.chance import chance_of
from partners.simulator.outside import NotNow, Outside, Rejected
from partners.simulator.store import Store
from schemas.base import Identifier, Instant, Tolerant
from schemas.decisions import Choice, DecideTask

POLICY: dict[str, dict[str, float]] = {
    "batch_rejected": {"remake": 0.5, "recollect": 0.4, "stop": 0.1},
    "settle_material": {"destroy": 0.7, "retain": 0.3},
    "partner_refused": {"send_again": 1},
    "delivery_given_up": {"send_again": 1},
    "exception": {"continue": 1},
}
"""For each question, how often people choose what. Only what a task offers is ever chosen."""

PATIENCE = {"partner_refused": (2, "stop"), "exception": (5, "stop")}
"""After so many answers to the same question, this one."""

PROFESSIONS = ("nurse", "coordinator", "pharmacist", "physician")
LOOK_EVERY = 0.25

_log = structlog.get_logger(__name__)


class OpenTask(Tolerant):
    """What people need to see of a task."""

    id: Identifier
    journey: str
    question: str
    stage: str | None = None
    choices: tuple[Choice, ...]
    opened_at: Instant


@dataclass(frozen=True)
class Staff:
    """`orders`: the memory of the centre that placed the orders; a journey's chance is drawn from its order number."""

    store: Store
    orders: Store
    outside: Outside
    seed: int
    time_lapse: float

    async def run(self) -> None:
        """For ever."""
        while True:
            with suppress(NotNow):
                await self.look()
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Decide every open task whose time has come. Raises `NotNow` while Clew is away."""
        for listed in await self.outside.open_tasks():
            try:
                task = OpenTask.model_validate(listed)
            except ValidationError:
                _log.warning("simulator.task_unreadable")
                continue
            if self._decides_at(task) <= datetime.now(UTC):
                await self._decide(task)

    async def _decide(self, task: OpenTask) -> None:
        decision = self.decision_on(task)
        try:
            await self.outside.decide(task.journey, decision.model_dump(mode="json"))
        except Rejected as rejected:
            # Decided by somebody else, moot, or not to be decided yet: the next look will show.
            _log.debug("simulator.decision_rejected", decision=decision.id, status=rejected.status)
        else:
            self.store.remember_decision(decision.id, task.journey, task.stage, task.question, decision.choice)

    def decision_on(self, task: OpenTask) -> DecideTask:
        """The same task gets the same decision, under the same id."""
        chance = chance_of(self.seed, "decision", self._name(task), task.id)
        by = f"{chance.choice(PROFESSIONS)}-{chance.randint(1, 20):02}"
        identity = f"staff/{task.journey}/{task.id}"
        return DecideTask(id=identity, by=by, reason="usual_practice", task=task.id, choice=self._choice(task))

    def _choice(self, task: OpenTask) -> str:
        offered = [each.choice for each in task.choices]
        enough, last_resort = PATIENCE.get(task.question, (None, ""))
        if enough is not None and last_resort in offered and self._times_decided(task) >= enough:
            return last_resort
        weights = {choice: weight for choice, weight in POLICY.get(task.question, {}).items() if choice in offered}
        if not weights:
            return offered[0]
        chance = chance_of(self.seed, "choice", self._name(task), task.id)
        return chance.choices(list(weights), list(weights.values()))[0]

    def _decides_at(self, task: OpenTask) -> datetime:
        chance = chance_of(self.seed, "when", self._name(task), task.id)
        return task.opened_at + durations.DECISION.draw(chance) / self.time_lapse

    def _times_decided(self, task: OpenTask) -> int:
        return self.store.decided(task.journey, task.stage, task.question)

    def _name(self, task: OpenTask) -> str:
        return self.orders.order_of(task.journey) or task.journey
