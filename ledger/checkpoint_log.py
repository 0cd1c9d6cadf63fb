"""The file of checkpoints, outside the database: one JSON text a line, each a signed note, ordered by size.

Any process may write: under a lock, after a look at the last line, and flushed to the disk before anybody is shown
the checkpoint. A line that a dying process left torn was shown to nobody, and the next writer cuts it off.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ledger.checkpoints import Checkpoint, read_checkpoint
from ledger.files import keep_name, put_once
from schemas.errors import Conflict

NAME = "checkpoints.jsonl"
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Kept:
    """A line of the file, by number; without a checkpoint where it cannot be read."""

    line: int
    checkpoint: Checkpoint | None


class CheckpointLog:
    """The checkpoints in a folder. Nothing is there before the first one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / NAME

    def newest(self) -> Checkpoint | None:
        """The last one. Raises `Conflict` (`checkpoints_damaged`) where it cannot be read."""
        try:
            with self.path.open("rb") as file:
                return _last(file)
        except FileNotFoundError:
            return None

    def put(self, checkpoint: Checkpoint, *, after: Checkpoint | None = None) -> bool:
        """Write a checkpoint down, unless there is one that says as much. `after`: what it was held against.

        Raises `Conflict` (`ledger_inconsistent`, `checkpoints_damaged`).
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            before = _last(file)
            if after is not None and (before is None or before.size < after.size):
                raise Conflict("checkpoints_damaged", "The file of checkpoints was cut off at its end.")
            if before is not None and before.size >= checkpoint.size:
                if before.size == checkpoint.size and before.root != checkpoint.root:
                    raise Conflict("ledger_inconsistent", f"Another checkpoint of size {before.size} is on file.")
                return False
            file.truncate(_whole(file))
            file.write(f"{json.dumps(str(checkpoint.note))}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        keep_name(self.folder)
        return True

    def aside(self) -> list[str]:
        """The names of older files, which were set aside."""
        return sorted(path.name for path in self.folder.glob("checkpoints-*.jsonl"))

    def next_name(self) -> str:
        """How the file is called once it is set aside."""
        return f"checkpoints-{len(self.aside()) + 1:04}.jsonl"

    def set_aside(self, name: str) -> None:
        """Keep the file under another name, and begin a new one. Raises `Conflict` (`checkpoints_damaged`) where
        another process did so first."""
        with self.path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            old = self.folder / name
            if old.exists():
                raise Conflict("checkpoints_damaged", "The checkpoints are being begun anew by somebody else.")
            # A copy, and then the same file emptied: whoever waits for its lock must not write into the old one.
            put_once(old, file.read())
            file.truncate(0)
            os.fsync(file.fileno())

    def all(self) -> Iterator[Kept]:
        """Every line that is there now, from the first on; a torn last one is none."""
        try:
            with self.path.open("rb") as file:
                end = _whole(file)
                file.seek(0)
                number = 0
                while file.tell() < end:
                    number += 1
                    yield Kept(number, _read(file.readline()))
        except FileNotFoundError:
            return

    def from_size(self, size: int) -> Iterator[Checkpoint]:
        """The checkpoints of at least that size, the smallest first. Raises `Conflict` (`checkpoints_damaged`)."""
        try:
            with self.path.open("rb") as file:
                end = _whole(file)
                file.seek(_begin_of(file, size, end))
                while file.tell() < end:
                    yield _intact(file.readline())
        except FileNotFoundError:
            return


def _begin_of(file: BinaryIO, size: int, end: int) -> int:
    """Where the first line of at least that size begins: halving, as the lines are ordered."""
    low, high = 0, end
    while low < high:
        middle = (low + high) // 2
        begin = _line_around(file, middle)
        file.seek(begin)
        line = file.readline()
        if _intact(line).size < size:
            low = begin + len(line)
        else:
            high = begin
    return low


def _line_around(file: BinaryIO, at: int) -> int:
    """Where the line begins that a byte belongs to."""
    begin = max(0, at - _LONGEST)
    file.seek(begin)
    return begin + file.read(at - begin).rfind(b"\n") + 1


def _whole(file: BinaryIO) -> int:
    """The end of the last whole line."""
    end = file.seek(0, os.SEEK_END)
    return _line_around(file, end)


def _last(file: BinaryIO) -> Checkpoint | None:
    end = _whole(file)
    if end == 0:
        return None
    file.seek(_line_around(file, end - 1))
    return _intact(file.readline())


def _intact(line: bytes) -> Checkpoint:
    checkpoint = _read(line)
    if checkpoint is None:
        raise Conflict("checkpoints_damaged", "A line of the file of checkpoints cannot be read: see `clew verify`.")
    return checkpoint


def _read(line: bytes) -> Checkpoint | None:
    try:
        note = json.loads(line)
        return read_checkpoint(note) if isinstance(note, str) else None
    except (ValueError, RecursionError):
        return None
