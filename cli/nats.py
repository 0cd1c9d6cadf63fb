"""`clew nats`: the feed on NATS JetStream."""

import asyncio
from typing import Annotated

import typer

from cli.settings import load


def register(app: typer.Typer) -> None:
    app.command()(nats)


def nats(
    url: Annotated[str, typer.Option(envvar="CLEW_NATS_URL", help="Where NATS is.")] = "nats://127.0.0.1:4222",
    stream: Annotated[str, typer.Option(help="The stream; it is made if it is not there.")] = "CLEW",
    subjects: Annotated[str, typer.Option(help="What stands before an entry's type in its subject.")] = "clew",
) -> None:
    """Publish the ledger to NATS JetStream, each entry once, until SIGTERM or Ctrl-C.

    \b
    Example:
      clew nats --url nats://broker:4222 --stream CLEW
    """
    from ledger.database import Database
    from schemas.errors import Unavailable
    from telemetry import logs

    try:
        from worker.jetstream import publish
    except ModuleNotFoundError:
        raise Unavailable("nats_missing", "Publishing to NATS needs the extra: pip install 'clew[nats]'.") from None
    from worker.stopping import stop_signal, unless_stopped

    settings = load()
    logs.configure(settings, "nats")

    async def until_stopped() -> None:
        database = Database(settings.database)
        try:
            await unless_stopped(publish(database, url, stream=stream, subjects=subjects), stop_signal())
        finally:
            await database.close()

    asyncio.run(until_stopped())
