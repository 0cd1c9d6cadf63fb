"""EPCIS 2.0, the query interface: custody over all journeys, in the words that any traceability system reads."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import TypeAdapter

from api import epcis_examples as examples
from api.callers import AsOperator
from api.cursors import Number, Position, decode, encode
from api.documented import answer, problems
from api.epcis import BASE, HEADERS, answered, next_page
from api.middleware import LARGEST_BODY
from api.services import Services, Using
from ledger import epcis, epcis_query
from ledger.entries import read_entries
from ledger.registry import find_journey
from schemas.base import Instant
from schemas.errors import NotFound
from schemas.identity import CoiId
from standards.epcis.asked import THINGS, Asked, read_paging, read_query
from standards.epcis.described import described
from standards.epcis.documents import collection, query_document, single_event
from standards.epcis.names import canonical
from standards.epcis.reading import MOST_EVENTS
from standards.epcis.told import document
from standards.epcis.vocabulary import bare

router = APIRouter(tags=["epcis"])

_PLACES: dict[str, TypeAdapter[Any]] = {
    "position": TypeAdapter(tuple[Position, Number]),
    "event_time": TypeAdapter(tuple[Instant, Position, Number]),
}
_MEMBER = TypeAdapter(tuple[str])
_QUERY_REFUSED = ("epcis_query_invalid", "invalid_cursor", "ledger_unavailable")


class Resource(StrEnum):
    """What events can be looked up by (EPCIS 2.0, section 12.6)."""

    EVENT_TYPES = "eventTypes"
    EPCS = "epcs"
    BIZ_STEPS = "bizSteps"
    BIZ_LOCATIONS = "bizLocations"
    READ_POINTS = "readPoints"
    DISPOSITIONS = "dispositions"


_COLUMNS = {
    Resource.EVENT_TYPES: "type",
    Resource.BIZ_STEPS: "biz_step",
    Resource.BIZ_LOCATIONS: "biz_location",
    Resource.READ_POINTS: "read_point",
    Resource.DISPOSITIONS: "disposition",
}


@router.get(
    f"{BASE}/events",
    operation_id="queryEpcisEvents",
    summary="Ask for EPCIS events",
    responses={
        **answer(200, "An EPCISQueryDocument; the header `Link` leads to the next page.", examples.EPCIS_QUERY),
        **problems(*_QUERY_REFUSED),
    },
    openapi_extra={"parameters": described()},
)
async def query_events(_caller: AsOperator, using: Using, request: Request) -> Response:
    """Custody over all journeys, from the ledger alone: the first told first, unless `orderBy` says otherwise.

    A page stays where it is while new events come, so that following `Link` misses nothing and gets nothing twice.
    """
    return await _found(using, request, read_query(request.query_params.multi_items()))


@router.get(
    f"{BASE}/events/{{event_id:path}}",
    operation_id="getEpcisEvent",
    summary="One EPCIS event",
    responses={
        **answer(200, "The event, with its context.", examples.EPCIS_EVENT),
        **problems("unknown_epcis_event", "ledger_unavailable"),
    },
)
async def get_event(
    _caller: AsOperator,
    using: Using,
    event_id: Annotated[str, Path(max_length=1_000, description="Its `eventID`.")],
) -> Response:
    """Where the event was declared wrong, with that declaration."""
    await epcis.catch_up(using.database)
    async with using.database.reading() as session:
        found = await epcis_query.event(session, event_id) if event_id.isprintable() else None
    if found is None:
        raise NotFound("unknown_epcis_event", "No EPCIS event is known under that id.")
    return answered(single_event(found))


@router.get(
    "/v1/journeys/{coi}/epcis",
    operation_id="getEpcisDocument",
    summary="A journey's custody as an EPCIS document",
    responses={
        **answer(200, "An EPCISDocument.", examples.EPCIS_DOCUMENT),
        **problems("malformed", "unknown_journey", "ledger_unavailable"),
    },
)
async def get_document(_caller: AsOperator, using: Using, coi: CoiId) -> Response:
    """Made from the journey's entries alone: the same entries give the same document."""
    async with using.database.reading() as session:
        await find_journey(session, coi)
        entries = await read_entries(session, coi)
    if not entries:
        raise NotFound("unknown_journey", "The journey has not begun: there is nothing on record to tell.")
    return answered(document(entries))


