"""What partners send in forms of their own: verified, kept whole, mapped, acknowledged after the commit."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from activities.connectors import Connectors
from api.json_bodies import read_json
from api.relay import Relay
from api.transactions import settle
from ledger import messages, registry
from ledger.connectors import find_connector
from ledger.database import Database
from ledger.inbox import Incoming, Standing
from ledger.messages import Reading, Taken
from ledger.tables import ConnectorRow, MessageRow
from partners.connectors.mapping import Unmapped, map_message
from partners.connectors.verification import verify
from partners.secrets import Secrets
from schemas.connectors import Connector, Nothing
from schemas.errors import Conflict, Invalid
from schemas.facts import EventStatus
from telemetry import metrics

_LONG = 50_000
"""Bytes from which a message is mapped in a thread: 1 MB can take a second, and others wait for an answer."""


class Correspondence:
    """Takes partners' messages by their connectors, and tells the relay of the events in them."""

    def __init__(self, database: Database, relay: Relay, secrets: Secrets) -> None:
        self._database = database
        self._relay = relay
        self._secrets = secrets
        self._connectors = Connectors()

    async def take(self, partner: str, headers: Mapping[str, str], body: bytes) -> MessageRow:
        """Keep a message and its events in one transaction. Nothing is kept of what the partner did not send.

        Raises `NotFound` (`unknown_partner`), `Conflict` (`no_connector`, `event_conflict`), `Unproven` and
        `Unavailable` (`secret_missing`, `secrets_unusable`).
        """
        connector = await self._connector_of(partner)
        assert connector.inbound is not None
        how, now = connector.inbound.verify, datetime.now(UTC)
        secrets = [] if isinstance(how, Nothing) else self._secrets.of(partner, how.secret)
        verify(how, secrets, headers, body, now)
        made = await _made_of(connector, partner, body)

        async def work(session: AsyncSession) -> Taken:
            return await messages.take(session, partner, body, made, now)

        row, standings = await settle(self._database, work)
        self._stored(made, standings)
        return row

    async def release(self, message_id: str, *, by: str, reason: str) -> MessageRow:
        """Map a quarantined message with its connector's newest version.

        Raises `NotFound` (`unknown_message`) and `Conflict` (`message_settled`, `no_connector`, `event_conflict`).
        """

        async def work(session: AsyncSession) -> tuple[Reading, Taken]:
            row = await messages.quarantined(session, message_id)
            connector = self._mapping(await find_connector(session, row.connector))
            made, now = await _made_of(connector, row.partner, row.body), datetime.now(UTC)
            return made, (row, await messages.release(session, row, made, by=by, reason=reason, now=now))

        made, (row, standings) = await settle(self._database, work)
        self._stored(made, standings)
        return row

    async def _connector_of(self, partner: str) -> Connector:
        """Asked for each message, so that a version that was just published counts in every process."""
        async with self._database.reading() as session:
            name = (await registry.find_partner(session, partner)).connector
            if name is None:
                raise Conflict("no_connector", "The partner is registered without a connector: it sends events.")
            return self._mapping(await find_connector(session, name))

    def _mapping(self, row: ConnectorRow) -> Connector:
        connector = self._connectors.of(row)
        if connector.inbound is None:
            raise Conflict("no_connector", f"The connector {row.name} reads no messages.")
        return connector

    def _stored(self, made: Reading, standings: Sequence[Standing]) -> None:
        for each in made.events if standings else ():
            metrics.EVENTS_RECEIVED.labels(each.event.type).inc()
        self._relay.wake(each.journey for each in standings if each.journey and each.status == EventStatus.RECEIVED)


async def _made_of(connector: Connector, partner: str, body: bytes) -> Reading:
    if len(body) < _LONG:
        return read_message(connector, partner, body)
    return await asyncio.to_thread(read_message, connector, partner, body)


def read_message(connector: Connector, partner: str, body: bytes) -> Reading:
    """What a connector makes of a message, or why it makes nothing of it."""
    assert connector.inbound is not None
    name, version = connector.connector, connector.version
    try:
        found = map_message(name, connector.inbound, partner, read_json(body))
    except Invalid as error:
        problem = {"pointer": "", "expression": None, "value": None, "detail": error.detail}
        return Reading(name, version, reason=error.code, problem=problem)
    except Unmapped as error:
        return Reading(name, version, reason="unmapped", problem=error.problem)
    return Reading(name, version, [Incoming(each.event, each.envelope) for each in found])
