"""Figures for a person, ratios first, or for a program."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.figures import Figure


def say(text: str) -> None:
    """Progress, beside the result."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def as_json(figures: Sequence[Figure], machine: dict[str, Any]) -> str:
    """One JSON document."""
    return json.dumps({"machine": machine, "figures": [each.as_json() for each in figures]}, ensure_ascii=False)


def show(figures: Sequence[Figure], console: Console | None = None) -> None:
    """A table on standard output."""
    (console or Console()).print(table_of(figures))


def table_of(figures: Sequence[Figure]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("FIGURE")
    for heading in ("RATIO", "OURS", "FLOOR"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("UNIT", "TARGET", ""):
        table.add_column(heading, no_wrap=True)
    for each in figures:
        table.add_row(*_row(each))
    return table


def _row(figure: Figure) -> tuple[str, ...]:
    verdict = {True: "[green]holds[/]", False: "[bold red]missed[/]", None: ""}[figure.holds]
    target = str(figure.target) if figure.target else "-"
    return (
        figure.name,
        _number(figure.ratio),
        _number(figure.ours),
        _number(figure.floor),
        figure.unit,
        target,
        verdict,
    )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
