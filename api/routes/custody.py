"""Custody: who had each container, where, when, and how warm it was meanwhile."""

from typing import Annotated

from fastapi import APIRouter, Query

from api import custody_examples as examples
from api.callers import AsPerson
from api.custody_answers import CustodyList
from api.custody_views import custody_views
from api.documented import answer, problems
from api.services import Using
from ledger import custody
from ledger.registry import find_journey
from schemas.base import Instant

router = APIRouter(prefix="/v1/journeys", tags=["materials"])


@router.get(
    "/{coi}/custody",
    operation_id="getCustody",
    summary="Who had what, where and when",
    response_model=CustodyList,
    responses={
        **answer(200, "Exactly one custodian at every moment of a container's existence.", examples.CUSTODY),
        **problems("malformed", "unknown_journey", "ledger_unavailable"),
    },
)
async def get_custody(
    _caller: AsPerson,
    using: Using,
    coi: str,
    at: Annotated[Instant | None, Query(description="Only the custodians of that moment.")] = None,
) -> CustodyList:
    """The chain of custody, container by container, each in order of time."""
    async with using.database.reading() as session:
        journey = await find_journey(session, coi)
        rows = await custody.custody_of(session, coi, at)
        return CustodyList(items=await custody_views(session, journey, rows))
