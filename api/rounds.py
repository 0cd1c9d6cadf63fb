"""Looking around again and again for what is on record and not told yet."""

import asyncio
from collections.abc import Awaitable, Callable

from structlog.stdlib import BoundLogger

from telemetry.redaction import describe


async def keep_looking(look: Callable[[], Awaitable[None]], interval: float, log: BoundLogger) -> None:
    """Look every `interval` seconds, until cancelled."""
    while True:
        await asyncio.sleep(interval)
        try:
            await look()
        except Exception as error:
            # Temporal or the database is away: what is on record is found at the next look.
            log.warning("look_around_failed", error=describe(error))
