"""The record, as an activity: one batch, one transaction."""

from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError

from ledger.append import append_alone
from ledger.database import Database
from ledger.trouble import database_trouble
from schemas.errors import ClewError, Unavailable
from schemas.facts import Appended, Batch
from workflows.ports import LedgerPort


class LedgerActivities(LedgerPort):
    """Keeps the promises of `LedgerPort` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="append_facts")
    async def append_facts(self, batch: Batch) -> Appended:
        """Fails as `ledger_unavailable`, to be tried again, or for good with the code of a refusal."""
        try:
            with database_trouble():
                return await append_alone(self._database, batch, datetime.now(UTC))
        except Unavailable as away:
            raise ApplicationError(away.detail, type="ledger_unavailable") from None
        except ClewError as refusal:
            raise ApplicationError(refusal.detail, type=refusal.code, non_retryable=True) from None
