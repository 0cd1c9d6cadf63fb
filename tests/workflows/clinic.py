"""A clinic for tests: starts journeys on a Temporal server and speaks for every partner of theirs."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

import protocols
from schemas.commands import PartnerCommand
from schemas.decisions import DecideTask, Decision, DecisionMade, DecisionReceipt, DismissEvent, EventDecided
from schemas.events import PartnerEvent
from schemas.facts import EventStatus, Fact, JourneyStatus
from schemas.identity import Role, new_coi
from schemas.orders import JourneyStart
from schemas.protocols import Protocol, read_protocol_yaml
from tests.waiting import until
from tests.workflows.fakes import FakeLedger, FakePartners, reference
from workflows.journey import Journey, JourneyOutcome
from workflows.names import JOURNEY_QUEUE, journey_workflow_id

PARTIES = {
    Role.TREATMENT_CENTRE: "st-marys",
    Role.COLLECTION_CENTRE: "riverside-apheresis",
    Role.COURIER: "swift-courier",
    Role.MANUFACTURER: "northern-cell-works",
    Role.LABORATORY: "city-laboratory",
}


Skip = Callable[[timedelta], Awaitable[None]]
"""Lets time go by on a Temporal server."""


def shipped_protocol(name: str) -> Protocol:
    """A protocol that Clew ships."""
    return read_protocol_yaml((Path(protocols.__file__).parent / f"{name}.yaml").read_text())


@dataclass
class Patient:
    """One journey, and everything that partners say of it. `now` is the partners' clock."""

    handle: WorkflowHandle[Journey, JourneyOutcome]
    start: JourneyStart
    ledger: FakeLedger
    partners: FakePartners
    now: datetime
    skip: Skip | None = None
    sent: list[PartnerEvent] = field(default_factory=list)

    @property
    def coi(self) -> str:
        return self.start.coi

    @property
    def order(self) -> str:
        return self.start.order

    def facts(self, *types: str) -> list[Fact]:
        """The facts on the ledger, of the given types or all."""
        record = self.ledger.facts.get(self.coi, [])
        return [fact for fact in record if not types or fact.type in types]

    async def passes(self, time: timedelta) -> None:
        """So much time goes by: for the partners, and for the journey too where its server's clock can jump."""
        self.now += time
        if self.skip is not None:
            await self.skip(time)

    def event(self, event_type: str, /, subject: str = "", **data: Any) -> PartnerEvent:
        """An event of this moment, not sent yet."""
        self.now += timedelta(minutes=1)
        return PartnerEvent(
            source="/test/partner",
            id=uuid4().hex,
            type=event_type,
            subject=subject or self.coi,
            occurred_at=self.now,
            data=data,
        )

    async def send(self, event: PartnerEvent) -> PartnerEvent:
        """Signal an event."""
        self.sent.append(event)
        await self.handle.signal(event.type, event)
        return event

    async def hears(self, event_type: str, /, **data: Any) -> PartnerEvent:
        """Something happens, and the journey is told."""
        return await self.send(self.event(event_type, **data))

    async def outcome_of(self, event: PartnerEvent) -> tuple[EventStatus, str | None]:
        """What became of an event."""
        key = (event.source, event.id)
        await until(lambda: key in self.ledger.outcomes, f"an outcome of {event.type}")
        outcome = self.ledger.outcomes[key]
        return outcome.status, outcome.reason

    async def fact(self, fact_type: str, where: Callable[[Fact], bool] = lambda _: True, count: int = 1) -> Fact:
        """The `count`-th fact of a type for which something holds, once it is on the ledger."""

        def found() -> list[Fact]:
            return [each for each in self.facts(fact_type) if where(each)]

        await until(lambda: len(found()) >= count, f"{fact_type} (number {count}); on record: {self.facts_in_short()}")
        return found()[count - 1]

    async def began(self, stage: str, visit: int = 1) -> Fact:
        """The beginning of a stage's visit."""
        return await self.fact("stage.began", lambda fact: (fact.data["stage"], fact.data["visit"]) == (stage, visit))

    async def told(self, command: str, visit: int = 1, stage: str | None = None) -> PartnerCommand:
        """A command that a partner has taken, and whose acknowledgement is on the ledger."""

        def found() -> list[PartnerCommand]:
            keys = [fact.data["key"] for fact in self.facts("partner.told")]
            taken = [self.partners.taken[key] for key in keys]
            return [
                each for each in taken if (each.command, each.visit) == (command, visit) and stage in (None, each.stage)
            ]

        await until(lambda: bool(found()), f"{command}, visit {visit}; on record: {self.facts_in_short()}")
        return found()[-1]

    async def task(self, question: str, count: int = 1) -> str:
        """The id of a task that is open."""
        opened = await self.fact("task.opened", lambda fact: fact.data["task"]["question"] == question, count)
        return str(opened.data["task"]["id"])

    async def decide(self, decision: Decision) -> DecisionReceipt:
        """A person decides. Raises `Refused` with the code when the journey refuses."""
        with _refusals():
            receipt: DecisionReceipt = await self.handle.execute_update(
                Journey.decide, DecisionMade(decision=decision), id=decision.id
            )
        return receipt

    async def gives_up(self, event: PartnerEvent, update: str = "") -> DecisionReceipt:
        """A person gives up an event that waits. `update`: the id of the attempt; each its own without one."""
        decision = DismissEvent(id=f"dismiss-{event.id}", by="operator-3", reason="looked_into", event=event)
        with _refusals():
            receipt: DecisionReceipt = await self.handle.execute_update(
                Journey.decide_event, EventDecided(decision=decision), id=update or uuid4().hex
            )
        return receipt

    async def answer(self, question: str, choice: str, count: int = 1) -> DecisionReceipt:
        """A person answers a task, as soon as it is open."""
        task = await self.task(question, count)
        return await self.decide(
            DecideTask(id=uuid4().hex, by="dr-lindqvist", reason="clinical_judgement", task=task, choice=choice)
        )

    async def status(self) -> JourneyStatus:
        """How the journey ended."""
        return (await self.handle.result()).status

    def facts_in_short(self) -> str:
        """For the message of a failing test."""
        return ", ".join(fact.type for fact in self.facts())


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except WorkflowUpdateFailedError as error:
        assert isinstance(error.cause, ApplicationError)
        raise Refused(str(error.cause.type)) from error


