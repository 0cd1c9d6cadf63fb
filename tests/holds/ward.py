"""Patients whose journeys are the real rules and stages, on one real ledger, without Temporal: quick enough for many.

Each learns of holds as its workflow does: with the answer to an append. `looks` is what the signal has a workflow do.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from ledger import holds
from ledger.append import append_in_step
from ledger.database import Database
from schemas.commands import PartnerCommand
from schemas.events import PartnerEvent
from schemas.facts import Appended, Batch, Material
from schemas.holds import Signing
from schemas.identity import new_coi
from schemas.orders import JourneyStart
from schemas.protocols import Protocol
from tests.databases import now
from tests.workflows.clinic import PARTIES, shipped_protocol
from tests.workflows.neighbours import Neighbours, Therapy
from tests.workflows.pure import FIRST_DAY, PureJourney
from workflows import course, identity_holds

HAND_OVERS = (
    ("shipment.picked_up", 1),
    ("shipment.delivered", 1),
    ("material.received", 1),
    ("manufacture.started", 1),
    ("manufacture.completed", 1),
    ("batch.released", 1),
    ("product.thawed", 1),
    ("infusion.completed", 1),
)
"""Each with which time of it is meant."""

NEW = ("BAG-", "DIN-", "LOT-", "DOSE-")
"""How the neighbours begin the names that they give to things: two patients' must differ."""

Append = Callable[[Batch], Appended]


@dataclass
class RecordedJourney(PureJourney):
    """A journey whose facts go onto a ledger, and which learns what that answers."""

    append: Append = field(kw_only=True)

    def settle(self) -> None:
        if self.state.seq == 0:
            self.notebook.note("journey.started", course.started(self.state), FIRST_DAY)
        super().settle()

    def _write(self) -> None:
        while self.notebook:
            batch = self.notebook.take(100, epoch=datetime.now(UTC))
            appended = self.append(batch)
            self.facts += batch.facts
            self.outcomes += batch.outcomes
            self.state.recorded = max(self.state.recorded, appended.last_seq)
            identity_holds.learn(self.state, self.notebook, appended, self.now)

    def looks(self) -> None:
        """As on a signal: ask the ledger before anything else is judged."""
        appended = self.append(Batch(coi=self.start.coi, epoch=datetime.now(UTC)))
        identity_holds.learn(self.state, self.notebook, appended, self.now)
        self.settle()


@dataclass
class NamedNeighbours(Neighbours):
    """Neighbours who put the patient's name on all that they name."""

    patient: str = ""

    def answer(self, command: PartnerCommand) -> list[PartnerEvent]:
        return [self._of_patient(each) for each in super().answer(command)]

    def _of_patient(self, event: PartnerEvent) -> PartnerEvent:
        own = {
            "id": f"{self.patient}-{event.id}",
            "data": self._named(event.data),
            "subject": self._named(event.subject),
        }
        return event.model_copy(update=own)

    def _named(self, said: Any) -> Any:
        if isinstance(said, dict):
            return {name: self._named(each) for name, each in said.items()}
        if isinstance(said, list | tuple):
            return [self._named(each) for each in said]
        return f"{self.patient}-{said}" if isinstance(said, str) and said.startswith(NEW) else said


@dataclass
class Ward:
    """One ledger, and the patients whose journeys are on it."""

    path: Path
    patients: dict[str, Therapy] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._engine = create_engine(f"sqlite:///{self.path}")
        self._now = FIRST_DAY

    def append(self, batch: Batch) -> Appended:
        self._now += timedelta(seconds=1)
        with Session(self._engine) as session, session.begin():
            return append_in_step(session, batch, self._now)

    def admits(self, name: str, protocol: Protocol | None = None, **answers: str) -> Therapy:
        """A patient's journey begins."""
        start = JourneyStart(
            coi=new_coi(),
            order=f"ORD-{name}",
            parties=PARTIES,
            protocol=protocol or shipped_protocol("autologous-car-t"),
            ordered_at=FIRST_DAY,
        )
        journey = RecordedJourney(start, answers, append=self.append)
        self.patients[name] = Therapy(journey, NamedNeighbours(patient=name))
        return self.patients[name]

    def closes(self) -> None:
        self._engine.dispose()


def recorded(therapy: Therapy) -> RecordedJourney:
    return cast(RecordedJourney, therapy.journey)


def material_of(therapy: Therapy) -> dict[str, Material]:
    """Where the material is, apart from whether it is put apart."""
    materials = therapy.journey.state.materials.items()
    return {name: each.model_copy(update={"quarantined": False}) for name, each in materials}


def carried(event: PartnerEvent) -> list[str]:
    """The containers or doses that a hand-over is about."""
    said = event.data
    return list(said.get("containers") or said.get("parents") or said.get("doses") or [said["dose"]])


def with_labels_of(event: PartnerEvent, other: PartnerEvent, coi: str | None = None) -> PartnerEvent:
    """The event as it is told where the other's containers stand in the place of the honest ones; or, with `coi`,
    only another's id is on the label."""
    said, theirs = dict(event.data), carried(other)
    if coi is not None:
        said["coi"] = coi
    elif "containers" in said:
        said["containers"] = theirs
    elif "parents" in said:
        said["parents"] = theirs
    elif "doses" in said:
        said["doses"] = theirs
    else:
        said["dose"] = theirs[0]
    return event.model_copy(update={"id": f"swapped-{event.id}-{coi or 'containers'}", "data": said})


def sign(ward: Ward, hold: str, finding: str, *people: str) -> None:
    """Each of these people signs that."""

    async def signed() -> None:
        database = Database(f"sqlite+aiosqlite:///{ward.path}")
        for by in people:
            signing = Signing.model_validate({"by": by, "reason": "labels_compared", "finding": finding})
            async with database.writing() as session:
                await holds.sign(session, hold, signing, FIRST_DAY)
        await database.close()

    now(signed())
