"""Connectors on record: published once, the newest version counts."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ledger.operations import put_operation
from ledger.tables import ConnectorRow
from schemas.connectors import Connector
from schemas.errors import Conflict, NotFound
from schemas.operations import OnConnector


async def publish(
    session: AsyncSession, connector: Connector, *, by: str, reason: str, now: datetime
) -> tuple[ConnectorRow, bool]:
    """Put a connector on record; whether it is new. Raises `Conflict` (`connector_exists`)."""
    found = await session.get(ConnectorRow, (connector.connector, connector.version))
    if found is not None:
        if found.hash != connector.hash:
            detail = f"Version {connector.version} of {connector.connector} is published with other content."
            raise Conflict("connector_exists", detail)
        return found, False
    row = ConnectorRow(
        name=connector.connector,
        version=connector.version,
        hash=connector.hash,
        title=connector.title,
        document=connector.plain(),
        published_at=now,
        published_by=by,
    )
    session.add(row)
    await session.flush()
    said = OnConnector(version=row.version, hash=row.hash, reason=reason)
    await put_operation(session, f"connector/{row.name}", "connector.published", said, by, now)
    return row, True


async def find_connector(session: AsyncSession, name: str) -> ConnectorRow:
    """The newest version. Raises `NotFound` (`unknown_connector`)."""
    query = select(ConnectorRow).where(col(ConnectorRow.name) == name).order_by(col(ConnectorRow.version).desc())
    row = (await session.execute(query.limit(1))).scalar_one_or_none()
    if row is None:
        raise NotFound("unknown_connector", f"No connector {name} is published.")
    return row
