"""Whoever writes checkpoints is killed at every step: what was there stays, and the next writer goes on."""

import subprocess
import sys
from pathlib import Path

from ledger.checkpoint_log import CheckpointLog
from tests.ledger.test_checkpoints import checkpoint

KILLED = """
import os, signal, sys; from pathlib import Path
from ledger.checkpoint_log import CheckpointLog; from ledger.checkpoints import read_checkpoint
log, left = CheckpointLog(Path(sys.argv[1])), [None] * int(sys.argv[2])
def step(work):
    def counted(*given):
        if not left: os.kill(os.getpid(), signal.SIGKILL)
        left.pop()
        return work(*given)
    return counted
os.fsync, os.link = step(os.fsync), step(os.link)
"""
PUT = f"{KILLED}\nlog.put(read_checkpoint(sys.argv[3]))"
SET_ASIDE = f"{KILLED}\nlog.set_aside('checkpoints-0001.jsonl')"


def survives(script: str, folder: Path, steps: int) -> bool:
    """Whether it comes to its end within so many steps to the disk."""
    command = [sys.executable, "-c", script, str(folder), str(steps), str(checkpoint(5).note)]
    ended = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert ended.returncode in (0, -9), ended.stderr.decode()
    return ended.returncode == 0


def begun(folder: Path) -> CheckpointLog:
    log = CheckpointLog(folder)
    log.put(checkpoint(2))
    return log


def test_a_writer_that_is_killed_loses_nothing_that_was_shown(tmp_path: Path) -> None:
    steps = 0
    while not survives(PUT, (log := begun(tmp_path / str(steps))).folder, steps):
        assert log.newest() in (checkpoint(2), checkpoint(5))
        log.put(checkpoint(5))
        log.put(checkpoint(9), after=checkpoint(5))
        assert [each.checkpoint for each in log.all()] == [checkpoint(2), checkpoint(5), checkpoint(9)]
        steps += 1
    assert steps == 2, "killed before the line was on the disk, and before its name was"


def test_one_who_sets_the_file_aside_and_is_killed_loses_nothing(tmp_path: Path) -> None:
    steps = 0
    while not survives(SET_ASIDE, (log := begun(tmp_path / str(steps))).folder, steps):
        if log.newest() is not None:
            log.set_aside(log.next_name())
        assert checkpoint(2) in [CheckpointLogOf(log.folder, name).newest() for name in log.aside()]
        assert log.put(checkpoint(3)) and log.newest() == checkpoint(3)
        steps += 1
    assert steps == 4, "the copy, its name, the folder, the emptied file"


class CheckpointLogOf(CheckpointLog):
    """A file that was set aside, read as the one in use is."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder)
        self.path = folder / name
