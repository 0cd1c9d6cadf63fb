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
from api.fhir_refusals import OperationOutcomes
from api.hold_news import HoldNews
from api.middleware import BodyLimit, Failsafe, Measure
from api.openapi import describe_api
from api.origins import Origins
from api.owners import Owners
from api.pages import add_docs
from api.reception import Reception
from api.relay import Relay
from api.routes import (
    checkpoints,
    connectors,
    custody,
    decisions,
    deliveries,
    dossier,
    epcis,
    epcis_capture,
    events,
    feed,
    fhir,
    health,
    holds,
    identifiers,
    journeys,
    labels,
    materials,
    messages,
    partner_messages,
    partners,
    protocols,
    readings,
    scan,
    subscriptions,
)
from api.services import Services
from api.temporal_link import TemporalLink
from ledger.database import Database
from ledger.issuing import issuer_of
from ledger.notary import notary_of
from ledger.tail import Tail
from partners.secrets import Secrets
from schemas.settings import Settings

Connect = Callable[[Settings], Awaitable[Client]]
"""Makes a Temporal client that connects with its first call."""

_SAID = (events, journeys, decisions, protocols)
_MATERIAL = (custody, materials, readings)
_NEIGHBOURS = (partners, deliveries, connectors, partner_messages, feed, subscriptions, messages)
_IDENTITY = (holds, labels, identifiers, scan)
_STANDARDS = (epcis_capture, epcis, fhir)
_PROVEN = (checkpoints, dossier)
ROUTED = (*_SAID, *_MATERIAL, *_IDENTITY, *_NEIGHBOURS, *_STANDARDS, *_PROVEN, health)
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
    for each in (BodyLimit, Failsafe, OperationOutcomes, Measure):
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
    """Relay, owners' words, news of holds and notary at work, until what is left to write is written."""
    relay = Relay(database, link, settings.relay_interval)
    owners = Owners(database, link, settings.relay_interval)
    news = HoldNews(database, link, settings.relay_interval)
    reception, tail = Reception(database, relay), Tail(database)
    correspondence = Correspondence(database, relay, Secrets(settings.secrets_file))
    origins, issuer = Origins.read(settings.event_origins), issuer_of(settings, database)
    notary = notary_of(database, settings)
    works = (("relay", relay), ("owners", owners), ("hold_news", news), ("notary", notary))
    running = [asyncio.create_task(work.run(), name=name) for name, work in works]
    try:
        yield Services(
            database, issuer, link, relay, reception, correspondence, tail, origins, owners, notary, settings
        )
    finally:
        await tail.close()
        await reception.finish()
        for each in running:
            each.cancel()
        for each in running:
            with suppress(asyncio.CancelledError):
                await each
