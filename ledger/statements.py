"""The few statements that SQL dialects spell in their own ways, and the way to a model's table."""

from functools import lru_cache

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

Insert = sqlite.Insert | postgresql.Insert


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a model."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


@lru_cache
def upsert(table: Table, dialect: str) -> Insert:
    """Insert, or overwrite the row with the same primary key."""
    keys = [column.name for column in table.primary_key.columns]
    insert = _insert(table, dialect)
    values = {column.name: insert.excluded[column.name] for column in table.c if column.name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=values)


@lru_cache
def insert_if_new(table: Table, dialect: str) -> Insert:
    """Insert, or leave the row with the same primary key as it is."""
    keys = [column.name for column in table.primary_key.columns]
    return _insert(table, dialect).on_conflict_do_nothing(index_elements=keys)


def _insert(table: Table, dialect: str) -> Insert:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
