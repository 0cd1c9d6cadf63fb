"""Partners' messages in forms of their own: taken by their connectors, and what operators do with the unreadable."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from api import examples
from api.answers import Links, MessageDetail, MessageReceipt, MessageView
from api.callers import AsOperator, AsPartner
from api.cursors import Cursor, Limit, Page, decode, page
from api.documented import answer, problems, request_body
from api.services import Using
from ledger import messages, queries
from ledger.messages import MessageStatus
from ledger.tables import MessageRow
from schemas.base import Identifier, Instant
from schemas.errors import ClewError
from schemas.operations import Said
from schemas.orders import PartyName
from telemetry import metrics

router = APIRouter(prefix="/v1", tags=["connectors"])

_PLACE = TypeAdapter(tuple[Instant, Identifier])


@router.post(
    "/partners/{name}/messages",
    operation_id="postMessage",
    summary="Tell Clew what happened, in the partner's own form",
    status_code=202,
    response_model=MessageReceipt,
    responses={
        **answer(202, "On record: it will not be lost.", examples.MESSAGE_RECEIPTS, location=True),
        **problems(
            "malformed",
            "unknown_partner",
            "no_connector",
            "signature_invalid",
            "event_conflict",
            "body_too_large",
            "secret_missing",
            "secrets_unusable",
            "ledger_unavailable",
        ),
    },
    openapi_extra=request_body(examples.MESSAGE_BODY, {"application/json": {}}),
)
async def post_message(_caller: AsPartner, using: Using, name: PartyName, request: Request) -> Response:
    """The partner's webhook. Who sent it is verified as its connector says.

    The answer comes after the commit, also for a message that cannot be mapped: it is kept whole, for a person.
    """
    try:
        row = await using.correspondence.take(name, request.headers, await request.body())
    except ClewError as error:
        metrics.MESSAGES_REFUSED.labels(error.code).inc()
        raise
    metrics.MESSAGES_RECEIVED.labels(row.status).inc()
    links = Links(self=f"/v1/messages/{row.id}")
    receipt = MessageReceipt(id=row.id, status=row.status, reason=row.reason, events=row.events, links=links)
    content = receipt.model_dump(mode="json", exclude_none=True)
    return JSONResponse(content, 202, {"Location": links.self})


@router.get(
    "/messages",
    operation_id="listMessages",
    summary="List partners' messages",
    response_model=Page[MessageView],
    responses={
        **answer(200, "Messages, the newest first.", examples.MESSAGE_PAGE),
        **problems("malformed", "invalid_cursor", "ledger_unavailable"),
    },
)
async def list_messages(
    _caller: AsOperator,
    using: Using,
    partner: Annotated[PartyName | None, Query(description="Only of this partner.")] = None,
    status: Annotated[MessageStatus | None, Query(description="Only with this status.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[MessageView]:
    """What is quarantined needs somebody's eyes."""
    after = decode("partner-messages", _PLACE, cursor)
    async with using.database.reading() as session:
        rows = await queries.messages(session, partner=partner, status=status, after=after, limit=limit + 1)
    return page(rows, limit, "partner-messages", lambda row: (row.received_at, row.id), MessageView.model_validate)


@router.get(
    "/messages/{message_id}",
    operation_id="getMessage",
    summary="What became of a partner's message",
    response_model=MessageDetail,
    responses={
        **answer(200, "The message, whole.", examples.MESSAGE),
        **problems("malformed", "unknown_message", "ledger_unavailable"),
    },
)
async def get_message(_caller: AsOperator, using: Using, message_id: str) -> MessageDetail:
    """Of one that could not be mapped also the expression, and the value that it failed on."""
    async with using.database.reading() as session:
        return _detail(await messages.find_message(session, message_id))


@router.post(
    "/messages/{message_id}/release",
    operation_id="releaseMessage",
    summary="Map a quarantined message again",
    response_model=MessageDetail,
    responses={
        **answer(200, "The message as it stands now.", examples.MESSAGE_RELEASED),
        **problems(
            "malformed",
            "not_json",
            "unknown_message",
            "message_settled",
            "no_connector",
            "event_conflict",
            "ledger_unavailable",
        ),
    },
    openapi_extra=request_body(examples.ACTION_BODY),
)
async def release_message(_caller: AsOperator, using: Using, message_id: str, word: Said) -> MessageDetail:
    """With the newest version of its connector. Where that fails too, it stays quarantined."""
    return _detail(await using.correspondence.release(message_id, by=word.by, reason=word.reason))


@router.post(
    "/messages/{message_id}/dismiss",
    operation_id="dismissMessage",
    summary="Give up a quarantined message",
    response_model=MessageDetail,
    responses={
        **answer(200, "The message is given up; it stays on record.", examples.MESSAGE_DISMISSED),
        **problems("malformed", "not_json", "unknown_message", "message_settled", "ledger_unavailable"),
    },
    openapi_extra=request_body(examples.ACTION_BODY),
)
async def dismiss_message(_caller: AsOperator, using: Using, message_id: str, word: Said) -> MessageDetail:
    """Only a person gives a message up, and says why."""
    async with using.database.writing() as session:
        now = datetime.now(UTC)
        row = await messages.dismiss(session, message_id, by=word.by, reason=word.reason, now=now)
        return _detail(row)


def _detail(row: MessageRow) -> MessageDetail:
    return MessageDetail.model_validate({**row.model_dump(), "body": row.body.decode(errors="replace")})
