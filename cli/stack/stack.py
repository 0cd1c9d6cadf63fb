"""The whole stack: which service needs which, and what is prepared in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cli.client import Api, configured_url
from cli.shipped import publish_shipped
from cli.stack import services
from cli.stack.services import SimulatedCity
from cli.stack.supervisor import Say, Supervisor, together
from schemas.settings import Settings


@asynccontextmanager
async def running_stack(settings: Settings, city: SimulatedCity | None, say: Say) -> AsyncIterator[Supervisor]:
    """Everything started and ready; on leaving, all of it stopped in the opposite order.

    Raises `Unavailable` (`process_ended`) if something does not come up.
    """
    supervisor = Supervisor(say)
    try:
        first = [supervisor.run_once(services.migration(settings))]
        if settings.temporal_address is None:
            first.append(supervisor.start(services.temporal_server(settings)))
        await together(first)
        await supervisor.start(services.worker(settings), services.api(settings))
        await asyncio.to_thread(_publish, configured_url(settings))
        if city is not None:
            await supervisor.start(services.partners(settings, city))
        yield supervisor
    finally:
        await supervisor.stop()


def _publish(url: str) -> None:
    with Api(url) as api:
        publish_shipped(api)
