"""Writes that two processes may race for."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from ledger.database import Database

Result = TypeVar("Result")

_ATTEMPTS = 3


async def settle(database: Database, work: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
    """Run `work` in one transaction; again if another process wrote the same key first, whose row it then finds."""

    async def attempt() -> Result:
        async with database.writing() as session:
            return await work(session)

    return await _settled(attempt)


async def settle_in_step(database: Database, work: Callable[[Session], Result]) -> Result:
    """The same for work that waits for nothing but the database."""
    return await _settled(lambda: database.in_step(work))


async def _settled(attempt: Callable[[], Awaitable[Result]]) -> Result:
    for _ in range(_ATTEMPTS - 1):
        try:
            return await attempt()
        except IntegrityError:
            continue
    return await attempt()
