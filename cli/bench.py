"""`clew bench`: our figures, each beside its floor."""

from importlib import import_module
from importlib.util import find_spec

import typer

_BENCHMARKS = "bench.main"


def register(app: typer.Typer) -> None:
    """Only where benchmarks are installed; they read their own options (`bench.main.main(arguments) -> exit code`)."""
    if find_spec(_BENCHMARKS) is not None:
        own_options = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
        app.command(context_settings=own_options)(bench)


def bench(context: typer.Context) -> None:
    """Measure the figures that Clew claims, each beside its floor.

    \b
    Example:
      clew bench --json
    """
    raise typer.Exit(import_module(_BENCHMARKS).main(context.args))
