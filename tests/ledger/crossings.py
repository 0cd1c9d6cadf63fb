"""What crosses to the threads of SQLite's connections."""

import aiosqlite
import pytest


def crossings(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What crosses from now on, as it does."""
    seen: list[object] = []
    cross = aiosqlite.Connection._execute

    async def counted(connection: aiosqlite.Connection, work: object, *args: object) -> object:
        seen.append(work)
        return await cross(connection, work, *args)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    return seen
