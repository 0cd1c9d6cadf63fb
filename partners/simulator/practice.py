"""What makes one partner different from another: the commands it takes, and whether goods arrive at its dock."""

from collections.abc import Callable
from dataclasses import dataclass, field

from partners.simulator.story import CommandStory
from schemas.identity import Role

Handler = Callable[[CommandStory], str | None]
"""Tells the story that a command sets off. Returns the partner's own reference for it, if it gives one."""


@dataclass(frozen=True)
class Practice:
    """A role, by its table of commands."""

    role: Role
    commands: dict[str, Handler] = field(default_factory=dict)
    has_dock: bool = False


def only_acknowledge(_story: CommandStory) -> None:
    """Taken; nothing is said about it. What a command cancels is dropped when it is taken."""
