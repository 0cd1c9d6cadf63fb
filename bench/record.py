"""Looking at Clew's own database from beside it: what is on record by now. Reads only; SQLite in WAL stops nobody."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Record:
    """A read-only connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def events_recorded(self) -> int:
        """Partner events that took effect, of all journeys."""
        return self._count("SELECT count(*) FROM entry WHERE event_id IS NOT NULL")

    def events_judged(self) -> int:
        """Acknowledged events that have their outcome."""
        return self._count("SELECT count(*) FROM inbox WHERE status NOT IN ('received', 'unmatched', 'held')")

    def events_waiting(self) -> int:
        """Acknowledged events whose journey has not had its word yet."""
        return self._count("SELECT count(*) FROM inbox WHERE status = 'received'")

    def stages_begun(self) -> int:
        """Stages that have begun, of all journeys."""
        return self._count("SELECT count(*) FROM entry WHERE type = 'stage.began'")

    def of_type(self, fact_type: str) -> int:
        """Facts of a type, of all journeys."""
        return self._count("SELECT count(*) FROM entry WHERE type = ?", fact_type)

    def closed(self) -> int:
        """Journeys that have ended."""
        return self._count("SELECT count(*) FROM journey WHERE status IN ('completed', 'cancelled')")

    def newest_journeys(self, count: int) -> list[str]:
        """Their chain-of-identity ids."""
        found = self._connection.execute("SELECT coi FROM journey ORDER BY ordered_at DESC LIMIT ?", (count,))
        return [coi for (coi,) in found]

    def _count(self, query: str, *values: str) -> int:
        counted: int = self._connection.execute(query, values).fetchone()[0]
        return counted


@contextmanager
def record_of(file: Path) -> Iterator[Record]:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None)
    try:
        yield Record(connection)
    finally:
        connection.close()
