"""Runs one program and sees to it that the program does not outlive the process that wanted it.

Started as a script by `cli.stack.process`, with nothing but the standard library. Its standard input is a pipe that the
supervisor holds and never writes to: when the pipe ends, the supervisor is gone, even if it was killed with -9, and the
program is stopped. SIGTERM and SIGINT are passed on; the exit status is the program's.
"""

import os
import signal
import subprocess
import sys
import threading
from types import FrameType

GRACE = 10.0
"""Seconds that the program has to end by itself."""


class Guard:
    """One program, held by its handle."""

    def __init__(self, command: list[str]) -> None:
        self._asked: int | None = None
        self._program: subprocess.Popen[bytes] | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._pass_on)
        self._program = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        if self._asked is not None:
            self._program.send_signal(self._asked)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        self._asked = number
        if self._program is not None:
            self._program.send_signal(number)

    def run(self) -> int:
        """Wait for the program; 128 + n if signal n ended it."""
        assert self._program is not None
        threading.Thread(target=self._stop_when_orphaned, daemon=True).start()
        status = self._program.wait()
        return status if status >= 0 else 128 - status

    def _stop_when_orphaned(self) -> None:
        assert self._program is not None
        while os.read(0, 1024):
            pass
        self._program.terminate()
        try:
            self._program.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._program.kill()


if __name__ == "__main__":
    sys.exit(Guard(sys.argv[1:]).run())
