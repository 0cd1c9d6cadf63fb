"""`clew bench`: our figures, each beside its floor."""

import typer


def register(app: typer.Typer) -> None:
    """Benchmarks bring their own options: `bench.main.command` is the command, where benchmarks are installed."""
    from importlib.util import find_spec

    if find_spec("bench.main") is None:
        return
    app.command(
        name="bench",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    )(bench)


def bench(context: typer.Context) -> None:
    """Measure the figures that Clew claims, each beside its floor.

    \b
    Example:
      clew bench --help
    """
    from bench.main import main

    raise typer.Exit(main(context.args))
