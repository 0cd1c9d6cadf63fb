"""The `clew` command. Each command is in a file of its own and imports what is heavy only when it runs."""

import logging
import os
import sys
from typing import Annotated, NoReturn

import typer

from cli import (
    bench,
    checkpoint,
    delivery,
    demo,
    dossier,
    epcis,
    event,
    feed,
    fhir,
    hold,
    journey,
    label,
    material,
    message,
    nats,
    partner,
    protocol,
    reading,
    scan,
    serve,
    simulate,
    subscription,
    task,
    up,
    verify,
)
from cli.paths import NOT_UTF_8

USAGE, INTERRUPTED = 2, 130


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"clew {version('clew')}")
        raise typer.Exit


app = typer.Typer(
    name="clew",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def clew(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which Clew this is, and stop.")
    ] = False,
) -> None:
    """Clew orchestrates cell and gene therapy journeys, from vein to vein."""


RUN = (up, demo, serve, nats, simulate)
IDENTITY = (label, scan, hold, material, reading)
STANDARDS = (epcis, fhir)
SAY = (protocol, journey, event, message, delivery, partner, feed, subscription, task, dossier)
for command in (*RUN, *SAY, *IDENTITY, *STANDARDS, verify, checkpoint, bench):
    command.register(app)


def run(arguments: list[str]) -> int:
    """Run one command; its exit code (see `cli.errors.Exit`)."""
    if not all(map(_is_text, arguments)):
        print(f"clew: an argument cannot be read: {NOT_UTF_8}", file=sys.stderr)
        return USAGE
    try:
        app(args=arguments, prog_name="clew")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        from cli.errors import report

        if os.environ.get("CLEW_LOG_LEVEL") == "debug":
            raise
        return report(error, as_json="--json" in arguments)
    return 0


def _is_text(argument: str) -> bool:
    """Whether it is what a terminal that speaks UTF-8 would give."""
    return not any(0xD800 <= ord(each) < 0xE000 for each in argument)


def main() -> NoReturn:
    """The console script."""
    _end(run(sys.argv[1:]))


def _end(code: int) -> NoReturn:
    """Temporal's core runs threads that can abort an interpreter that is shutting down; so it does not shut down."""
    try:
        logging.shutdown()
        sys.stderr.flush()
        sys.stdout.flush()
    except OSError:
        code = code or 1
    if "temporalio" in sys.modules:
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
