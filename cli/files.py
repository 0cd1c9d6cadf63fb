"""Files that commands read."""

import json
import sys
from pathlib import Path
from typing import Any

import typer


def read_json_file(file: Path) -> Any:
    """The decoded content; `-` is standard input."""
    try:
        return json.loads(sys.stdin.read() if str(file) == "-" else file.read_text())
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None
    except ValueError:
        raise typer.BadParameter(f"{file} is not JSON") from None
