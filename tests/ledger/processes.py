"""Python processes that begin their work at the same moment."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

DEADLINE = 90


async def run_together(commands: Sequence[Sequence[str]]) -> None:
    """Run Python with each list of arguments.

    A process says a line when it is ready and begins when its standard input closes. Fails where one does.
    """
    started = [await _start(command) for command in commands]
    await asyncio.wait_for(asyncio.gather(*(_ready(each) for each in started)), DEADLINE)
    finished = await asyncio.wait_for(asyncio.gather(*(each.communicate(b"") for each in started)), DEADLINE)
    for process, (_, words) in zip(started, finished, strict=True):
        assert process.returncode == 0, words.decode()


async def _start(command: Sequence[str]) -> Process:
    return await asyncio.create_subprocess_exec(sys.executable, *command, stdin=PIPE, stdout=PIPE, stderr=PIPE)


async def _ready(process: Process) -> None:
    assert process.stdout is not None
    await process.stdout.readline()
