"""Events: taken, looked up, listed, released, given up."""

from time import perf_counter
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from api import event_desk, examples
from api.answers import BatchReceipt, EventAction, EventReceipt, EventView, Links
from api.callers import AsOperator, AsPartner
from api.cursors import Cursor, Limit, Page, decode, page
from api.documented import answer, problems, request_body
from api.envelopes import BATCH, JSON, STRUCTURED, read_posted
from api.evidence import EventDetail, newest_note
from api.paths import event_of, event_path, journey_path
from api.services import Using
from ledger import inbox, queries
from ledger.inbox import Standing
from ledger.proofs import position_of_event
from schemas.base import Code, Instant
from schemas.errors import ClewError
from schemas.events import CloudEvent, EventId, EventType, Source
from schemas.facts import EventStatus
from schemas.identity import CoiId
from telemetry import metrics

router = APIRouter(prefix="/v1/events", tags=["events"])

_ENVELOPE = CloudEvent.model_json_schema()
ENVELOPES = {
    STRUCTURED: _ENVELOPE,
    BATCH: {"type": "array", "items": _ENVELOPE},
    JSON: {"type": "object"},
}
_PLACE = TypeAdapter(tuple[Instant, Source, EventId])


@router.post(
    "",
    operation_id="postEvents",
    summary="Tell Clew what happened",
    status_code=202,
    response_model=EventReceipt | BatchReceipt,
    responses={
        **answer(202, "The events are on record and will not be lost.", examples.EVENT_RECEIPTS),
        **problems(
            "malformed",
            "not_json",
            "unknown_event_type",
            "source_reserved",
            "event_conflict",
            "body_too_large",
            "unsupported_media_type",
            "ledger_unavailable",
        ),
    },
    openapi_extra=request_body(examples.EVENT_BODIES, ENVELOPES),
)
async def post_events(_caller: AsPartner, using: Using, request: Request) -> Response:
    """Take one CloudEvent (structured or binary) or a batch.

    The answer comes after the commit: an event that was acknowledged is never lost. The same event again has no
    further effect and gets the present status. Of a batch all events are taken, or none.
    """
    began = perf_counter()
    try:
        posted = read_posted(request.headers, await request.body())
        stored = await using.reception.receive(posted.events)
    except ClewError as error:
        metrics.EVENTS_REFUSED.labels(error.code).inc()
        raise
    for each in posted.events:
        metrics.EVENTS_RECEIVED.labels(each.event.type).inc()
    metrics.ACKNOWLEDGE_SECONDS.observe(perf_counter() - began)
    receipts = [_receipt(each) for each in stored]
    evidence = {"checkpoint": note} if (note := newest_note(using)) else {}
    if posted.batch:
        return JSONResponse({"items": receipts, **evidence}, status_code=202)
    location = {"Location": receipts[0]["links"]["self"]}
    return JSONResponse({**receipts[0], **evidence}, status_code=202, headers=location)


