"""`clew api`, `clew worker`, `clew migrate`: the parts of an installation, one process each."""

import asyncio
import signal
from types import FrameType
from typing import NoReturn

import typer

from cli.settings import load


def register(app: typer.Typer) -> None:
    app.command()(api)
    app.command()(worker)
    app.command()(migrate)


def api() -> None:
    """Serve the HTTP API until SIGTERM or Ctrl-C.

    \b
    Example:
      CLEW_API_PORT=8080 clew api
    """
    from api.main import serve
    from telemetry import logs, temporal, traces

    settings = load()
    logs.configure(settings, "api")
    traces.configure(settings, "api")
    temporal.install_runtime()
    # uvicorn, when it has stopped, sends itself the signal again: without a handler of ours it would end by that.
    signal.signal(signal.SIGTERM, _end_in_order)
    try:
        asyncio.run(serve(settings))
    finally:
        traces.flush()


def _end_in_order(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def worker() -> None:
    """Run journeys and their calls to partners until SIGTERM or Ctrl-C.

    \b
    Example:
      CLEW_TEMPORAL_ADDRESS=temporal:7233 clew worker
    """
    from telemetry import logs, temporal, traces
    from worker.run import run

    settings = load()
    logs.configure(settings, "worker")
    traces.configure(settings, "worker")
    core_metrics = temporal.install_runtime(with_metrics=True)
    asyncio.run(run(settings, core_metrics=core_metrics))
    traces.flush()


def migrate() -> None:
    """Bring the database to this version's form; harmless if it is there already.

    \b
    Example:
      CLEW_DATABASE_URL=postgresql+asyncpg://clew@db/clew clew migrate
    """
    from ledger.migrate import migrate as bring_up_to_date
    from telemetry import logs

    settings = load()
    logs.configure(settings, "migrate")
    if settings.database_url is None:
        settings.home.mkdir(parents=True, exist_ok=True)
    asyncio.run(bring_up_to_date(settings.database))
    typer.echo("The database is up to date.", err=True)
