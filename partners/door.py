"""How a partner is spoken to: one question at a time, and what came of it. Who asks decides what is repeated."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from schemas.commands import Acknowledgement, PartnerCommand
from schemas.deliveries import Outcome

KEPT_OF_AN_ANSWER = 2_048
"""Bytes of a partner's answer that an operator can read later. They stay in the database: they could name a patient."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One request to a partner.

    `problem`: a sentence without a word of the partner's own. `status`: the HTTP status, None without an answer.
    `body`: what it said. `retry_after`: how long it asked us to wait.
    """

    outcome: Outcome
    acknowledgement: Acknowledgement | None = None
    problem: str | None = None
    status: int | None = None
    body: bytes = b""
    seconds: float = 0
    retry_after: timedelta | None = None

    @property
    def kept(self) -> str:
        """The beginning of what it said, as text that every database takes."""
        return self.body[:KEPT_OF_AN_ANSWER].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")

    def but(self, outcome: Outcome, problem: str | None = None, retry_after: timedelta | None = None) -> "Answered":
        """The same answer, understood otherwise."""
        return replace(self, outcome=outcome, problem=problem, retry_after=retry_after)

    def with_reference(self, acknowledgement: Acknowledgement) -> "Answered":
        """The partner took the command under this name."""
        return replace(self, acknowledgement=acknowledgement)


class Door(Protocol):
    """A partner, at its address. Neither method raises for what a partner or a network can do."""

    async def send(self, command: PartnerCommand) -> Answered:
        """Hand a command over, once."""

    async def look_up(self, command: PartnerCommand) -> Answered:
        """Ask what became of a command that was sent before."""
