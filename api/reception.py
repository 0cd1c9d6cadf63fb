"""Where events are acknowledged: after their commit, and not before."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from api.group_commit import GroupCommit
from api.relay import Relay
from api.transactions import settle_in_step
from ledger import inbox
from ledger.database import Database
from ledger.inbox import Incoming, Standing
from schemas.errors import Conflict
from schemas.facts import EventStatus

LARGEST_GROUP = 100
"""Requests that one transaction takes."""

Request = Sequence[Incoming]
Answer = list[Standing] | Conflict


class Reception:
    """Stores what requests bring, and tells the relay."""

    def __init__(self, database: Database, relay: Relay) -> None:
        self._database = database
        self._relay = relay
        self._commits: GroupCommit[Request, Answer] = GroupCommit(self._store, LARGEST_GROUP)

    async def receive(self, request: Request) -> list[Standing]:
        """The events of one request, stored together. Raises `Conflict` (`event_conflict`): then none is stored."""
        answer = await self._commits.submit(request)
        if isinstance(answer, Conflict):
            raise answer
        return answer

    async def finish(self) -> None:
        """Wait until all that was submitted is stored."""
        await self._commits.finish()

    async def _store(self, requests: Sequence[Request]) -> Sequence[Answer]:
        def work(session: Session) -> list[Answer]:
            return inbox.receive_in_step(session, requests, datetime.now(UTC))

        answers = await settle_in_step(self._database, work)
        stored = [standing for answer in answers if not isinstance(answer, Conflict) for standing in answer]
        self._relay.wake(each.journey for each in stored if each.journey and each.status == EventStatus.RECEIVED)
        return answers
