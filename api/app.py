"""The application: routes, what surrounds them, and what lives as long as the process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI
from temporalio.client import Client

from activities import temporal
from api import problems
from api.correspondence import Correspondence
from api.middleware import BodyLimit, Failsafe, Measure
from api.openapi import describe_api
from api.origins import Origins
from api.owners import Owners
from api.pages import add_docs
from api.reception import Reception
from api.relay import Relay
from api.routes import (
    connectors,
    custody,
    decisions,
    deliveries,
    events,
    feed,
    health,
    journeys,
    materials,
    messages,
    partner_messages,
    partners,
    protocols,
    readings,
    subscriptions,
)
from api.services import Services
from api.temporal_link import TemporalLink
from ledger.database import Database
from ledger.tail import Tail
from partners.secrets import Secrets
from schemas.settings import Settings

Connect = Callable[[Settings], Awaitable[Client]]
"""Makes a Temporal client that connects with its first call."""

_SAID = (events, journeys, custody, materials, readings, decisions, protocols)
_NEIGHBOURS = (partners, deliveries, connectors, partner_messages, feed, subscriptions, messages)
ROUTED = (*_SAID, *_NEIGHBOURS, health)
"""In the order in which the API describes itself."""

CONNECT_WHEN_NEEDED: Connect = partial(temporal.connect, lazy=True)


def create_app(
    settings: Settings,
    *,
    database: Database | None = None,
    connect: Connect = CONNECT_WHEN_NEEDED,
) -> FastAPI:
    """The API. It starts and acknowledges events whether or not Temporal is there.

    `database`: one that stays the caller's to close; without it the settings' own is opened and closed.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        ours = database or Database(settings.database)
        try:
            async with _working(ours, TemporalLink(partial(connect, settings)), settings) as services:
                app.state.services = services
                yield
        finally:
            if database is None:
                await ours.close()

    app = FastAPI(
        title="Clew",
        version=version("clew"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # Its log records would quote exceptions and what did not validate.
        telemetry={"logs": False, "operation_spans": False},
    )
    for each in (BodyLimit, Failsafe, Measure):
        app.add_middleware(each)
    routers = [each.router for each in ROUTED]
    problems.install(app, [route for router in routers for route in router.routes])
    for router in routers:
        app.include_router(router)
    add_docs(app)
    describe_api(app)
    return app


@asynccontextmanager
async def _working(database: Database, link: TemporalLink, settings: Settings) -> AsyncIterator[Services]:
    """Relay and owners' words at work, until what is left to write is written."""
    relay = Relay(database, link, settings.relay_interval)
    owners = Owners(database, link, settings.relay_interval)
    reception, tail = Reception(database, relay), Tail(database)
    correspondence = Correspondence(database, relay, Secrets(settings.secrets_file))
    origins = Origins.read(settings.event_origins)
    running = [asyncio.create_task(relay.run(), name="relay"), asyncio.create_task(owners.run(), name="owners")]
    try:
        yield Services(database, link, relay, reception, correspondence, tail, origins, owners, settings)
    finally:
        await tail.close()
        await reception.finish()
        for each in running:
            each.cancel()
        for each in running:
            with suppress(asyncio.CancelledError):
                await each
