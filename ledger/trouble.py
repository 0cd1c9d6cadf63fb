"""Database trouble in our own words: drivers put values, paths and passwords into theirs."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from schemas.errors import Unavailable

_DAMAGED = ("file is not a database", "malformed", "disk i/o error", "disk is full", "unable to open", "readonly")


@contextmanager
def database_trouble() -> Iterator[None]:
    """Turn whatever a database raises inside into `Unavailable`.

    Its code is `home_unusable` where SQLite's file is at fault, and `ledger_unavailable` otherwise.
    """
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise _explained(error) from None


def _explained(error: Exception) -> Unavailable:
    words = str(error.orig).lower() if isinstance(error, DBAPIError) else ""
    if any(sign in words for sign in _DAMAGED):
        return Unavailable("home_unusable", "The database file is damaged, full, missing or not writable.")
    return Unavailable("ledger_unavailable", f"The database does not answer ({type(error).__name__}).")
