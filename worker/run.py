"""The worker process: waits for Temporal, prepares the namespace, runs until it is told to stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.client import Client
from temporalio.service import RPCError

from activities.ledger import LedgerActivities
from activities.partners import PartnerActivities
from activities.subscribers import SubscriberActivities
from activities.temporal import connect
from ledger.database import Database
from ledger.tail import Tail
from partners.client import open_http
from partners.secrets import Secrets
from schemas.errors import Unavailable
from schemas.settings import Settings
from telemetry.logs import logger
from telemetry.serving import serve_metrics
from worker.dispatch.dispatcher import Dispatcher
from worker.dispatch.doors import Doors
from worker.dispatch.telling import Teller
from worker.queues import GRACE, journey_worker, partner_worker, subscription_worker
from worker.search_attributes import prepare_namespace
from worker.stopping import stop_signal, unless_stopped

log = logger("worker")

_FIRST_DELAY, _LONGEST_DELAY = 0.1, 5.0
_ANSWER_WITHIN = 10.0

LOOK_EVERY = 0.1
"""Seconds between two looks for news for subscribers: less than a webhook takes to be dealt with."""


async def run(settings: Settings, *, core_metrics: str | None = None) -> None:
    """Run until SIGTERM or SIGINT. `core_metrics`: the URL that `telemetry.temporal.install_runtime` returned.

    Waits for Temporal as long as it takes: a server that is being upgraded is no reason to end.
    Raises `Unavailable` (`port_in_use`) if its metrics port is taken.
    """
    stopping = stop_signal()
    ready = asyncio.Event()
    server = serve_metrics(settings.worker_metrics_port, host=settings.api_host, ready=ready.is_set, also=core_metrics)
    try:
        client = await unless_stopped(_prepared_client(settings), stopping)
        if client is not None:
            async with working(client, settings):
                ready.set()
                log.info("worker_ready", temporal_namespace=settings.temporal_namespace)
                await stopping.wait()
                ready.clear()
    finally:
        await asyncio.to_thread(server.shutdown)
    log.info("worker_stopped")


@asynccontextmanager
async def working(client: Client, settings: Settings) -> AsyncIterator[None]:
    """All workers, for as long as the block lasts; on leaving, what is under way may end first."""
    database = Database(settings.database)
    tail = Tail(database, LOOK_EVERY)
    try:
        ledger, subscribers = LedgerActivities(database), SubscriberActivities(database, tail, settings)
        # Deliveries end after the workers: a command that is put down is sent, or left for the next process.
        async with (
            delivering(client, database, settings) as calls,
            journey_worker(client, settings, ledger),
            partner_worker(client, calls),
            subscription_worker(client, subscribers),
        ):
            yield
    finally:
        await tail.close()
        await database.close()


@asynccontextmanager
async def delivering(client: Client, database: Database, settings: Settings) -> AsyncIterator[PartnerActivities]:
    """Deliveries under way for as long as the block lasts, and the activities that put them down."""
    async with open_http(settings.partner_timeout) as http:
        doors = Doors(database, http, Secrets(settings.secrets_file))
        dispatcher = Dispatcher(database, doors.to, Teller(client, database))
        async with dispatcher.running(GRACE.total_seconds()):
            yield PartnerActivities(dispatcher)


async def _prepared_client(settings: Settings) -> Client:
    """A connection to a server that answers and whose namespace is fit for journeys."""
    delay = _FIRST_DELAY
    while True:
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                client = await connect(settings)
                await prepare_namespace(client)
                return client
        # RuntimeError: what the SDK raises when nothing listens yet.
        except (RPCError, RuntimeError, Unavailable, TimeoutError) as error:
            log.info("waiting_for_temporal", reason=type(error).__name__, retry_in=delay)
        await asyncio.sleep(delay)
        delay = min(delay * 2, _LONGEST_DELAY)
