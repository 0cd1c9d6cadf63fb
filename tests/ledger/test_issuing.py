"""Chain-of-identity ids: never one twice, whoever issues them and whoever dies meanwhile."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text

from ledger import issuing
from ledger.database import Database
from ledger.issuing import Isbt128, Opaque, issuer_of, take_block
from schemas.errors import Unavailable
from schemas.identity import SERIALS_A_YEAR, CoiId, isbt_coi
from schemas.settings import Settings

FACILITY = "A9999"
YEAR = datetime.now(UTC).year
COI: TypeAdapter[str] = TypeAdapter(CoiId)


async def use_up(database: Database, serials: int) -> None:
    async with database.writing() as session:
        await take_block(session, f"isbt128-040/{FACILITY}", YEAR, serials)


def test_the_settings_say_who_issues(database: Database) -> None:
    assert isinstance(issuer_of(Settings(), database), Opaque)
    isbt = Settings(coi_issuer="isbt128-040", isbt_facility=FACILITY)
    assert isinstance(issuer_of(isbt, database), Isbt128)
    assert isinstance(issuer_of(Settings(isbt_facility=FACILITY), database), Opaque)


async def test_an_id_says_who_issued_it_and_when_and_nothing_else(database: Database) -> None:
    coi = await Isbt128(database, FACILITY).issue()
    assert COI.validate_python(coi) == coi
    assert coi[:14] == f"CH{FACILITY}{YEAR % 100:02}00000"


async def test_issuers_side_by_side_never_give_the_same_id(database: Database) -> None:
    issuers = [Isbt128(database, FACILITY, block=3) for _ in range(4)]
    issued = await asyncio.gather(*(each.issue() for each in issuers for _ in range(25)))
    assert len(set(issued)) == 100
    assert [COI.validate_python(each) for each in issued] == issued


async def test_orders_that_come_at_once_share_a_block(database: Database) -> None:
    issuer = Isbt128(database, FACILITY)
    assert len(set(await asyncio.gather(*(issuer.issue() for _ in range(50))))) == 50
    async with database.reading() as session:
        assert (await session.execute(text("SELECT upto FROM issued_block"))).scalar_one() == issuing.BLOCK


async def test_a_killed_issuer_wastes_its_block_and_repeats_nothing(database: Database) -> None:
    async def killed_while_issuing() -> list[str]:
        command = ["-m", "tests.ledger.issuer", database.url, FACILITY, "100000"]
        process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE)
        assert process.stdout is not None
        said = [(await process.stdout.readline()).decode().strip() for _ in range(25)]
        process.kill()
        rest = (await process.stdout.read()).decode().splitlines(keepends=True)
        await process.wait()
        return said + [each.strip() for each in rest if each.endswith("\n")]

    lives = await asyncio.wait_for(asyncio.gather(*(killed_while_issuing() for _ in range(3))), 90)
    issued = [coi for life in lives for coi in life]
    issued += [await Isbt128(database, FACILITY).issue() for _ in range(25)]
    assert len(issued) >= 100
    assert len(set(issued)) == len(issued)


async def test_a_serial_whose_check_character_is_an_asterisk_is_passed_over(database: Database) -> None:
    passed_over = [serial for serial in range(100) if isbt_coi(FACILITY, YEAR, serial) is None]
    assert passed_over, "one in 37 has none"
    issuer = Isbt128(database, FACILITY)
    issued = [await issuer.issue() for _ in range(100 - len(passed_over))]
    assert issued == [coi for coi in (isbt_coi(FACILITY, YEAR, serial) for serial in range(100)) if coi]


async def test_a_new_year_begins_with_its_own_first_serial(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    class NextYear(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "NextYear":
            return cls(YEAR + 1, 1, 1, tzinfo=UTC)

    issuer = Isbt128(database, FACILITY)
    before = await issuer.issue()
    monkeypatch.setattr(issuing, "datetime", NextYear)
    after = await issuer.issue()
    assert (before[7:14], after[7:14]) == (f"{YEAR % 100:02}00000", f"{(YEAR + 1) % 100:02}00000")


async def test_serials_that_run_out_are_refused_before_one_is_given_twice(database: Database) -> None:
    await use_up(database, SERIALS_A_YEAR - 150)
    issuer = Isbt128(database, FACILITY)
    last = [await issuer.issue() for _ in range(90)]
    for _ in range(2):
        with pytest.raises(Unavailable, match=f"no serial left for {YEAR}") as refused:
            for _ in range(100):
                last.append(await issuer.issue())
        assert refused.value.code == "no_coi_left"
    assert len(set(last)) == len(last)
    other = await Isbt128(database, "B1234").issue()
    assert other.startswith("CHB1234")


async def test_operators_are_warned_while_serials_are_left(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await use_up(database, SERIALS_A_YEAR // 2)
    assert "serials_running_out" not in "".join(capsys.readouterr())
    await use_up(database, SERIALS_A_YEAR * 45 // 100)
    assert "serials_running_out" in "".join(capsys.readouterr())


async def test_a_block_that_is_taken_is_taken_for_good(database: Database) -> None:
    async with database.writing() as session:
        assert await take_block(session, "x", 2026, 7) == 0
        assert await take_block(session, "x", 2026, 5) == 7
        assert await take_block(session, "x", 2027, 5) == 0
    async with database.reading() as session:
        rows = (await session.execute(text("SELECT year, upto FROM issued_block ORDER BY year"))).all()
    assert [tuple(each) for each in rows] == [(2026, 12), (2027, 5)]
