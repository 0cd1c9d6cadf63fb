"""The API process."""

from types import FrameType

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.services import Services
from schemas.settings import Settings

SHUTDOWN_WITHIN = 5
"""Seconds that requests under way have when the process is told to stop."""


class Server(uvicorn.Server):
    """Tells those who wait for news that none will come: uvicorn lets every answer end before it stops."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        services: Services | None = getattr(self._app.state, "services", None)
        if services is not None:
            services.tail.end()
        super().handle_exit(sig, frame)


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Logs and traces are configured by the caller."""
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.api_host,
        port=settings.api_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_WITHIN,
    )
    await Server(config, app).serve()
