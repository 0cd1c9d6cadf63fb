"""How a partner is spoken to: one question at a time, and what came of it. Who asks decides what is repeated.

Two doors keep this promise: a partner that speaks Clew's own form (`partners.client`), and one that speaks its own
(`partners.connectors`).
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from schemas.commands import Acknowledgement, PartnerCommand

KEPT_OF_AN_ANSWER = 2_048
"""Bytes of a partner's answer that an operator can read later. They stay in the database: they could name a patient."""


class Outcome(StrEnum):
    """What came of asking a partner.

    `taken`: it did, or had done, what it was told. `not_taken`: asked what became of a command, it has none.
    `later`: it did not take the command, and may later. `refused`: never. `unknown`: it may have taken it, so it is
    asked before anything is sent again (invariant 9). `no_look_up`: it cannot be asked; a person decides.
    """

    TAKEN = "taken"
    NOT_TAKEN = "not_taken"
    LATER = "later"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NO_LOOK_UP = "no_look_up"


@dataclass(frozen=True, slots=True)
class Answered:
    """One request to a partner.

    `problem`: a sentence without a word of the partner's own. `status`: the HTTP status, None without an answer.
    `answer`: the first 2 KB of what it said. `retry_after`: how long it asked us to wait.
    """

    outcome: Outcome
    acknowledgement: Acknowledgement | None = None
    problem: str | None = None
    status: int | None = None
    answer: str = ""
    seconds: float = 0
    retry_after: timedelta | None = None


class Door(Protocol):
    """A partner, at its address. Neither method raises for what a partner or a network can do."""

    async def send(self, command: PartnerCommand) -> Answered:
        """Hand a command over, once."""

    async def look_up(self, command: PartnerCommand) -> Answered:
        """Ask what became of a command that was sent before."""
