"""The record, as an activity: one batch, one transaction."""

from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError

from ledger.append import append
from ledger.database import Database
from ledger.trouble import database_trouble
from schemas.errors import ClewError
from schemas.facts import Appended, Batch
from workflows.ports import LedgerPort


class LedgerActivities(LedgerPort):
    """Keeps the promises of `LedgerPort` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="append_facts")
    async def append_facts(self, batch: Batch) -> Appended:
        """Fails with the refusal's code as type; it is tried again only where that can help."""
        try:
            with database_trouble():
                async with self._database.writing() as session:
                    return await append(session, batch, datetime.now(UTC))
        except ClewError as refusal:
            raise ApplicationError(
                refusal.detail, type=refusal.code, non_retryable=not refusal.retry_can_help
            ) from None
