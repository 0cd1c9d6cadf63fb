"""Chain-of-identity ids, by the issuer that is configured.

Serials come from a counter in the database, a block at a time: a process that dies wastes the rest of its block, and no
serial is ever given out twice.
"""

import asyncio
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.database import Database
from ledger.statements import insert_if_new, table_of
from ledger.tables import IssuedBlockRow
from ledger.trouble import database_trouble
from schemas.errors import Unavailable
from schemas.identity import SERIALS_A_YEAR, isbt_coi, new_coi
from schemas.settings import Settings
from telemetry.logs import logger

BLOCK = 100
"""Serials taken at a time."""

RUNNING_OUT = 0.9
"""The part of a year's serials after which every block taken is logged as a warning."""

ISSUED = table_of(IssuedBlockRow)
_OF_YEAR = (ISSUED.c.issuer == bindparam("of_issuer"), ISSUED.c.year == bindparam("of_year"))
_TAKE = update(ISSUED).where(*_OF_YEAR).values(upto=ISSUED.c.upto + bindparam("size"))
_UPTO = select(ISSUED.c.upto).where(*_OF_YEAR)

log = logger("ledger")


class Issuer(Protocol):
    """Who issues chain-of-identity ids."""

    async def issue(self) -> str:
        """An id that was never issued before. Raises `Unavailable` (`no_coi_left`, `ledger_unavailable`)."""


class Opaque:
    """The default: 80 random bits, without meaning."""

    async def issue(self) -> str:
        return new_coi()


class Isbt128:
    """ISBT 128 structure 040: the facility's number, the year (UTC), and the year's next serial."""

    def __init__(self, database: Database, facility: str, block: int = BLOCK) -> None:
        self._database = database
        self._facility = facility
        self._block = block
        self._year = 0
        self._serials = iter(range(0))
        self._lock = asyncio.Lock()

    async def issue(self) -> str:
        async with self._lock:
            coi = None
            while coi is None:
                year = datetime.now(UTC).year
                coi = isbt_coi(self._facility, year, await self._next_serial(year))
            return coi

    async def _next_serial(self, year: int) -> int:
        serial = next(self._serials, None) if year == self._year else None
        if serial is None:
            begin = await self._take_block(year)
            self._year, self._serials = year, iter(range(begin + 1, begin + self._block))
            serial = begin
        return serial

    async def _take_block(self, year: int) -> int:
        with database_trouble():
            async with self._database.writing() as session:
                return await take_block(session, f"isbt128-040/{self._facility}", year, self._block)


async def take_block(session: AsyncSession, issuer: str, year: int, size: int) -> int:
    """The first of `size` serials that are now the caller's. Raises `Unavailable` (`no_coi_left`)."""
    row = {"issuer": issuer, "year": year, "upto": 0}
    await session.execute(insert_if_new(ISSUED, session.get_bind().dialect.name), [row])
    where = {"of_issuer": issuer, "of_year": year}
    await session.execute(_TAKE, where | {"size": size})
    upto: int = (await session.execute(_UPTO, where)).scalar_one()
    if upto > SERIALS_A_YEAR:
        detail = f"The issuer has no serial left for {year}: configure another facility number (CLEW_ISBT_FACILITY)."
        raise Unavailable("no_coi_left", detail)
    if upto > RUNNING_OUT * SERIALS_A_YEAR:
        log.warning("serials_running_out", issuer=issuer, year=year, left=SERIALS_A_YEAR - upto)
    return upto - size


def issuer_of(settings: Settings, database: Database) -> Issuer:
    """The issuer that the settings name."""
    if settings.isbt_facility is not None and settings.coi_issuer == "isbt128-040":
        return Isbt128(database, settings.isbt_facility)
    return Opaque()
