"""Journeys hear of identity holds, also where Temporal was away or a process died when one was opened or signed.

The hold is on record first, and holds from that moment on. The journey's workflow is only told to look: what counts
comes to it from the database, so a signal that somebody else sends can neither hold a journey nor let it go.
"""

from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncSession
from structlog.stdlib import BoundLogger
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from api.rounds import ANSWER_WITHIN, Rounds
from ledger import holds
from ledger.holds import News
from telemetry.logs import logger
from workflows.names import IDENTITY_CLEARED, IDENTITY_HELD, journey_workflow_id


class HoldNews(Rounds[News]):
    """Tells journeys what they have not been told of holds."""

    log: ClassVar[BoundLogger] = logger("hold_news")

    async def _untold(self, session: AsyncSession, limit: int) -> Sequence[News]:
        return await holds.untold(session, limit)

    def _workflow_of(self, item: News) -> str:
        return journey_workflow_id(item.journey)

    async def _tell(self, item: News) -> None:
        try:
            await self._temporal.call(lambda client: _signal(client, item), ANSWER_WITHIN)
        except RPCError as error:
            # Closed: it moves nothing any more. Not started: its first append will tell it.
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        async with self._database.writing() as session:
            await holds.mark_told(session, item)


async def _signal(client: Client, news: News) -> None:
    arguments: Sequence[str] = [news.hold]
    name = IDENTITY_HELD if news.held else IDENTITY_CLEARED
    await client.get_workflow_handle(journey_workflow_id(news.journey)).signal(name, args=arguments)
