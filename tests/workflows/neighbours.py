"""The neighbours in memory: what each partner says in answer to a command, and a whole therapy made of that."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from schemas.base import iso
from schemas.commands import PartnerCommand
from schemas.event_data import EventData
from schemas.events import CATALOGUE, PartnerEvent
from schemas.protocols import Protocol
from tests.workflows.fakes import reference
from tests.workflows.pure import FIRST_DAY, PureJourney, journey

TWO_PEOPLE = ["nurse-01", "nurse-02"]
Told = tuple[str, str, dict[str, Any]]
"""An event's type, subject and data."""


@dataclass
class Neighbours:
    """All partners of one journey, with one clock. `fails`: the commands, by name and visit, that come to nothing."""

    fails: frozenset[tuple[str, int]] = frozenset()
    now: datetime = FIRST_DAY
    told: int = 0

    def answer(self, command: PartnerCommand) -> list[PartnerEvent]:
        """What follows from a command, each event a minute after the one before."""
        self.now = max(self.now, command.as_of)
        goes_wrong = (command.command, command.visit) in self.fails
        answer = (FAILURES if goes_wrong else ANSWERS).get(command.command)
        return [self.event(*each) for each in answer(command, self.now)] if answer else []

    def event(self, event_type: str, subject: str, data: dict[str, Any]) -> PartnerEvent:
        """An event of this moment, spelt as the inbox spells it."""
        self.now += timedelta(minutes=1)
        self.told += 1
        said: EventData = CATALOGUE[event_type].model_validate(data)
        return PartnerEvent(
            source="//neighbours.example",
            id=f"evt-{self.told}",
            type=event_type,
            subject=subject,
            occurred_at=self.now,
            data=said.model_dump(mode="json", exclude_none=True),
        )


@dataclass
class Therapy:
    """A journey with its neighbours: `unheard` is what they have said and the journey has not been told."""

    journey: PureJourney
    neighbours: Neighbours
    unheard: list[PartnerEvent] = field(default_factory=list)
    told: list[PartnerEvent] = field(default_factory=list)
    _answered: int = 0

    def __post_init__(self) -> None:
        self.listen()

    def tell(self, event: PartnerEvent) -> None:
        """The journey hears an event; the neighbours hear what it commands then."""
        if event in self.unheard:
            self.unheard.remove(event)
        self.told.append(event)
        self.journey.hears(event)
        self.listen()

    def whole(self) -> "Therapy":
        """Everything is said in order, until nobody has anything to say."""
        while self.unheard:
            self.tell(self.unheard[0])
        return self

    def before(self, event_type: str, time: int = 1) -> PartnerEvent:
        """Go on until an event of the type is next, for the `time`-th time; gives it, untold."""
        while self.unheard:
            if self.unheard[0].type == event_type and self._heard(event_type) == time - 1:
                return self.unheard[0]
            self.tell(self.unheard[0])
        raise AssertionError(f"the therapy ended before {event_type}")

    def after(self, event_type: str, time: int = 1) -> PartnerEvent:
        """Go on until an event of the type is told; gives it."""
        event = self.before(event_type, time)
        self.tell(event)
        return event

    def _heard(self, event_type: str) -> int:
        return sum(each.type == event_type for each in self.told)

    def listen(self) -> None:
        """The neighbours hear what they were told to do since."""
        while self._answered < len(self.journey.commands):
            command = self.journey.commands[self._answered]
            self._answered += 1
            self.unheard += self.neighbours.answer(command)


def therapy(
    protocol: str | Protocol = "autologous-car-t", fails: Iterable[tuple[str, int]] = (), **answers: str
) -> Therapy:
    """Ana's therapy, begun. `fails` says what goes wrong; `answers` what people then decide."""
    return Therapy(journey(protocol, **answers), Neighbours(frozenset(fails)))


def checked(command: PartnerCommand) -> dict[str, Any]:
    """What is said at every hand-over: the id on the label, and who compared it."""
    return {"coi": command.coi, "verified_by": TWO_PEOPLE}


