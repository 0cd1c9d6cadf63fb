"""Scanning: what a symbol says, and whether it belongs to the journey in hand."""

from fastapi import APIRouter

from api import examples
from api.agreement import Scanned, ToScan, labels_of, lookups_of, scanned, while_held
from api.callers import AsPerson
from api.documented import answer, problems, request_body
from api.services import Using
from ledger import queries
from ledger.holds import doubted_among
from ledger.label_pages import labels_among
from ledger.registry import find_journey
from standards.scanning import scan

router = APIRouter(prefix="/v1/scan", tags=["identifiers"])


@router.post(
    "",
    operation_id="scan",
    summary="Read what a scanner gave",
    response_model=Scanned,
    responses={
        **answer(200, "What it says, and what that leads to.", examples.SCANNED),
        **problems("malformed", "not_json", "unknown_journey", "body_too_large", "ledger_unavailable"),
    },
    openapi_extra=request_body(examples.SCAN_BODY),
)
async def read_scan(_caller: AsPerson, using: Using, asked: ToScan) -> Scanned:
    """GS1 element strings and Digital Links, EPC URNs, ISBT 128 structures, FHIR references, our own ids; or a name.

    Nothing is changed or recorded. What cannot be read is not repeated: it could be a wristband.
    """
    found = scan(asked.text)
    async with using.database.reading() as session:
        if asked.journey is not None:
            await find_journey(session, asked.journey)
        rows = await queries.identifiers_among(session, lookups_of(asked.text, found))
        labels = await labels_among(session, labels_of(found))
        answer = scanned(asked.text, found, {row.value: row for row in rows}, labels, asked.journey)
        return while_held(answer, await doubted_among(session, answer.journeys))
