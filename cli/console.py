"""What a command says: results on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any


def result(value: Any) -> None:
    """One JSON document on standard output, for a program."""
    print(json.dumps(value, ensure_ascii=False, default=str))


def say(text: str) -> None:
    """A line for a person, beside the result."""
    print(f"clew: {text}", file=sys.stderr, flush=True)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as their widest cell; plain text, so that it can be piped and grepped."""
    lines = [[str(heading).upper() for heading in headings], *([_cell(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    return "-" if value is None or value == "" else str(value)
