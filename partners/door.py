"""How a partner is spoken to: one question at a time, and what came of it. Who asks decides what is repeated."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol

from pydantic import ValidationError

from schemas.commands import Acknowledgement, PartnerCommand
from schemas.deliveries import Outcome

KEPT_OF_AN_ANSWER = 2_048
"""Bytes of a partner's answer that an operator can read later. They stay in the database: they could name a patient."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One request to a partner.

    `problem`: a sentence without a word of the partner's own. `status`: the HTTP status, None without an answer.
    `headers` (names in lower case) and `body`: what it said. `retry_after`: how long it asked us to wait.
    """

    outcome: Outcome
    acknowledgement: Acknowledgement | None = None
    problem: str | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0
    retry_after: timedelta | None = None

    @property
    def kept(self) -> str:
        """The beginning of what it said, as text that every database takes."""
        return self.body[:KEPT_OF_AN_ANSWER].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")

    def but(self, outcome: Outcome, problem: str | None = None) -> "Answered":
        """The same answer, understood otherwise."""
        return replace(self, outcome=outcome, problem=problem)

    def taken_as(self, reference: Any) -> "Answered":
        """The partner took the command under this name; whatever else it says goes no further.

        Unknown where that is no name: then it may not have been understood either.
        """
        try:
            acknowledgement = Acknowledgement(reference=reference)
        except ValidationError:
            return self.unreadable()
        return replace(self.but(Outcome.TAKEN), acknowledgement=acknowledgement)

    def unreadable(self) -> "Answered":
        """The partner seems to have taken it, and what it says of it cannot be read."""
        return self.but(Outcome.UNKNOWN, "the partner's acknowledgement cannot be read")

    def later(self) -> "Answered":
        """The partner did not take it, and may when it is asked again."""
        return self.but(Outcome.LATER, f"the partner asks to come back later, with status {self.status}")

    def refused(self) -> "Answered":
        """The partner never will."""
        return self.but(Outcome.REFUSED, f"the partner refused with status {self.status}")


class Door(Protocol):
    """A partner, at its address. Neither method raises for what a partner or a network can do."""

    async def send(self, command: PartnerCommand) -> Answered:
        """Hand a command over, once."""

    async def look_up(self, command: PartnerCommand) -> Answered:
        """Ask what became of a command that was sent before."""
