"""Identity holds: whose cells are in doubt, and what two people found."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import TypeAdapter

from api import examples
from api.answers import HoldView
from api.callers import AsPerson
from api.cursors import Cursor, Limit, Page, decode, page
from api.documented import answer, problems, request_body
from api.services import Using
from ledger import holds
from schemas.base import Instant
from schemas.holds import HoldId, Signing
from schemas.identity import CoiId

router = APIRouter(prefix="/v1/holds", tags=["holds"])

_PLACE = TypeAdapter(tuple[Instant, HoldId])


@router.get(
    "",
    operation_id="listHolds",
    summary="List identity holds",
    response_model=Page[HoldView],
    responses={
        **answer(200, "Holds, the newest first.", examples.HOLD_PAGE),
        **problems("malformed", "invalid_cursor", "ledger_unavailable"),
    },
)
async def list_holds(
    _caller: AsPerson,
    using: Using,
    status: Annotated[Literal["open", "closed"] | None, Query(description="Only in this status.")] = None,
    journey: Annotated[CoiId | None, Query(description="Only those that hold, or held, this journey.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[HoldView]:
    """Which journeys may have been crossed, by which identifiers, and who has signed what."""
    is_open = None if status is None else status == "open"
    after = decode("holds", _PLACE, cursor)
    async with using.database.reading() as session:
        found = await holds.listed(session, is_open=is_open, journey=journey, after=after, limit=limit + 1)
    return page(found, limit, "holds", lambda hold: (hold.opened_at, hold.id), HoldView.model_validate)


@router.get(
    "/{hold}",
    operation_id="getHold",
    summary="One identity hold",
    response_model=HoldView,
    responses={
        **answer(200, "The hold.", examples.HOLD),
        **problems("malformed", "unknown_hold", "ledger_unavailable"),
    },
)
async def get_hold(_caller: AsPerson, using: Using, hold: HoldId) -> HoldView:
    """`sides`: every journey that it holds; `about`: every identifier in doubt."""
    async with using.database.reading() as session:
        return HoldView.model_validate(await holds.find(session, hold))


@router.post(
    "/{hold}/signatures",
    operation_id="signHold",
    summary="Sign what you found",
    response_model=HoldView,
    responses={
        **answer(200, "The hold as it is now; closed by the second signature.", examples.HOLD),
        **problems(
            "malformed",
            "not_json",
            "unknown_hold",
            "hold_closed",
            "already_signed",
            "finding_differs",
            "body_too_large",
            "ledger_unavailable",
        ),
    },
    openapi_extra=request_body(examples.SIGNING_BODY),
)
async def sign_hold(_caller: AsPerson, using: Using, hold: HoldId, signing: Signing) -> HoldView:
    """Two different people have to sign the same finding; until then nothing of any side moves.

    `not_crossed` frees what was put apart; after `crossed` it stays apart, and each journey's people decide how to go
    on. Doubt wins: `crossed` is taken beside another's `not_crossed`, which then no longer counts.
    """
    async with using.database.writing() as session:
        return HoldView.model_validate(await holds.sign(session, hold, signing, datetime.now(UTC)))