def _evidence(command: PartnerCommand, now: datetime) -> list[Told]:
    return [
        ("evidence.provided", command.order, {"evidence": each, "reference": f"DOC-{each}"})
        for each in command.details["evidence"]
    ]


def _collection(command: PartnerCommand, now: datetime) -> list[Told]:
    sample = {
        "donation": f"DIN-{command.visit}",
        "containers": [{"id": f"BAG-{command.visit}-{number}"} for number in (1, 2)],
        "ended_at": iso(now),
        "verified_by": TWO_PEOPLE,
    }
    return [("collection.started", command.coi, {}), ("sample.collected", command.coi, sample)]


def _failed_collection(command: PartnerCommand, now: datetime) -> list[Told]:
    return [("collection.started", command.coi, {}), ("collection.failed", command.coi, {"reason": "too_few_cells"})]


def _shipment(command: PartnerCommand, now: datetime) -> list[Told]:
    name = reference(command)
    scanned = {"reference": name, "containers": command.details["containers"]}
    scanned |= checked(command)
    return [
        ("shipment.booked", name, {"reference": name}),
        ("shipment.picked_up", name, scanned),
        ("shipment.delivered", name, scanned),
        ("material.received", name, scanned),
    ]


def _manufacture(command: PartnerCommand, now: datetime) -> list[Told]:
    batch, used = f"LOT-{command.visit}", command.details["containers"][:1]
    doses = [f"DOSE-{command.visit}-{number}" for number in (1, 2)]
    return [
        ("manufacture.started", reference(command), {"batch": batch, "containers": used, **checked(command)}),
        ("manufacture.step_completed", batch, {"batch": batch, "step": "selection"}),
        ("manufacture.step_completed", batch, {"batch": batch, "step": "expansion"}),
        ("manufacture.completed", batch, {"batch": batch, "doses": doses, "parents": used, **checked(command)}),
    ]


def _tests(command: PartnerCommand, now: datetime) -> list[Told]:
    batch = command.details["batch"]
    return [
        ("test.reported", batch, {"batch": batch, "test": each, "result": "conforms", "passed": True})
        for each in command.details["tests"]
    ]


def _release(command: PartnerCommand, now: datetime) -> list[Told]:
    batch = command.details["batch"]
    signatures = [{"role": role, "by": f"{role}-1", "at": iso(now)} for role in command.details["signatures"]]
    released = {"batch": batch, "doses": command.details["doses"], "signatures": signatures}
    return [("batch.released", batch, released | checked(command))]


def _rejection(command: PartnerCommand, now: datetime) -> list[Told]:
    batch = command.details["batch"]
    return [("batch.rejected", batch, {"batch": batch, "reason": "potency_too_low"})]


def _conditioning(command: PartnerCommand, now: datetime) -> list[Told]:
    return [(f"conditioning.{each}", command.coi, {"regimen": "flu_cy"}) for each in ("started", "completed")]


def _infusion(command: PartnerCommand, now: datetime) -> list[Told]:
    return [
        told
        for dose in command.details["doses"]
        for told in (
            ("product.thawed", dose, {"dose": dose, **checked(command)}),
            ("infusion.completed", dose, {"dose": dose, "bedside_check": True, **checked(command)}),
        )
    ]


def _follow_up(command: PartnerCommand, now: datetime) -> list[Told]:
    return [("follow_up.completed", command.coi, {"visit": int(each)}) for each in command.details["visits"]]


def _milestones(command: PartnerCommand, now: datetime) -> list[Told]:
    return [("milestone.reached", command.coi, {"milestone": each}) for each in command.details["milestones"]]


Answer = Callable[[PartnerCommand, datetime], list[Told]]

ANSWERS: dict[str, Answer] = {
    "request_evidence": _evidence,
    "schedule_collection": _collection,
    "book_pickup": _shipment,
    "place_order": _manufacture,
    "request_release_tests": _tests,
    "request_disposition": _release,
    "clear_conditioning": _conditioning,
    "clear_infusion": _infusion,
    "request_follow_up": _follow_up,
    "request_milestones": _milestones,
}

FAILURES: dict[str, Answer] = {
    "schedule_collection": _failed_collection,
    "request_disposition": _rejection,
}
