"""The floors as processes: `python -m bench.floors worker|api`. Settings as for Clew's own, from the environment."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, Request
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.temporal import connect
from bench.bare import BARE_QUEUE, Bare
from schemas.settings import Settings
from telemetry import logs, temporal, traces
from telemetry.serving import serve_metrics
from worker.queues import GRACE, STICKY_TIMEOUT
from worker.stopping import stop_signal

_PREPARE = """
    PRAGMA journal_mode=WAL;
    PRAGMA synchronous=FULL;
    CREATE TABLE IF NOT EXISTS taken (id INTEGER PRIMARY KEY, body BLOB);
"""


async def bare_worker(settings: Settings) -> None:
    """Runs bare workflows with everything set as for journeys, until SIGTERM."""
    stopping = stop_signal()
    client = await connect(settings)
    worker = Worker(
        client,
        task_queue=BARE_QUEUE,
        workflows=[Bare],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=settings.max_cached_journeys,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=GRACE,
    )
    async with worker:
        server = serve_metrics(settings.worker_metrics_port)
        await stopping.wait()
        await asyncio.to_thread(server.shutdown)


def bare_api(settings: Settings) -> FastAPI:
    """A POST that commits its body to SQLite, and one that only reads it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.database = sqlite3.connect(settings.home / "bare.db", isolation_level=None)
        app.state.database.executescript(_PREPARE)
        yield
        app.state.database.close()

    app = FastAPI(lifespan=lifespan)

    @app.get("/readyz")
    async def readyz() -> dict[str, str]:
        return {"status": "ready"}

    @app.post("/hear", status_code=202)
    async def hear(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.post("/take", status_code=202)
    async def take(request: Request) -> dict[str, str]:
        app.state.database.execute("INSERT INTO taken (body) VALUES (?)", (await request.body(),))
        return {"status": "taken"}

    return app


async def _serve(settings: Settings) -> None:
    config = uvicorn.Config(
        bare_api(settings), host=settings.api_host, port=settings.api_port, log_config=None, access_log=False
    )
    await uvicorn.Server(config).serve()


def main(which: str) -> None:
    """Run one floor until SIGTERM."""
    settings = Settings()
    logs.configure(settings, f"bare-{which}")
    traces.configure(settings, f"bare-{which}")
    if which == "api":
        asyncio.run(_serve(settings))
    else:
        temporal.install_runtime(with_metrics=True)
        asyncio.run(bare_worker(settings))


if __name__ == "__main__":
    main(sys.argv[1])
