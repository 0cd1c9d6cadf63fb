"""Clew as it runs, in one process: the API, workers on a real Temporal server, a real ledger, and partners who note
what they are told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer

from activities.ledger import LedgerActivities
from activities.partners import PartnerActivities
from api.paths import event_path
from ledger.database import Database
from ledger.tables import PartnerRow
from partners.door import Answered, Door
from schemas.commands import Acknowledgement, PartnerCommand
from schemas.decisions import DecisionMade, DecisionReceipt
from schemas.deliveries import Outcome
from schemas.events import PartnerEvent, write_event
from schemas.settings import Settings
from tests.api.clinic import Clinic, clinic
from tests.holds.ward import NamedNeighbours
from tests.waiting import until
from tests.workflows.fakes import reference
from tests.workflows.sandbox import sandbox
from worker.dispatch.dispatcher import Dispatcher
from worker.dispatch.telling import Teller
from worker.queues import journey_worker, partner_worker
from workflows.journey import Journey
from workflows.names import journey_workflow_id

PATIENCE = 40


@dataclass
class Doors:
    """Every partner: takes what it is told, once. `away`: commands that it cannot be reached with at present."""

    taken: dict[str, PartnerCommand] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    tried: list[str] = field(default_factory=list)

    async def to(self, _partner: PartnerRow) -> Door:
        return self

    async def send(self, command: PartnerCommand) -> Answered:
        self.tried.append(command.key)
        if command.command in self.away:
            return Answered(Outcome.LATER, problem="the partner cannot be reached")
        self.taken.setdefault(command.key, command)
        return Answered(Outcome.TAKEN, acknowledgement=Acknowledgement(reference=reference(command)), status=202)

    async def look_up(self, command: PartnerCommand) -> Answered:
        known = command.key in self.taken
        return Answered(Outcome.TAKEN if known else Outcome.NOT_TAKEN, status=200)

    def told(self, coi: str) -> list[PartnerCommand]:
        """What was taken for a journey, in order."""
        return [each for each in self.taken.values() if each.coi == coi]


@dataclass
class Patient:
    """One journey, and everything that partners say of it."""

    hospital: "Hospital"
    coi: str
    neighbours: NamedNeighbours
    unheard: list[PartnerEvent] = field(default_factory=list)
    said: dict[str, int] = field(default_factory=dict)
    _answered: int = 0

    @property
    def http(self) -> httpx.AsyncClient:
        return self.hospital.clinic.http

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.hospital.client.get_workflow_handle(journey_workflow_id(self.coi))

    async def page(self) -> dict[str, Any]:
        """The journey's page."""
        page: dict[str, Any] = (await self.http.get(f"/v1/journeys/{self.coi}")).raise_for_status().json()
        return page

    async def before(self, event_type: str) -> PartnerEvent:
        """Go on until an event of the type is next; gives it, untold."""
        while True:
            await until(self._has_more, f"more to say before {event_type}", PATIENCE)
            if self.unheard[0].type == event_type:
                return self.unheard[0]
            event = self.unheard.pop(0)
            assert await self.says(event) == ("applied", None), event.type

    async def says(self, event: PartnerEvent) -> tuple[str, str | None]:
        """Tell the API, and wait for what becomes of it."""
        answer = await self.hospital.clinic.say(write_event(event))
        assert answer.status_code == 202, answer.text
        await until(lambda: self._is_judged(event), f"an outcome of {event.type}", PATIENCE)
        return await self.outcome_of(event)

    async def outcome_of(self, event: PartnerEvent) -> tuple[str, str | None]:
        row = (await self.http.get(event_path(event.source, event.id))).raise_for_status().json()
        return row["status"], row["reason"]

    async def is_held_and_apart(self) -> bool:
        """Whether its workflow has taken the hold in, and put all that it has apart."""
        page = await self.page()
        usable = [each for each in page["materials"] if each["status"] in ("available", "in_transit")]
        return page["status"] == "held" and all(each["quarantined"] for each in usable)

    async def decides(self, **decision: str) -> httpx.Response:
        """A person decides, by the API."""
        body = {"id": uuid4().hex, "by": "dr-lindqvist", "reason": "clinical_judgement", **decision}
        return await self.http.post(f"/v1/journeys/{self.coi}/decisions", json=body)

    async def decides_straight(self, **decision: str) -> str:
        """The same past the API, at Temporal; the code of the refusal, or nothing."""
        body = {"id": uuid4().hex, "by": "dr-lindqvist", "reason": "clinical_judgement", **decision}
        made = DecisionMade.model_validate({"decision": body})
        try:
            await self.handle.execute_update("decide", made, id=made.decision.id, result_type=DecisionReceipt)
        except WorkflowUpdateFailedError as error:
            assert isinstance(error.cause, ApplicationError)
            return str(error.cause.type)
        return ""

    async def replays(self) -> None:
        """Its workflow does the same again, from what Temporal has of it. Raises where it does something else."""
        replayer = Replayer(workflows=[Journey], data_converter=pydantic_data_converter, workflow_runner=sandbox())
        await replayer.replay_workflow(await self.handle.fetch_history())

    async def task(self) -> str:
        """The task that is open."""
        (task,) = (await self.page())["tasks"]
        return str(task["id"])

    async def _is_judged(self, event: PartnerEvent) -> bool:
        return (await self.outcome_of(event))[0] not in ("received", "unmatched")

    def _has_more(self) -> bool:
        commands = self.hospital.doors.told(self.coi)
        for command in commands[self._answered :]:
            self.unheard += self.neighbours.answer(command)
        self._answered = len(commands)
        return bool(self.unheard)


@dataclass
class Hospital:
    """Where Ana and Ben are treated."""

    client: Client
    clinic: Clinic
    doors: Doors
    ledger: LedgerActivities

    async def admits(self, name: str) -> Patient:
        coi = await self.clinic.patient(f"ORD-{name}")
        return Patient(self, coi, NamedNeighbours(patient=name))

    async def hold(self) -> dict[str, Any]:
        """The one hold that is open, once it is."""
        found: list[dict[str, Any]] = []

        async def is_open() -> bool:
            found[:] = (await self.clinic.http.get("/v1/holds", params={"status": "open"})).json()["items"]
            return len(found) == 1

        await until(is_open, "an identity hold", PATIENCE)
        return found[0]

    async def signs(self, hold: str, by: str, finding: str = "not_crossed") -> httpx.Response:
        body = {"by": by, "reason": "labels_compared", "finding": finding}
        return await self.clinic.http.post(f"/v1/holds/{hold}/signatures", json=body)


@asynccontextmanager
async def hospital(client: Client, database: Database, settings: Settings) -> AsyncIterator[Hospital]:
    """Everything at work for as long as the block lasts."""
    doors, ledger = Doors(), LedgerActivities(database)
    dispatcher = Dispatcher(database, doors.to, Teller(client, database))
    async with clinic(database, settings) as opened, dispatcher.running(2):
        await opened.ready()
        calls = PartnerActivities(dispatcher)
        async with journey_worker(client, settings, ledger), partner_worker(client, calls):
            yield Hospital(client, opened, doors, ledger)
            async for each in client.list_workflows("ExecutionStatus = 'Running'"):
                await client.get_workflow_handle(each.id).terminate()
            await asyncio.sleep(0)
