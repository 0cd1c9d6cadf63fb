"""Partners: where an organisation's system is reached, how fast, and whether at all."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from api import examples
from api.answers import PartnerView, Resent
from api.callers import AsOperator, AsPerson
from api.cursors import Cursor, Limit, Page, decode, page
from api.delivery_desk import says
from api.documented import answer, problems, request_body
from api.services import Using
from api.transactions import settle
from ledger import desk, queries, registry
from ledger.tables import PartnerRow
from schemas.operations import Said
from schemas.orders import PartyName
from schemas.partners import PartnerAddress

router = APIRouter(prefix="/v1/partners", tags=["partners"])

_PLACE = TypeAdapter(tuple[PartyName])


@router.put(
    "/{name}",
    operation_id="registerPartner",
    summary="Register a partner",
    response_model=PartnerView,
    responses={
        **answer(200, "The partner as it is registered now.", examples.PARTNER),
        **problems("malformed", "not_json", "unknown_connector", "body_too_large", "ledger_unavailable"),
    },
    openapi_extra=request_body(examples.PARTNER_BODY),
)
async def register_partner(_caller: AsOperator, using: Using, name: PartyName, address: PartnerAddress) -> PartnerView:
    """The newest address counts, also for journeys that run."""

    async def record(session: AsyncSession) -> PartnerRow:
        return await registry.register_partner(session, name, address, datetime.now(UTC))

    return PartnerView.model_validate(await settle(using.database, record))


@router.get(
    "",
    operation_id="listPartners",
    summary="List partners",
    response_model=Page[PartnerView],
    responses={
        **answer(200, "Partners by name.", examples.PARTNER_PAGE),
        **problems("malformed", "invalid_cursor", "ledger_unavailable"),
    },
)
async def list_partners(
    _caller: AsOperator, using: Using, cursor: Cursor = None, limit: Limit = 50
) -> Page[PartnerView]:
    """Every organisation's system that can be a party of a journey."""
    after = decode("partners", _PLACE, cursor)
    async with using.database.reading() as session:
        rows = await queries.partners(session, after=after, limit=limit + 1)
    return page(rows, limit, "partners", lambda row: (row.name,), PartnerView.model_validate)


@router.get(
    "/{name}",
    operation_id="getPartner",
    summary="One partner",
    response_model=PartnerView,
    responses={
        **answer(200, "The partner.", examples.PARTNER),
        **problems("malformed", "unknown_partner", "ledger_unavailable"),
    },
)
async def get_partner(_caller: AsOperator, using: Using, name: PartyName) -> PartnerView:
    """Where commands to this organisation are sent."""
    async with using.database.reading() as session:
        return PartnerView.model_validate(await registry.find_partner(session, name))


@router.post(
    "/{name}/pause",
    operation_id="pausePartner",
    summary="Send a partner nothing more",
    response_model=PartnerView,
    responses={
        **answer(200, "The partner is paused.", examples.PARTNER_PAUSED),
        **problems("malformed", "not_json", "unknown_partner", "body_too_large", "ledger_unavailable"),
    },
    openapi_extra=request_body(examples.ACTION_BODY),
)
async def pause_partner(_caller: AsPerson, using: Using, name: PartyName, asked: Said) -> PartnerView:
    """What journeys ask of it waits, in order, until the partner is resumed."""
    async with using.database.writing() as session:
        return PartnerView.model_validate(await desk.pause(session, name, says(asked)))


@router.post(
    "/{name}/resume",
    operation_id="resumePartner",
    summary="Send a paused partner what waited",
    response_model=PartnerView,
    responses={
        **answer(200, "The partner is not paused.", examples.PARTNER),
        **problems("malformed", "not_json", "unknown_partner", "body_too_large", "ledger_unavailable"),
    },
    openapi_extra=request_body(examples.ACTION_BODY),
)
async def resume_partner(_caller: AsPerson, using: Using, name: PartyName, asked: Said) -> PartnerView:
    """In order per journey, and at the partner's pace."""
    async with using.database.writing() as session:
        return PartnerView.model_validate(await desk.resume(session, name, says(asked)))


@router.post(
    "/{name}/resend",
    operation_id="resendPartner",
    summary="Try all that waits for a partner now",
    response_model=Resent,
    responses={
        **answer(200, "How many that is.", examples.RESENT),
        **problems("malformed", "not_json", "unknown_partner", "body_too_large", "ledger_unavailable"),
    },
    openapi_extra=request_body(examples.ACTION_BODY),
)
async def resend_partner(_caller: AsPerson, using: Using, name: PartyName, asked: Said) -> Resent:
    """Without waiting for the next attempts. Unknown outcomes that only a person can settle stay as they are."""
    async with using.database.writing() as session:
        return Resent(partner=name, resent=await desk.resend_all(session, name, says(asked)))
