"""Writes that two processes may race for."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.database import Database

Result = TypeVar("Result")

_ATTEMPTS = 3


async def settle(database: Database, work: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
    """Run `work` in one transaction; again if another process wrote the same key first, whose row it then finds."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return await _once(database, work)
        except IntegrityError:
            continue
    return await _once(database, work)


async def _once(database: Database, work: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
    async with database.writing() as session:
        return await work(session)