class Refused(Exception):
    """The journey refused a decision: `code`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Clinic:
    """Starts journeys against one Temporal server, with a fake ledger and fake partners."""

    client: Client
    ledger: FakeLedger = field(default_factory=FakeLedger)
    partners: FakePartners = field(default_factory=FakePartners)
    skip: Skip | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    patients: list[Patient] = field(default_factory=list)

    async def enrols(self, protocol: str | Protocol = "autologous-car-t", time_lapse: float = 1) -> Patient:
        """A patient's journey begins."""
        document = shipped_protocol(protocol) if isinstance(protocol, str) else protocol
        coi = new_coi()
        start = JourneyStart(
            coi=coi,
            order=f"ORD-{coi[4:12]}",
            parties=PARTIES,
            protocol=document,
            time_lapse=time_lapse,
            ordered_at=self.now,
        )
        handle = await self.client.start_workflow(
            Journey.run, start, id=journey_workflow_id(coi), task_queue=JOURNEY_QUEUE
        )
        patient = Patient(handle, start, self.ledger, self.partners, self.now, self.skip)
        self.patients.append(patient)
        return patient

    async def closes(self) -> None:
        """End the journeys that a test left open: the next test's worker would find them, and not their ledger."""
        for patient in self.patients:
            with suppress(RPCError):
                await patient.handle.terminate()


__all__ = ["PARTIES", "Clinic", "Patient", "Refused", "reference", "shipped_protocol"]
