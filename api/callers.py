"""Who asks, and as what. Every route says in its signature whom it is for.

There is no sign-in yet: nobody is authenticated and every caller is let in. When sign-in comes, it is filled in here.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import Depends


class CallerKind(StrEnum):
    """What somebody asks as."""

    PARTNER = "partner"
    PERSON = "person"
    OPERATOR = "operator"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` is None as long as nobody signs in: what a caller writes about themselves is not proof."""

    kind: CallerKind
    name: str | None = None


# Coroutines, because the framework would send plain functions to a thread for every request.
async def _partner() -> Caller:
    return Caller(CallerKind.PARTNER)


async def _person() -> Caller:
    return Caller(CallerKind.PERSON)


async def _operator() -> Caller:
    return Caller(CallerKind.OPERATOR)


async def _public() -> Caller:
    return Caller(CallerKind.PUBLIC)


CALLERS = frozenset({_partner, _person, _operator, _public})
"""What a route depends on to be for somebody; a test holds every route to it."""

AsPartner = Annotated[Caller, Depends(_partner)]
AsPerson = Annotated[Caller, Depends(_person)]
AsOperator = Annotated[Caller, Depends(_operator)]
AsPublic = Annotated[Caller, Depends(_public)]