@router.options("", include_in_schema=False)
async def may_post_events(
    _caller: AsPartner,
    using: Using,
    origin: Annotated[str | None, Header(alias="WebHook-Request-Origin", pattern=r"^[!-~]{1,253}$")] = None,
    rate: Annotated[str | None, Header(alias="WebHook-Request-Rate", pattern=r"^[1-9][0-9]{0,8}$")] = None,
) -> Response:
    """Agree to be sent events, where a sender asks first (CloudEvents HTTP webhook 1.0.2, section 4).

    At any rate, so whatever rate is asked for. A `WebHook-Request-Callback` is never called: the answer is here.
    """
    agreed = {}
    if origin is not None and using.origins.includes(origin):
        agreed = {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"}
    return Response(status_code=200, headers={"Allow": "GET, OPTIONS, POST", **agreed})


@router.get(
    "",
    operation_id="listEvents",
    summary="List events",
    response_model=Page[EventView],
    responses={
        **answer(200, "Events, the newest first.", examples.EVENT_PAGE),
        **problems("malformed", "invalid_cursor", "ledger_unavailable"),
    },
)
async def list_events(
    _caller: AsOperator,
    using: Using,
    status: Annotated[EventStatus | None, Query(description="Only with this status.")] = None,
    reason: Annotated[Code | None, Query(description="Only for this reason.")] = None,
    journey: Annotated[CoiId | None, Query(description="Only of this journey.")] = None,
    event_type: Annotated[EventType | None, Query(alias="type", description="Only of this type.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[EventView]:
    """The events that were taken: what is unmatched, held, refused or quarantined needs somebody's eyes."""
    after = decode("events", _PLACE, cursor)
    async with using.database.reading() as session:
        rows = await queries.events(
            session,
            status=status,
            reason=reason,
            journey=journey,
            event_type=event_type,
            after=after,
            limit=limit + 1,
        )
    return page(rows, limit, "events", lambda row: (row.received_at, row.source, row.id), EventView.model_validate)


@router.post(
    "/release",
    operation_id="releaseEvent",
    summary="Have an event judged once more",
    response_model=EventView,
    responses={
        **answer(200, "The event took effect.", examples.EVENT_RELEASED),
        **problems(
            "malformed",
            "not_json",
            "unknown_event",
            "event_pending",
            "event_settled",
            "event_waits",
            "event_without_effect",
            "event_conflict",
            "journey_closed",
            "ledger_unavailable",
            "temporal_unavailable",
        ),
    },
    openapi_extra=request_body(examples.RELEASE_BODY),
)
async def release_event(_caller: AsOperator, using: Using, release: EventAction) -> EventView:
    """A late or refused event is judged as if it arrived now: useful once what stood against it is corrected.

    It takes effect as any other would, or is refused with what the judge says and stays as it was.
    """
    return await event_desk.release(using, release)


@router.post(
    "/dismiss",
    operation_id="dismissEvent",
    summary="Give up an event",
    response_model=EventView,
    responses={
        **answer(200, "The event is given up; it stays on record.", examples.EVENT_DISMISSED),
        **problems(
            "malformed",
            "not_json",
            "unknown_event",
            "event_pending",
            "event_settled",
            "event_conflict",
            "ledger_unavailable",
            "temporal_unavailable",
        ),
    },
    openapi_extra=request_body(examples.DISMISSAL_BODY),
)
async def dismiss_event(_caller: AsOperator, using: Using, dismissal: EventAction) -> EventView:
    """A person says of an event that is unmatched, held, late or refused that nothing more shall come of it, and why.

    One that waits in its journey is taken out of there.
    """
    return await event_desk.dismiss(using, dismissal)


@router.get(
    "/{source:path}/{event_id}",
    operation_id="getEvent",
    summary="What became of an event",
    response_model=EventDetail,
    responses={
        **answer(200, "The event and its status.", examples.EVENT),
        **problems("unknown_event", "ledger_unavailable"),
    },
)
async def get_event(_caller: AsPartner, using: Using, request: Request, source: str, event_id: str) -> EventDetail:
    """Both parts of the path are percent-encoded whole: a source may hold slashes."""
    async with using.database.reading() as session:
        row = await inbox.look_up(session, *event_of(request, source, event_id))
        position = await position_of_event(session, row.source, row.id)
    return EventDetail.model_validate({**row.model_dump(), "position": position, "checkpoint": newest_note(using)})


def _receipt(standing: Standing) -> dict[str, Any]:
    links = {"self": event_path(standing.source, standing.id)}
    if standing.journey:
        links["journey"] = journey_path(standing.journey)
    receipt = EventReceipt(
        source=standing.source,
        id=standing.id,
        status=standing.status,
        reason=standing.reason,
        journey=standing.journey,
        links=Links(**links),
    )
    return receipt.model_dump(mode="json", exclude_none=True)
