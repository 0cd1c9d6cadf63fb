"""Readings of loggers and monitoring systems: taken in bulk, and shown by shipment."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from api import custody_examples as examples
from api.callers import AsPartner, AsPerson
from api.cursors import Cursor, Limit, decode, encode
from api.custody_answers import QuantitySummary, ReadingsReceipt, ReadingView, ShipmentReadings
from api.custody_views import excursion_views, notice_views
from api.documented import answer, problems, request_body
from api.reading_bodies import CSV, JSON, NDJSON, read_measurements
from api.services import Using
from api.transactions import settle
from ledger import readings
from ledger.conditions import condition_of
from ledger.readings import Taken
from ledger.shipments import find_shipment
from schemas.base import Code, Identifier, Instant
from schemas.readings import Measurement

router = APIRouter(prefix="/v1", tags=["materials"])

_PLACE = TypeAdapter(tuple[Code, Instant, Identifier])
_BODIES = {
    JSON: {"type": "array", "items": Measurement.model_json_schema()},
    NDJSON: {"type": "string"},
    CSV: {"type": "string"},
}


@router.post(
    "/readings",
    operation_id="postReadings",
    summary="Tell Clew what devices measured",
    response_model=ReadingsReceipt,
    responses={
        **answer(200, "All are on record, and what they mean has been told.", examples.READINGS_RECEIPT),
        **problems(
            "malformed",
            "not_json",
            "unknown_shipment",
            "unknown_material",
            "reading_conflict",
            "body_too_large",
            "unsupported_media_type",
            "ledger_unavailable",
        ),
    },
    openapi_extra=request_body(examples.READINGS_BODY, _BODIES),
)
async def post_readings(_caller: AsPartner, using: Using, request: Request) -> ReadingsReceipt:
    """A JSON array, a JSON object a line, or CSV with headings; all of it or none.

    A reading is known by its device, quantity, moment and thing: the same again changes nothing. A device has one value
    of a quantity at a moment; another is a conflict.
    An excursion of a shipment comes into its journey as one event.
    """
    measurements = read_measurements(request.headers, await request.body())

    async def take(session: AsyncSession) -> Taken:
        return await readings.take(session, measurements, datetime.now(UTC))

    taken = await settle(using.database, take)
    using.relay.wake(taken.journeys)
    return ReadingsReceipt(
        new=taken.new,
        repeated=taken.repeated,
        excursions=[each for condition in taken.conditions for each in excursion_views(condition)],
        notices=[each for condition in taken.conditions for each in notice_views(condition)],
        told=[each.event.id for each in taken.news],
        unjudged=[each.shipment for each in taken.conditions if each.limits is None],
    )


@router.get(
    "/shipments/{reference:path}/readings",
    operation_id="getShipmentReadings",
    summary="A shipment's condition",
    response_model=ShipmentReadings,
    responses={
        **answer(200, "Least, greatest, mean, excursions, and one page of readings.", examples.SHIPMENT_READINGS),
        **problems("malformed", "invalid_cursor", "unknown_shipment", "ledger_unavailable"),
    },
)
async def get_shipment_readings(
    _caller: AsPerson,
    using: Using,
    reference: Annotated[str, Path(max_length=64, description="The courier's own, or assigned to it.")],
    quantity: Annotated[Code | None, Query(description="Only this quantity's readings.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ShipmentReadings:
    """Excursions and gaps are of the courier's time with it; the page is of all readings, in order of time."""
    route = f"readings/{reference}"
    after = decode(route, _PLACE, cursor)
    async with using.database.reading() as session:
        shipment = await find_shipment(session, reference)
        condition = await condition_of(session, shipment)
        summary = await readings.summary_of(session, shipment.reference)
        rows = await readings.readings_of(session, shipment.reference, quantity=quantity, after=after, limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return ShipmentReadings(
        items=[ReadingView.model_validate(each) for each in rows[:limit]],
        next=encode(route, (last.quantity, last.at, last.device)) if last else None,
        shipment=shipment.reference,
        journey=shipment.journey.coi,
        limits=condition.limits.model_dump(exclude_none=True) if condition.limits else None,
        summary=[QuantitySummary.model_validate(dict(each)) for each in summary],
        excursions=excursion_views(condition),
        notices=notice_views(condition),
    )
