"""What a driver says of trouble names no value: invariant 6."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ledger.database import Database

NAME = "Ana Brezovnik"


async def test_the_text_of_a_database_error_holds_none_of_what_was_to_be_stored(database: Database) -> None:
    with pytest.raises(DBAPIError) as failure:
        async with database.writing() as session:
            await session.execute(text("INSERT INTO no_such_table VALUES (:name)"), {"name": NAME})
    assert NAME not in str(failure.value)
