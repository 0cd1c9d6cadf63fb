"""Journeys: ordered, listed, read."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from api import examples
from api.answers import (
    DeviationView,
    EntryView,
    HoldView,
    IdentifierView,
    JourneyDetail,
    JourneyReceipt,
    JourneySummary,
    Links,
    MaterialView,
    StageView,
    TaskView,
)
from api.callers import AsPartner, AsPerson
from api.cursors import Cursor, Limit, Number, Page, decode, page
from api.documented import answer, problems, request_body
from api.evidence import Note, newest_note
from api.ordering import take_order
from api.paths import journey_path
from api.services import Using
from api.tracing import traceparent_of
from api.views import material_views
from ledger import holds, queries
from ledger.proofs import position_of_number
from ledger.registry import find_journey
from ledger.tables import JourneyRow
from schemas.base import Instant
from schemas.facts import JourneyStatus
from schemas.identity import CoiId
from schemas.orders import JourneyOrder, PartyName
from schemas.protocols import ProtocolName
from schemas.stages import StageId

router = APIRouter(prefix="/v1/journeys", tags=["journeys"])

LATEST = 20
"""Facts on a journey's page."""

_PLACE = TypeAdapter(tuple[Instant, CoiId])
_SEQ = TypeAdapter(tuple[Number])

Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", pattern=r"^[!-~]{1,120}$", description="The same key again: the same journey."),
]
Search = Annotated[
    str | None,
    Query(pattern=r"^[!-~]{1,64}$", description="The beginning of any identifier: order, bag, batch, dose, shipment."),
]


@router.post(
    "",
    operation_id="orderJourney",
    summary="Start a journey",
    status_code=201,
    response_model=JourneyReceipt,
    responses={
        **answer(201, "The journey runs.", examples.JOURNEY_STARTED, location=True),
        **answer(202, "Recorded; it starts when Temporal is back.", examples.JOURNEY_RECORDED, location=True),
        **problems(
            "malformed",
            "not_json",
            "party_missing",
            "unknown_partner",
            "unknown_protocol",
            "idempotency_conflict",
            "order_exists",
            "identifier_in_use",
            "body_too_large",
            "no_coi_left",
            "ledger_unavailable",
        ),
    },
    openapi_extra=request_body(examples.ORDER_BODY),
)
async def order_journey(
    _caller: AsPartner, using: Using, request: Request, order: JourneyOrder, key: Key = None
) -> Response:
    """Issue a chain-of-identity id and start the therapy under a published protocol.

    Once it is recorded the journey will start, whatever happens to any process.
    """
    taken = await take_order(using, order, key=key, traceparent=traceparent_of(request.headers))
    async with using.database.reading() as session:
        position = await position_of_number(session, taken.journey.coi, 1)
    receipt, started = _receipt(taken.journey, taken.started, position, newest_note(using)), taken.started
    return JSONResponse(receipt, status_code=201 if started else 202, headers={"Location": receipt["links"]["self"]})