@router.get(
    f"{BASE}/{{resource}}",
    operation_id="listEpcisNames",
    summary="Names that events can be looked up by",
    responses={
        **answer(200, "The names, by their spelling; the header `Link` leads to the next page.", examples.EPCIS_NAMES),
        **problems("malformed", *_QUERY_REFUSED),
    },
    openapi_extra={"parameters": described("perPage", "nextPageToken")},
)
async def list_names(_caller: AsOperator, using: Using, request: Request, resource: Resource) -> Response:
    """Types, things, business steps, places or dispositions that some event has."""
    asked = read_paging(request.query_params.multi_items())
    route = f"epcis/{resource}"
    after = decode(route, _MEMBER, asked.token)
    await epcis.catch_up(using.database)
    async with using.database.reading() as session:
        found = await epcis_query.members(session, resource, after[0] if after else None, asked.per_page + 1)
    token = encode(route, [found[asked.per_page - 1]]) if len(found) > asked.per_page else None
    return answered(collection(found[: asked.per_page]), headers=next_page(request, token))


@router.get(
    f"{BASE}/{{resource}}/{{name:path}}/events",
    operation_id="queryEpcisEventsOf",
    summary="The EPCIS events of a thing, step or place",
    responses={
        **answer(200, "An EPCISQueryDocument; the header `Link` leads to the next page.", examples.EPCIS_QUERY),
        **problems("malformed", *_QUERY_REFUSED),
    },
    openapi_extra={"parameters": described()},
)
async def query_events_of(
    _caller: AsOperator,
    using: Using,
    request: Request,
    resource: Resource,
    name: Annotated[str, Path(max_length=1_000, description="As the list of names has it, percent-encoded.")],
) -> Response:
    """As `GET /epcis/v2/events`, for one of the names that `GET /epcis/v2/{resource}` lists."""
    asked = read_query(request.query_params.multi_items())
    if not name.isprintable():
        return answered(query_document([], datetime.now(UTC)))
    if resource is Resource.EPCS:
        return await _found(using, request, replace(asked, names=(*asked.names, (THINGS, (canonical(name),)))))
    value = canonical(bare(name))
    return await _found(using, request, replace(asked, columns=(*asked.columns, (_COLUMNS[resource], (value,)))))


@router.options(f"{BASE}/{{resource:path}}", include_in_schema=False)
async def options(_caller: AsOperator, resource: str) -> Response:
    """Which version is spoken, before anything is sent."""
    may_send = resource in ("capture", "events")
    limits = {"GS1-EPCIS-Capture-Limit": str(MOST_EVENTS), "GS1-EPCIS-Capture-File-Size-Limit": str(LARGEST_BODY)}
    allowed = {"Allow": "GET, OPTIONS, POST" if may_send else "GET, OPTIONS"}
    return Response(status_code=204, headers={**HEADERS, **allowed, **(limits if may_send else {})})


async def _found(using: Services, request: Request, asked: Asked) -> Response:
    route = f"epcis/{asked.order}/{asked.descending}"
    after: Sequence[Any] | None = decode(route, _PLACES[asked.order], asked.token)
    await epcis.catch_up(using.database)
    async with using.database.reading() as session:
        found = await epcis_query.events(session, asked, after, asked.per_page + 1)
    token = encode(route, found[asked.per_page - 1][0]) if len(found) > asked.per_page else None
    events = [event for _, event in found[: asked.per_page]]
    return answered(query_document(events, datetime.now(UTC)), headers=next_page(request, token))
