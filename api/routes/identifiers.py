"""Identifiers: what each leads to."""

from fastapi import APIRouter

from api import examples
from api.answers import IdentifierLookup, IdentifierView
from api.callers import AsPerson
from api.cursors import Page
from api.documented import answer, problems
from api.services import Using
from ledger import queries
from ledger.registry import find_journey
from schemas.errors import NotFound
from standards.scanning import as_identifier, scan

router = APIRouter(prefix="/v1", tags=["identifiers"])


@router.get(
    "/identifiers/{value:path}",
    operation_id="lookUpIdentifier",
    summary="What an identifier leads to",
    response_model=IdentifierLookup,
    responses={
        **answer(200, "The journey, and what it names there.", examples.IDENTIFIER),
        **problems("unknown_identifier", "ledger_unavailable"),
    },
)
async def look_up_identifier(_caller: AsPerson, using: Using, value: str) -> IdentifierLookup:
    """Any that partners use: order, donation, container, batch, dose, shipment, GSRN, SGTIN, SSCC, in any spelling.

    For what a scanner gives whole, with brackets or separators, `POST /v1/scan` is the route.
    """
    spelt = [*as_identifier(value), *(each for part in scan(value).parts for each in part.lookups)]
    async with using.database.reading() as session:
        rows = await queries.identifiers_among(session, [each for name in spelt for each in as_identifier(name)])
    found = {row.value: row for row in rows}
    row = next((found[each] for each in spelt if each in found), None)
    if row is None:
        raise NotFound("unknown_identifier", "Nothing is known under that identifier.")
    return IdentifierLookup.model_validate(row)


@router.get(
    "/journeys/{coi}/identifiers",
    operation_id="listIdentifiers",
    summary="Every name that a journey has",
    response_model=Page[IdentifierView],
    responses={
        **answer(200, "By kind; a journey has a few dozen.", examples.IDENTIFIER_PAGE),
        **problems("unknown_journey", "ledger_unavailable"),
    },
)
async def list_identifiers(_caller: AsPerson, using: Using, coi: str) -> Page[IdentifierView]:
    """`names` says which of ours a partner's identifier stands for."""
    async with using.database.reading() as session:
        await find_journey(session, coi)
        rows = await queries.identifiers_of(session, coi)
    return Page(items=[IdentifierView.model_validate(each) for each in rows], next=None)
