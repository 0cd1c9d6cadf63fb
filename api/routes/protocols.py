"""Protocols: published once, read by anybody."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from api import examples
from api.answers import ProtocolSummary, ProtocolView
from api.callers import AsOperator, AsPerson
from api.cursors import Cursor, Limit, Number, Page, decode, page
from api.documented import answer, problems, request_body
from api.json_bodies import read_json
from api.services import Using
from api.transactions import settle
from ledger import queries, registry
from ledger.registry import LARGEST_VERSION
from ledger.tables import ProtocolRow
from schemas.errors import Flaw, Invalid, ProtocolInvalid
from schemas.protocols import Protocol, ProtocolName, read_protocol, read_protocol_yaml

router = APIRouter(prefix="/v1/protocols", tags=["protocols"])

Version = Annotated[int, Path(ge=1, le=LARGEST_VERSION)]
_PLACE = TypeAdapter(tuple[ProtocolName, Number])
_JSON = "application/json"
_BODIES = {_JSON: {"type": "object"}, "application/yaml": {"type": "string"}}


@router.post(
    "",
    operation_id="publishProtocol",
    summary="Publish a protocol",
    status_code=201,
    response_model=ProtocolView,
    responses={
        **answer(201, "Published.", examples.PROTOCOL, location=True),
        **answer(200, "It was published before, word for word.", examples.PROTOCOL, location=True),
        **problems("protocol_invalid", "not_json", "protocol_exists", "body_too_large", "ledger_unavailable"),
    },
    openapi_extra=request_body(
        examples.PROTOCOL_BODY, {_JSON: {"type": "object"}, "application/yaml": {"type": "string"}}
    ),
)
async def publish_protocol(_caller: AsOperator, using: Using, request: Request) -> Response:
    """JSON or YAML. A published version never changes: what differs needs a new version."""
    protocol = _read(request.headers.get("content-type", _JSON), await request.body())

    async def record(session: AsyncSession) -> tuple[ProtocolRow, bool]:
        return await registry.publish(session, protocol, datetime.now(UTC))

    row, fresh = await settle(using.database, record)
    view = ProtocolView.model_validate(row)
    headers = {"Location": f"/v1/protocols/{row.name}/{row.version}"}
    return JSONResponse(view.model_dump(mode="json"), status_code=201 if fresh else 200, headers=headers)


@router.get(
    "",
    operation_id="listProtocols",
    summary="List protocols",
    response_model=Page[ProtocolSummary],
    responses={
        **answer(200, "Every published version.", examples.PROTOCOL_PAGE),
        **problems("malformed", "invalid_cursor", "ledger_unavailable"),
    },
)
async def list_protocols(
    _caller: AsPerson, using: Using, cursor: Cursor = None, limit: Limit = 50
) -> Page[ProtocolSummary]:
    """By name, the oldest version first."""
    after = decode("protocols", _PLACE, cursor)
    async with using.database.reading() as session:
        rows = await queries.protocols(session, name=None, after=after, limit=limit + 1)
    return page(rows, limit, "protocols", lambda row: (row.name, row.version), ProtocolSummary.model_validate)


@router.get(
    "/{name}",
    operation_id="getNewestProtocol",
    summary="The newest version of a protocol",
    response_model=ProtocolView,
    responses={
        **answer(200, "The protocol.", examples.PROTOCOL),
        **problems("malformed", "unknown_protocol", "ledger_unavailable"),
    },
)
async def get_newest_protocol(_caller: AsPerson, using: Using, name: ProtocolName) -> ProtocolView:
    """What a journey starts under that names no version."""
    async with using.database.reading() as session:
        return ProtocolView.model_validate(await registry.find_protocol(session, name))


@router.get(
    "/{name}/{version}",
    operation_id="getProtocol",
    summary="One version of a protocol",
    response_model=ProtocolView,
    responses={
        **answer(200, "The protocol.", examples.PROTOCOL),
        **problems("malformed", "unknown_protocol", "ledger_unavailable"),
    },
)
async def get_protocol(_caller: AsPerson, using: Using, name: ProtocolName, version: Version) -> ProtocolView:
    """As it was published."""
    async with using.database.reading() as session:
        return ProtocolView.model_validate(await registry.find_protocol(session, name, version))


def _read(content_type: str, raw: bytes) -> Protocol:
    if content_type.partition(";")[0].strip().lower() == _JSON:
        protocol = read_protocol(read_json(raw))
    else:
        protocol = read_protocol_yaml(_text(raw))
    if protocol.version > LARGEST_VERSION:
        flaw = Flaw(pointer="/version", code="impossible_limit", detail=f"at most {LARGEST_VERSION}")
        raise ProtocolInvalid("protocol_invalid", "The document cannot be a protocol.", [flaw])
    return protocol


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Invalid("malformed", "The body is not UTF-8.") from None
