"""The descriptions of what is said: for those who generate code, or check messages, rather than read."""

from importlib.metadata import version

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api import examples
from api.answers import MessageList
from api.callers import AsPublic
from api.documented import answer, problems
from api.messages import SCHEMAS_AT, asyncapi, schemas
from schemas.errors import NotFound

router = APIRouter(prefix="/v1", tags=["messages"])


@router.get(
    "/asyncapi.json",
    operation_id="asyncapi",
    summary="Every message, as an AsyncAPI document",
    response_class=JSONResponse,
    responses=answer(200, "AsyncAPI 3.", examples.ASYNCAPI),
)
async def read_asyncapi(_caller: AsPublic) -> JSONResponse:
    """What partners may say, and what the feed says."""
    return JSONResponse(asyncapi(version("clew")))


@router.get(
    "/schemas",
    operation_id="listSchemas",
    summary="Every message that has a JSON Schema",
    response_model=MessageList,
    responses=answer(200, "Names, and where each schema is.", examples.MESSAGE_LIST),
)
async def list_schemas(_caller: AsPublic) -> MessageList:
    """Events by their type on the wire, entries of the ledger by their own."""
    return MessageList.model_validate({"items": [{"name": each, "url": f"{SCHEMAS_AT}/{each}"} for each in schemas()]})


@router.get(
    "/schemas/{name}",
    operation_id="getSchema",
    summary="The JSON Schema of a message",
    response_class=JSONResponse,
    responses={**answer(200, "JSON Schema 2020-12.", examples.MESSAGE_SCHEMA), **problems("unknown_message")},
)
async def get_schema(_caller: AsPublic, name: str) -> JSONResponse:
    """Of a whole event, as a structured CloudEvent, or of a whole entry of the ledger."""
    found = schemas().get(name)
    if found is None:
        raise NotFound("unknown_message", "No message has that name.")
    return JSONResponse(found, media_type="application/schema+json")
