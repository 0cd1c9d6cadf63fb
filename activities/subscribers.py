"""What the workflow of a subscription asks: to send the feed to whoever subscribed, and to give up."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.serving import Round, as_last_heard
from ledger import subscriptions
from ledger.database import Database
from ledger.tail import Tail
from ledger.trouble import database_trouble
from partners.webhooks import open_sender
from schemas.errors import Unavailable
from schemas.settings import Settings
from schemas.subscriptions import GivenUp, Served, Serving
from workflows.ports import SubscriberPort


class SubscriberActivities(SubscriberPort):
    """Keeps the promises of `SubscriberPort`. `tail`: one for the process, which looks for news for all of them."""

    def __init__(self, database: Database, tail: Tail, settings: Settings) -> None:
        self._database = database
        self._tail = tail
        self._settings = settings

    @activity.defn(name="serve_subscription")
    async def serve_subscription(self, serving: Serving) -> Served:
        timeout, private_too = self._settings.webhook_timeout, self._settings.allow_private_subscribers
        with _database_away():
            async with open_sender(timeout, private_too=private_too) as sender:
                return await Round(self._database, self._tail, sender, as_last_heard(serving)).run()

    @activity.defn(name="disable_subscription")
    async def disable_subscription(self, given_up: GivenUp) -> None:
        with _database_away():
            async with self._database.writing() as session:
                await subscriptions.disable(session, given_up, datetime.now(UTC))


@contextmanager
def _database_away() -> Iterator[None]:
    """To be tried again, without a word of the driver's own."""
    try:
        with database_trouble():
            yield
    except Unavailable as away:
        raise ApplicationError(away.detail, type="ledger_unavailable") from None
