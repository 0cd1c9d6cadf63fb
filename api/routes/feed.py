"""The ledger as a feed: pulled page by page, or pushed as server-sent events. A reader keeps its own position."""

from collections.abc import AsyncIterator
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.exc import SQLAlchemyError

from api import examples
from api.answers import FeedView
from api.callers import AsOperator
from api.documented import answer, problems
from api.services import Services, Using
from ledger.feed import FeedPage, Only, read_feed
from schemas.events import EventType
from schemas.orders import PartyName
from schemas.protocols import ProtocolName
from telemetry.logs import logger

router = APIRouter(prefix="/v1/feed", tags=["feed"])
log = logger("feed")

LARGEST_PAGE = 5_000
LONGEST_WAIT = 60.0
STREAM_PAGE = 200
"""Entries that a stream reads at a time: a slow reader has no more of them in memory than that."""

After = Annotated[int, Query(ge=0, le=2**62, description="The last position that you have; 0: from the beginning.")]


async def _only(
    type: Annotated[  # noqa: A002 - the query's own name
        tuple[EventType, ...], Query(max_length=50, description="Only of these types; may be repeated.")
    ] = (),
    journey: Annotated[
        str | None, Query(pattern=r"^[!-~]{1,120}$", description="Only of this journey, or of this operators' chain.")
    ] = None,
    protocol: Annotated[ProtocolName | None, Query(description="Only of journeys under this protocol.")] = None,
    party: Annotated[
        PartyName | None, Query(description="Only of journeys in which this organisation has a role.")
    ] = None,
) -> Only:
    return Only(types=tuple(type), journey=journey, protocol=protocol, party=party)


Wanted = Annotated[Only, Depends(_only)]


@router.get(
    "",
    operation_id="readFeed",
    summary="Read the ledger on from a position",
    response_model=FeedView,
    responses={
        **answer(200, "Entries in the order of their positions.", examples.FEED),
        **problems("malformed", "ledger_unavailable"),
    },
)
async def read(
    _caller: AsOperator,
    using: Using,
    only: Wanted,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="The most entries in one answer.")] = 500,
    wait: Annotated[
        float, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait where there is nothing new yet.")
    ] = 0,
) -> Response:
    """Pass `next` as `after` to read on. Nothing is left out between two answers, and nothing is put there later."""
    page, give_up = await _page(using, after, limit, only), monotonic() + wait
    while wait and not page.entries and await using.tail.beyond(page.next, give_up - monotonic()):
        page = await _page(using, page.next, limit, only)
    items = ",".join(entry.json for entry in page.entries)
    return Response(f'{{"items":[{items}],"next":{page.next}}}', media_type="application/json")


@router.get(
    "/stream",
    operation_id="streamFeed",
    summary="Have the ledger pushed on from a position",
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": "Server-sent events: `id` is the position, `event` the type, `data` the entry.",
            "content": {"text/event-stream": {"example": examples.FEED_STREAM}},
        },
        **problems("malformed"),
    },
)
async def stream(
    _caller: AsOperator,
    using: Using,
    only: Wanted,
    after: After = 0,
    last_event_id: Annotated[
        int | None,
        Header(ge=0, le=2**62, description="What a browser sends when it connects again; goes before `after`."),
    ] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Goes on until either side ends it. Connect again with the `id` of the last event, and nothing is missing."""
    position = after if last_event_id is None else last_event_id
    while not using.tail.is_over:
        try:
            page = await _page(using, position, STREAM_PAGE, only)
        except (SQLAlchemyError, OSError):
            # The reader connects again, with its position, and is told then whether the database is there.
            log.warning("stream_ended_without_database")
            return
        for entry in page.entries:
            yield ServerSentEvent(raw_data=entry.json, event=entry.type, id=str(entry.position))
        position = page.next
        if len(page.entries) < STREAM_PAGE:
            await using.tail.beyond(position, LONGEST_WAIT)


async def _page(using: Services, after: int, limit: int, only: Only) -> FeedPage:
    async with using.database.reading() as session:
        return await read_feed(session, after, limit, only)
