"""Journeys hear of identity holds, also where Temporal was away or a process died when one was opened or signed.

The hold is on record first, and holds from that moment on. The journey's workflow is only told to look: what counts
comes to it from the database, so a signal that somebody else sends can neither hold a journey nor let it go.
"""

from collections.abc import Sequence

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from api.rounds import keep_looking
from api.temporal_link import TemporalLink
from ledger import holds
from ledger.database import Database
from ledger.holds import News
from telemetry.logs import logger
from telemetry.redaction import describe
from workflows.names import IDENTITY_CLEARED, IDENTITY_HELD, journey_workflow_id

log = logger("hold_news")

AT_ONCE = 100
"""Journeys that one look around tells."""

ANSWER_WITHIN = 5.0
"""Seconds that Temporal has for one signal."""


class HoldNews:
    """Tells journeys what they have not been told; `interval`: seconds between looks around."""

    def __init__(self, database: Database, temporal: TemporalLink, interval: float) -> None:
        self._database = database
        self._temporal = temporal
        self._interval = interval

    async def run(self) -> None:
        """Look around until cancelled."""
        await keep_looking(self._look_around, self._interval, log)

    async def _look_around(self) -> None:
        async with self._database.reading() as session:
            untold = await holds.untold(session, AT_ONCE)
        for news in untold:
            try:
                await self._tell(news)
            except RPCError as error:
                # Nobody else has to wait for that.
                log.warning("journey_not_told", journey=news.journey, error=describe(error))

    async def _tell(self, news: News) -> None:
        try:
            await self._temporal.call(lambda client: _signal(client, news), ANSWER_WITHIN)
        except RPCError as error:
            # Closed: it moves nothing any more. Not started: its first append will tell it.
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        async with self._database.writing() as session:
            await holds.mark_told(session, news)


async def _signal(client: Client, news: News) -> None:
    arguments: Sequence[str] = [news.hold]
    name = IDENTITY_HELD if news.held else IDENTITY_CLEARED
    await client.get_workflow_handle(journey_workflow_id(news.journey)).signal(name, args=arguments)
