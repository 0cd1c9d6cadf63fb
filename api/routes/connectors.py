"""Connectors: published once, the newest version counts from then on, without a restart."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from api import examples
from api.answers import ConnectorSummary, ConnectorView
from api.callers import AsOperator
from api.cursors import Cursor, Limit, Number, Page, decode, page
from api.documented import answer, problems, request_body
from api.services import Using
from api.transactions import settle
from ledger import connectors, queries
from ledger.tables import ConnectorRow
from partners.connectors.reading import read_connector
from schemas.base import Code, Identifier
from schemas.errors import Invalid
from schemas.partners import ConnectorName

router = APIRouter(prefix="/v1/connectors", tags=["connectors"])

_PLACE = TypeAdapter(tuple[ConnectorName, Number])
_BODIES = {"application/json": {"type": "object"}, "application/yaml": {"type": "string"}}


@router.post(
    "",
    operation_id="publishConnector",
    summary="Publish a connector",
    status_code=201,
    response_model=ConnectorView,
    responses={
        **answer(201, "Published.", examples.CONNECTOR, location=True),
        **answer(200, "It was published before, word for word.", examples.CONNECTOR, location=True),
        **problems("malformed", "connector_invalid", "connector_exists", "body_too_large", "ledger_unavailable"),
    },
    openapi_extra=request_body(examples.CONNECTOR_BODY, _BODIES),
)
async def publish_connector(
    _caller: AsOperator,
    using: Using,
    request: Request,
    by: Annotated[Identifier, Query(description="Who publishes it.")],
    reason: Annotated[Code, Query(description="Why.")] = "published",
) -> Response:
    """YAML or JSON. A published version never changes: what differs needs a new version."""
    connector = read_connector(_text(await request.body()))

    async def record(session: AsyncSession) -> tuple[ConnectorRow, bool]:
        return await connectors.publish(session, connector, by=by, reason=reason, now=datetime.now(UTC))

    row, fresh = await settle(using.database, record)
    view = ConnectorView.model_validate(row).model_dump(mode="json")
    return JSONResponse(view, 201 if fresh else 200, {"Location": f"/v1/connectors/{row.name}"})


@router.get(
    "",
    operation_id="listConnectors",
    summary="List connectors",
    response_model=Page[ConnectorSummary],
    responses={
        **answer(200, "Every published version.", examples.CONNECTOR_PAGE),
        **problems("malformed", "invalid_cursor", "ledger_unavailable"),
    },
)
async def list_connectors(
    _caller: AsOperator, using: Using, cursor: Cursor = None, limit: Limit = 50
) -> Page[ConnectorSummary]:
    """By name, the oldest version first."""
    after = decode("connectors", _PLACE, cursor)
    async with using.database.reading() as session:
        rows = await queries.connectors(session, after=after, limit=limit + 1)
    return page(rows, limit, "connectors", lambda row: (row.name, row.version), ConnectorSummary.model_validate)


@router.get(
    "/{name}",
    operation_id="getConnector",
    summary="The newest version of a connector",
    response_model=ConnectorView,
    responses={
        **answer(200, "The connector.", examples.CONNECTOR),
        **problems("malformed", "unknown_connector", "ledger_unavailable"),
    },
)
async def get_connector(_caller: AsOperator, using: Using, name: ConnectorName) -> ConnectorView:
    """What messages are mapped with now."""
    async with using.database.reading() as session:
        return ConnectorView.model_validate(await connectors.find_connector(session, name))


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Invalid("malformed", "The body is not UTF-8.") from None
