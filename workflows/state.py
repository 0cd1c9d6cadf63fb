"""What a journey knows: all that its rules look at, and all that continue-as-new carries over."""

from datetime import datetime
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any

from pydantic import BaseModel, Field

from schemas.base import Strict
from schemas.commands import PartnerCommand
from schemas.decisions import Task
from schemas.facts import CLEW, JourneyStatus, Material, MaterialStatus
from schemas.holds import Finding
from schemas.identity import Role
from schemas.materials import Amounts
from schemas.orders import JourneyStart
from schemas.protocols import Protocol


class StageStatus(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    DONE = "done"


class Heard(Strict):
    """An event that took effect in a stage's current visit, as ledger entry `seq`."""

    seq: int
    type: str
    key: str
    occurred_at: datetime
    data: dict[str, Any]


class Impasse(Strict):
    """Why a stage cannot go on without a person: the question, its answers, and the deviation behind it."""

    question: str = "exception"
    code: str
    choices: tuple[str, ...]
    about: tuple[str, ...] = ()
    deviation: str | None = None
    task: str | None = None


class StageState(BaseModel):
    """One stage, in its current visit."""

    id: str
    kind: str
    status: StageStatus = StageStatus.PENDING
    visit: int = 1
    reopened_at: datetime | None = None
    due_at: datetime | None = None
    times_overdue: int = 0
    heard: list[Heard] = Field(default_factory=list)
    planned: dict[str, dict[str, Any]] = Field(default_factory=dict)
    asked: dict[str, PartnerCommand] = Field(default_factory=dict)
    told: dict[str, str | None] = Field(default_factory=dict)
    impasse: Impasse | None = None
    impasses: int = 0
    traceparent: str | None = None

    def all_heard(self, *types: str) -> list[Heard]:
        """What was heard of the given types, in the order of hearing."""
        return [each for each in self.heard if each.type in types]

    def latest(self, event_type: str) -> Heard | None:
        """The last one heard of a type."""
        found = self.all_heard(event_type)
        return found[-1] if found else None

    def reopen(self, at: datetime) -> None:
        """Make the stage ready to run again, as its next visit, if it has begun at all."""
        if self.status is StageStatus.PENDING and not self.heard:
            return
        fresh = StageState(id=self.id, kind=self.kind, visit=self.visit + 1, reopened_at=at)
        for name in type(self).model_fields:
            setattr(self, name, getattr(fresh, name))


class TaskState(BaseModel):
    """A task, and what was decided: empty while it is open."""

    task: Task
    choice: str | None = None
    decided_by: str = CLEW
    times_overdue: int = 0
    due_at: datetime


class Release(Strict):
    """A batch that may be used in its patient, from when on."""

    batch: str
    doses: tuple[str, ...]
    at: datetime


class Batch(Strict):
    """A batch that manufacture has told of, and the visit that it belongs to."""

    batch: str
    stage: str
    visit: int


class OpenDeviation(Strict):
    id: str
    code: str
    stage: str | None
    blocks: bool


class LabelSet(Strict):
    """Labels that the desk issued for a stage, in whichever visit; `open` until all of them are accounted for."""

    stage: str
    labels: int
    open: bool = True


class KnownHold(BaseModel):
    """An identity hold that the journey has learned of: its deviation here, and the material that it put apart."""

    deviation: str
    apart: list[str]
    finding: Finding | None = None

    @property
    def is_open(self) -> bool:
        return self.finding is None


class Handled(BaseModel):
    """What is kept of material that was handled: what was said, as hashes; what was emptied; and the amounts that a
    container or dose had when it was collected or made."""

    said: list[str] = Field(default_factory=list)
    emptied: list[str] = Field(default_factory=list)
    measured: dict[str, Amounts] = Field(default_factory=dict)


class JourneyState(BaseModel):
    """All of a journey."""

    start: JourneyStart
    seq: int = 0
    recorded: int = 0
    offset: int = 0
    as_of: datetime
    stages: dict[str, StageState]
    waiting: list[dict[str, Any]] = Field(default_factory=list)
    seen: dict[str, str] = Field(default_factory=dict)
    without_effect: list[str] = Field(default_factory=list)
    materials: dict[str, Material] = Field(default_factory=dict)
    handled: Handled = Field(default_factory=Handled)
    batches: dict[str, Batch] = Field(default_factory=dict)
    releases: dict[str, Release] = Field(default_factory=dict)
    references: dict[str, tuple[str, int]] = Field(default_factory=dict)
    donations: list[str] = Field(default_factory=list)
    aliases: dict[str, str] = Field(default_factory=dict)
    tasks: dict[str, TaskState] = Field(default_factory=dict)
    deviations: dict[str, OpenDeviation] = Field(default_factory=dict)
    label_sets: dict[str, LabelSet] = Field(default_factory=dict)
    deviation_count: int = 0
    held_by_hand: bool = False
    holds: int = 0
    identity_holds: dict[str, KnownHold] = Field(default_factory=dict)
    leaving: str | None = None
    leaving_since: datetime | None = None
    closed: JourneyStatus | None = None
    decisions: dict[str, int] = Field(default_factory=dict)
    traceparent: str | None = None

    @classmethod
    def new(cls, start: JourneyStart) -> "JourneyState":
        """A journey that has not begun."""
        stages = {each.id: StageState(id=each.id, kind=each.kind) for each in start.protocol.stages}
        return cls(start=_slim(start), as_of=start.ordered_at, stages=stages)

    @classmethod
    def of(cls, start: JourneyStart) -> "JourneyState":
        """The state that a run begins with: new, or what the run before this one carried over."""
        if start.carried is None:
            return cls.new(start)
        return cls.model_validate({"start": _slim(start), **start.carried})

    def carried_over(self) -> JourneyStart:
        """The start of the journey's next run."""
        return self.start.model_copy(update={"carried": self.model_dump(mode="json", exclude={"start"})})

    @cached_property
    def protocol(self) -> Protocol:
        """The pinned protocol, in this run's time-lapse."""
        return shared(self.start.protocol, self.start.time_lapse)

    @property
    def is_held(self) -> bool:
        blocked = self.held_by_hand or any(each.blocks for each in self.deviations.values())
        return blocked or self.is_identity_held

    @property
    def is_identity_held(self) -> bool:
        """Whether identity is in doubt, and two people have not said yet what they found."""
        return any(each.is_open for each in self.identity_holds.values())

    @property
    def status(self) -> JourneyStatus:
        if self.closed is not None:
            return self.closed
        if self.leaving is not None:
            return JourneyStatus.LEAVING
        return JourneyStatus.HELD if self.is_held else JourneyStatus.RUNNING

    def active(self) -> list[StageState]:
        """The stages under way, in the protocol's order."""
        return [each for each in self.stages.values() if each.status is StageStatus.ACTIVE]

    def is_ready(self, stage: StageState) -> bool:
        """Whether all that the stage comes after is done."""
        # Asked after every step of the journey, mostly of stages that are not pending: those first.
        if stage.status is not StageStatus.PENDING:
            return False
        return all(self.stages[each].status is StageStatus.DONE for each in self.protocol.by_id[stage.id].after)

    def at(self, role: Role, kind: str) -> list[Material]:
        """The material of a kind that is ready for use with the organisation in a role."""
        ready = [each for each in self.materials.values() if each.status is MaterialStatus.AVAILABLE]
        return [each for each in ready if each.holder is role and each.kind == kind and not each.quarantined]

    def batch_of(self, stage_id: str) -> str | None:
        """The batch of a manufacture stage's current visit."""
        visit = self.stages[stage_id].visit
        found = [each.batch for each in self.batches.values() if (each.stage, each.visit) == (stage_id, visit)]
        return found[-1] if found else None


def _slim(start: JourneyStart) -> JourneyStart:
    return start.model_copy(update={"protocol": shared(start.protocol), "carried": None})


@lru_cache(maxsize=64)
def _shared(document: str, factor: float) -> Protocol:
    return Protocol.model_validate_json(document).in_time_lapse(factor)


def shared(protocol: Protocol, factor: float = 1) -> Protocol:
    """The protocol in time-lapse, as one object for all journeys that have it: thousands of them lie idle."""
    return _shared(protocol.model_dump_json(by_alias=True), factor)
