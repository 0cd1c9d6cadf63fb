"""`clew bench`: runs the benchmarks one after the other, and shows every figure beside its floor and its target."""

import argparse
import asyncio
import logging
import os
import platform
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bench import (
    append,
    deliveries,
    events,
    feed,
    history,
    identifiers,
    inbox,
    intake,
    materials,
    memory,
    replay,
    report,
    verify,
)
from bench.figures import Figure
from bench.stack import Stack, fresh_stack
from worker.stopping import stop_signal, unless_stopped

INTERRUPTED = 130

BENCHMARKS: dict[str, Callable[[Stack, int], Awaitable[list[Figure]]]] = {
    "events": events.measure,
    "inbox": inbox.measure,
    "intake": intake.measure,
    "history": history.measure,
    "replay": replay.measure,
    "memory": memory.measure,
    "feed": feed.measure,
    "identifiers": identifiers.measure,
    "verify": verify.measure,
    "append": append.measure,
    "genealogy": materials.genealogy,
    "custody": materials.custody,
    "drain": deliveries.drain,
    "bulkhead": deliveries.bulkhead,
}
"""By name, in the order in which `all` runs them."""


def main(arguments: Sequence[str]) -> int:
    """Measure what is asked for. The exit code is 0 whatever the figures say: a busy machine is no defect."""
    asked = _parser().parse_args(arguments)
    names = list(BENCHMARKS) if "all" in asked.which or not asked.which else list(dict.fromkeys(asked.which))
    logging.disable(logging.WARNING)
    figures = asyncio.run(_unless_stopped(names, asked.rounds))
    if figures is None:
        return INTERRUPTED
    if asked.json:
        print(report.as_json(figures, machine()))
    else:
        report.show(figures)
    return 0


async def _unless_stopped(names: Sequence[str], rounds: int) -> list[Figure] | None:
    """None if SIGTERM or Ctrl-C came first; then too all processes are ended and their home is removed."""
    return await unless_stopped(_run(names, rounds), stop_signal())


async def _run(names: Sequence[str], rounds: int) -> list[Figure]:
    figures: list[Figure] = []
    for name in names:
        report.say(f"{name}, {rounds} rounds")
        async with fresh_stack() as stack:
            figures += await BENCHMARKS[name](stack, rounds)
    return figures


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cores": os.cpu_count(),
        "load_before": [round(each, 2) for each in os.getloadavg()],
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clew bench",
        description="Measure the figures that Clew claims, each beside its floor. Medians; ratios count.",
        epilog="Example: clew bench events inbox --rounds 3 --json",
    )
    parser.add_argument(
        "which",
        nargs="*",
        choices=[*BENCHMARKS, "all", []],
        metavar="BENCHMARK",
        help=f"{', '.join(BENCHMARKS)} or all (the default)",
    )
    parser.add_argument("--rounds", type=_rounds, default=3, help="how often each is measured (default 3)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    return parser


def _rounds(text: str) -> int:
    rounds = int(text)
    if not 1 <= rounds <= 20:
        raise argparse.ArgumentTypeError("between 1 and 20")
    return rounds
