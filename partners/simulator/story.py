"""What a partner will do about one thing, thought through at once: the whole chain of events, with their times.

Times are the therapy's: they start from what the command rests on (`as_of`) and add what each step takes. How slow
the machines are on the way changes none of them.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal

from partners.simulator.chance import Spread, chance_of, number_of
from partners.simulator.config import Rates
from schemas.base import iso
from schemas.commands import PartnerCommand
from schemas.events import wire_type

Target = Literal["event", "dock", "journey", "service_request", "readings"]


@dataclass(frozen=True)
class Outgoing:
    """One message that will be sent at `at`. `to`: the organisation, for a dock."""

    id: str
    at: datetime
    target: Target
    body: dict[str, Any]
    to: str | None = None


@dataclass(frozen=True)
class Setting:
    """Who tells the story, in which world."""

    organisation: str
    seed: int
    rates: Rates

    @property
    def source(self) -> str:
        return f"/simulated/{self.organisation}"


@dataclass
class Story:
    """`key` names the story; `parts` are what its chance is drawn from, so they know nothing of ids that vary."""

    setting: Setting
    key: str
    coi: str
    order: str
    as_of: datetime
    time_lapse: float
    parts: tuple[object, ...]
    messages: list[Outgoing] = field(default_factory=list)
    now: datetime = field(init=False)
    chance: Random = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.as_of
        self.chance = chance_of(self.setting.seed, *self.parts)

    @property
    def rates(self) -> Rates:
        return self.setting.rates

    def takes(self, spread: Spread) -> datetime:
        """Time passes. Returns the moment that is reached."""
        self.now = self.later(spread.draw(self.chance))
        return self.now

    def later(self, duration: timedelta) -> datetime:
        return self.now + duration / self.time_lapse

    def meanwhile(self) -> None:
        """What follows runs beside what was told before, from the same beginning."""
        self.now = self.as_of

    def happens(self, rate: float) -> bool:
        # Drawn even where the answer is certain, so that a rate changes nothing else in the story.
        return self.chance.random() < rate

    def number(self, prefix: str) -> str:
        """A number that this partner gives to what the story is about."""
        return f"{prefix}-{number_of(self.setting.seed, prefix, *self.parts)}"

    def people(self, profession: str, count: int) -> list[str]:
        """So many different people of a profession."""
        return [f"{profession}-{number:02}" for number in self.chance.sample(range(1, 21), count)]

    def checked(self, profession: str) -> dict[str, Any]:
        """What is said at every hand-over: the id on the label, and the two people who compared it."""
        # A draw of its own, so that it changes nothing else in the story.
        chance = chance_of(self.setting.seed, *self.parts, "checked", len(self.messages))
        people = [f"{profession}-{number:02}" for number in chance.sample(range(1, 21), 2)]
        return {"coi": self.coi, "verified_by": people}

    def says(self, event_type: str, subject: str, **data: Any) -> None:
        """An event, at the moment that the story has reached."""
        identity = self._next_id()
        body = {
            "specversion": "1.0",
            "id": identity,
            "source": self.setting.source,
            "type": wire_type(event_type),
            "subject": subject,
            "time": iso(self.now),
            "datacontenttype": "application/json",
            "traceparent": trace_of(self.setting.source, identity),
            "data": data,
        }
        self.messages.append(Outgoing(identity, self.now, "event", body))

    def hands_over(self, to: str, reference: str, containers: list[str]) -> None:
        """The driver is at the receiver's dock."""
        body = {
            "reference": reference,
            "coi": self.coi,
            "order": self.order,
            "containers": containers,
            "as_of": iso(self.now),
            "time_lapse": self.time_lapse,
        }
        self.messages.append(Outgoing(self._next_id(), self.now, "dock", body, to))

    def uploads(self, readings: list[dict[str, Any]]) -> None:
        """A logger's file, at the moment that the story has reached."""
        self.messages.append(Outgoing(self._next_id(), self.now, "readings", {"readings": readings}))

    def _next_id(self) -> str:
        return f"{self.key}/{len(self.messages) + 1}"


@dataclass
class CommandStory(Story):
    """A story that a command sets off. `protocol`: the therapy, where this partner ordered it itself."""

    command: PartnerCommand = field(kw_only=True)
    protocol: str | None = None

    @property
    def details(self) -> dict[str, Any]:
        return self.command.details


def story_of(setting: Setting, command: PartnerCommand, protocol: str | None) -> CommandStory:
    return CommandStory(
        setting=setting,
        key=command.key,
        coi=command.coi,
        order=command.order,
        as_of=command.as_of,
        time_lapse=command.time_lapse,
        parts=(command.order, command.stage, command.visit, command.command),
        command=command,
        protocol=protocol,
    )


def trace_of(source: str, event_id: str) -> str:
    """A trace of the event's own. Made from its identity, so that sending it again stays in the same trace."""
    digest = hashlib.sha256(f"{source} {event_id}".encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-01"
