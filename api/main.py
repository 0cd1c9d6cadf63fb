"""The API process."""

import uvicorn

from api.app import create_app
from schemas.settings import Settings

SHUTDOWN_WITHIN = 5
"""Seconds that requests under way have when the process is told to stop."""


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Logs and traces are configured by the caller."""
    config = uvicorn.Config(
        create_app(settings),
        host=settings.api_host,
        port=settings.api_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_WITHIN,
    )
    await uvicorn.Server(config).serve()