@router.get(
    "",
    operation_id="listJourneys",
    summary="List journeys",
    response_model=Page[JourneySummary],
    responses={
        **answer(200, "Journeys, the newest first.", examples.JOURNEY_PAGE),
        **problems("malformed", "invalid_cursor", "ledger_unavailable"),
    },
)
async def list_journeys(
    _caller: AsPerson,
    using: Using,
    status: Annotated[JourneyStatus | None, Query(description="Only in this status.")] = None,
    protocol: Annotated[ProtocolName | None, Query(description="Only under this protocol.")] = None,
    treatment_centre: Annotated[PartyName | None, Query(description="Only of this treatment centre.")] = None,
    stage: Annotated[StageId | None, Query(description="Only where this stage is active.")] = None,
    at_risk: Annotated[bool | None, Query(description="Only with, or only without, a risk.")] = None,
    overdue: Annotated[bool, Query(description="Only where something is late now.")] = False,
    q: Search = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[JourneySummary]:
    """Filters add up."""
    async with using.database.reading() as session:
        rows = await queries.journeys(
            session,
            status=status,
            protocol=protocol,
            treatment_centre=treatment_centre,
            stage=stage,
            at_risk=at_risk,
            overdue_at=datetime.now(UTC) if overdue else None,
            search=q,
            after=decode("journeys", _PLACE, cursor),
            limit=limit + 1,
        )
    return page(rows, limit, "journeys", lambda row: (row.ordered_at, row.coi), _summary)


@router.get(
    "/{coi}",
    operation_id="getJourney",
    summary="Everything about a journey",
    response_model=JourneyDetail,
    responses={
        **answer(200, "The journey as it is now.", examples.JOURNEY),
        **problems("unknown_journey", "ledger_unavailable"),
    },
)
async def get_journey(_caller: AsPerson, using: Using, coi: str) -> JourneyDetail:
    """Stages in the protocol's order, open tasks, deviations, open identity holds, materials, names, newest facts."""
    async with using.database.reading() as session:
        row = await find_journey(session, coi)
        parts = {
            "stages_in_order": [StageView.model_validate(each) for each in await queries.stages_of(session, coi)],
            "tasks": [TaskView.model_validate(each) for each in await queries.open_tasks_of(session, coi)],
            "deviations": [DeviationView.model_validate(each) for each in await queries.deviations_of(session, coi)],
            "identity_holds": [HoldView.model_validate(each) for each in await holds.open_holds_of(session, coi)],
            "materials": material_views(await queries.materials_of(session, coi)),
            "identifiers": [IdentifierView.model_validate(e) for e in await queries.identifiers_of(session, coi)],
            "latest": [EntryView.model_validate(e) for e in await queries.latest_entries(session, coi, LATEST)],
        }
    return JourneyDetail.model_validate({**_columns(row), **parts})


@router.get(
    "/{coi}/ledger",
    operation_id="readLedger",
    summary="A journey's record",
    response_model=Page[EntryView],
    responses={
        **answer(200, "Facts, in the order in which they were recorded.", examples.ENTRY_PAGE),
        **problems("malformed", "unknown_journey", "invalid_cursor", "ledger_unavailable"),
    },
)
async def read_ledger(
    _caller: AsPerson, using: Using, coi: str, cursor: Cursor = None, limit: Limit = 50
) -> Page[EntryView]:
    """Each entry carries its hash and the hash of the one before it."""
    route = f"ledger/{coi}"
    after = decode(route, _SEQ, cursor)
    async with using.database.reading() as session:
        await find_journey(session, coi)
        rows = await queries.entries(session, coi, after=after, limit=limit + 1)
    return page(rows, limit, route, lambda row: (row.seq,), EntryView.model_validate)


@router.get(
    "/{coi}/materials",
    operation_id="listMaterials",
    summary="A journey's containers and doses",
    response_model=Page[MaterialView],
    responses={
        **answer(200, "Each with what it was made from and what was made from it.", examples.MATERIAL_PAGE),
        **problems("unknown_journey", "ledger_unavailable"),
    },
)
async def list_materials(_caller: AsPerson, using: Using, coi: str) -> Page[MaterialView]:
    """The genealogy, on one page: a journey has a handful."""
    async with using.database.reading() as session:
        await find_journey(session, coi)
        return Page(items=material_views(await queries.materials_of(session, coi)), next=None)


def _receipt(journey: JourneyRow, started: bool, position: int | None, checkpoint: Note) -> dict[str, Any]:
    here = journey_path(journey.coi)
    receipt = JourneyReceipt(
        coi=journey.coi,
        order=journey.order_number,
        status=journey.status,
        started=started,
        links=Links(self=here, journey=here),
        position=position,
        checkpoint=checkpoint,
    )
    return receipt.model_dump(mode="json")


def _columns(row: JourneyRow) -> dict[str, Any]:
    return {**row.model_dump(), "stages": [stage for stage in row.stages.split(",") if stage]}


def _summary(row: JourneyRow) -> JourneySummary:
    return JourneySummary.model_validate(_columns(row))
