"""Clew's home folder: made if missing, checked, and held by one `clew up` at a time."""

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import ClewError, Unavailable

DATABASE = "clew.db"
TEMPORAL_DATABASE = "temporal.db"
_LOCK = "lock"
_SPACE_NEEDED = 200_000_000
_CHECK_WHOLE_UP_TO = 100_000_000


@dataclass(frozen=True)
class Home:
    """The home folder as it was found. `was_killed`: its last `clew up` did not end in order, so parts of it may
    still be ending."""

    folder: Path
    is_new: bool
    was_killed: bool


@contextmanager
def held_home(home: Path) -> Iterator[Home]:
    """Hold the home for as long as the block lasts.

    Raises `Unavailable` (`home_unusable`) with the one sentence that helps: locked, not writable, full or damaged.
    """
    is_new = not (home / DATABASE).exists() and not (home / TEMPORAL_DATABASE).exists()
    _make(home)
    with _locked(home) as was_killed:
        _check_space(home)
        for name in (DATABASE, TEMPORAL_DATABASE):
            _check_file(home / name)
        yield Home(home, is_new, was_killed)


def unusable(detail: str) -> ClewError:
    return Unavailable("home_unusable", detail)


def _make(home: Path) -> None:
    probe = home / f".probe-{os.getpid()}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"\0" * 4096)
    except OSError as error:
        raise unusable(
            f"The home folder {home} cannot be written to ({error.strerror}); CLEW_HOME names another."
        ) from None
    finally:
        with suppress(OSError):
            probe.unlink()


@contextmanager
def _locked(home: Path) -> Iterator[bool]:
    """The kernel lets go of the lock when the process ends, however it ends; whoever ends in order empties the file.

    Yields whether the last one did not.
    """
    with (home / _LOCK).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise unusable(
                f"Another `clew up` (process {holder}) uses the home folder {home}; stop that, or set CLEW_HOME."
            ) from None
        file.seek(0)
        was_killed = bool(file.read())
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield was_killed
        finally:
            file.truncate(0)


def _check_space(home: Path) -> None:
    free = shutil.disk_usage(home).free
    if free < _SPACE_NEEDED:
        raise unusable(
            f"The disk of the home folder {home} is full: {free // 1_000_000} MB are free, "
            f"{_SPACE_NEEDED // 1_000_000} MB are needed."
        )


def _check_file(path: Path) -> None:
    """SQLite's own check; of a big file only its header and schema, as the whole would take long."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"file:{path.absolute()}?mode=rw", uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if path.stat().st_size <= _CHECK_WHOLE_UP_TO:
                verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                if verdict != "ok":
                    raise sqlite3.DatabaseError
    except sqlite3.OperationalError as error:
        raise unusable(f"{path} cannot be opened ({error}).") from None
    except sqlite3.DatabaseError:
        raise unusable(
            f"{path} is damaged: restore it from a backup, or move it away to begin anew without what it holds."
        ) from None
