"""Deliveries: what is on its way to partners, and what an operator does about it."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import TypeAdapter

from api import delivery_desk, examples
from api.answers import Confirmation, DeliveryDetail, DeliveryView, PartnerStanding, Resend, Standings
from api.callers import AsOperator, AsPerson
from api.cursors import Cursor, Limit, Page, Position, decode, page
from api.documented import answer, problems, request_body
from api.services import Using
from ledger import desk, queries
from ledger.kept_back import kept_back
from schemas.deliveries import DeliveryId, DeliveryStatus
from schemas.identity import CoiId
from schemas.operations import Said
from schemas.orders import PartyName

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

_PLACE = TypeAdapter(tuple[Position])
_REFUSED = ("malformed", "not_json", "unknown_delivery", "delivery_under_way", "ledger_unavailable")


@router.get(
    "",
    operation_id="listDeliveries",
    summary="List deliveries",
    response_model=Page[DeliveryView],
    responses={
        **answer(200, "Deliveries, the oldest first.", examples.DELIVERY_PAGE),
        **problems("malformed", "invalid_cursor", "ledger_unavailable"),
    },
)
async def list_deliveries(
    _caller: AsOperator,
    using: Using,
    status: Annotated[DeliveryStatus | None, Query(description="Only with this status.")] = None,
    partner: Annotated[PartyName | None, Query(description="Only to this partner.")] = None,
    journey: Annotated[CoiId | None, Query(description="Only of this journey.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DeliveryView]:
    """What journeys have asked of partners: how old, how often tried, when it is tried next."""
    after = decode("deliveries", _PLACE, cursor)
    async with using.database.reading() as session:
        rows = await queries.deliveries(
            session, status=status, partner=partner, journey=journey, after=after, limit=limit + 1
        )
        held = await kept_back(session, rows)
    return page(
        rows,
        limit,
        "deliveries",
        lambda row: (row.number,),
        lambda row: delivery_desk.view(row, held=row.number in held),
    )


@router.get(
    "/standings",
    operation_id="listStandings",
    summary="How it stands with each partner",
    response_model=Standings,
    responses={
        **answer(200, "Partners by name: what waits, since when, until when.", examples.STANDINGS),
        **problems("malformed", "ledger_unavailable"),
    },
)
async def list_standings(_caller: AsOperator, using: Using) -> Standings:
    """Partners that are paused, or have deliveries that they have not taken."""
    async with using.database.reading() as session:
        return Standings(items=[PartnerStanding.model_validate(each) for each in await desk.standings(session)])


@router.get(
    "/{delivery}",
    operation_id="getDelivery",
    summary="A delivery and its attempts",
    response_model=DeliveryDetail,
    responses={
        **answer(200, "The delivery.", examples.DELIVERY_DETAIL),
        **problems("malformed", "unknown_delivery", "ledger_unavailable"),
    },
)
async def get_delivery(_caller: AsOperator, using: Using, delivery: DeliveryId) -> DeliveryDetail:
    """The newest 50 attempts, each with what the partner answered."""
    return await delivery_desk.detail(using, delivery)


@router.post(
    "/{delivery}/resend",
    operation_id="resendDelivery",
    summary="Try a delivery again, perhaps changed",
    response_model=DeliveryView,
    responses={
        **answer(200, "The delivery as it stands.", examples.DELIVERY),
        **problems(
            *_REFUSED,
            "identity_held",
            "delivery_settled",
            "delivery_unknown",
            "body_too_large",
            "task_decided",
            "temporal_unavailable",
        ),
    },
    openapi_extra=request_body(examples.RESEND_BODY),
)
async def resend_delivery(_caller: AsPerson, using: Using, delivery: DeliveryId, asked: Resend) -> DeliveryView:
    """Now, instead of at its next attempt. An unknown outcome is looked up first, where the partner can be asked.

    One that was refused or given up is asked for again by its journey: the open task is answered `send_again`.
    """
    return await delivery_desk.resend(using, delivery, asked)


@router.post(
    "/{delivery}/confirm",
    operation_id="confirmDelivery",
    summary="Say that a partner has taken a command",
    response_model=DeliveryView,
    responses={
        **answer(200, "The delivery is settled; its journey is told.", examples.DELIVERY),
        **problems(*_REFUSED, "delivery_not_unknown", "body_too_large"),
    },
    openapi_extra=request_body(examples.CONFIRM_BODY),
)
async def confirm_delivery(_caller: AsPerson, using: Using, delivery: DeliveryId, asked: Confirmation) -> DeliveryView:
    """Where the outcome is unknown and a person found out."""
    async with using.database.writing() as session:
        row = await desk.confirm(session, delivery, asked.reference, delivery_desk.says(asked))
    return delivery_desk.view(row)


@router.post(
    "/{delivery}/give-up",
    operation_id="giveUpDelivery",
    summary="Give a delivery up",
    response_model=DeliveryView,
    responses={
        **answer(200, "The delivery is given up; its journey asks how to go on.", examples.DELIVERY_GIVEN_UP),
        **problems(*_REFUSED, "delivery_settled", "body_too_large"),
    },
    openapi_extra=request_body(examples.ACTION_BODY),
)
async def give_up_delivery(_caller: AsPerson, using: Using, delivery: DeliveryId, asked: Said) -> DeliveryView:
    """Nothing is sent any more. The journey opens a task: send again, or stop."""
    async with using.database.writing() as session:
        row = await desk.give_up(session, delivery, delivery_desk.says(asked))
    return delivery_desk.view(row)
