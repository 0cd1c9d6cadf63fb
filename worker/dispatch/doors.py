"""The door to each partner: Clew's own form, or the partner's, by the connector that it is registered with."""

from functools import partial

import httpx

from activities.connectors import Connectors
from ledger.connectors import find_connector
from ledger.database import Database
from ledger.tables import PartnerRow
from ledger.trouble import database_trouble
from partners.client import ClewDoor
from partners.connectors.door import connector_door
from partners.door import Door
from partners.secrets import Secrets


class Doors:
    """Opens them. A connector's newest version counts, from the next attempt on."""

    def __init__(self, database: Database, http: httpx.AsyncClient, secrets: Secrets) -> None:
        self._database = database
        self._http = http
        self._secrets = secrets
        self._connectors = Connectors()

    async def to(self, partner: PartnerRow) -> Door:
        """The way to a partner. Raises `Unavailable` or `NotFound` (`unknown_connector`)."""
        if partner.connector is None:
            return ClewDoor(self._http, partner.url)
        with database_trouble():
            async with self._database.reading() as session:
                row = await find_connector(session, partner.connector)
        return connector_door(
            self._connectors.of(row), partner.url, self._http, partial(self._secrets.of, partner.name)
        )
