"""What a driver says of trouble names no value (invariant 6), and what nobody closed keeps no process alive."""

import asyncio
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ledger.database import Database

NAME = "Ana Brezovnik"

LEAVES_IT_OPEN = """
import asyncio, sys
from sqlalchemy import text
from ledger.database import Database

database = Database(sys.argv[1])

async def read() -> None:
    session = database.reading()
    await (await session.__aenter__()).execute(text("SELECT 1"))
    sessions.append(session)

sessions = []
asyncio.run(read())
"""


async def test_the_text_of_a_database_error_holds_none_of_what_was_to_be_stored(database: Database) -> None:
    with pytest.raises(DBAPIError) as failure:
        async with database.writing() as session:
            await session.execute(text("INSERT INTO no_such_table VALUES (:name)"), {"name": NAME})
    assert NAME not in str(failure.value)


async def test_a_process_ends_even_if_it_closed_no_connection(database: Database) -> None:
    command = (sys.executable, "-c", LEAVES_IT_OPEN, database.url)
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(30):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
