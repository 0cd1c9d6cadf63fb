"""A journey's dossier: its whole record and what proves it, in one file."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api import examples
from api.callers import AsPerson
from api.documented import problems
from api.routes.checkpoints import of_size
from api.services import Using
from ledger.dossier.make import gather, make
from ledger.registry import find_journey
from schemas.errors import NotFound

router = APIRouter(prefix="/v1/journeys", tags=["proof"])

ZIP = "application/zip"


@router.get(
    "/{coi}/dossier",
    operation_id="getDossier",
    summary="A journey's dossier",
    response_class=Response,
    responses={
        200: {
            "description": "A ZIP archive: report.html is for people, README.txt says how to check all of it.",
            "content": {ZIP: {"schema": {"type": "string", "format": "binary"}, "example": examples.DOSSIER}},
            "headers": {"Content-Disposition": {"description": "A file name.", "schema": {"type": "string"}}},
        },
        **problems(
            "malformed",
            "unknown_journey",
            "unknown_checkpoint",
            "ledger_inconsistent",
            "checkpoints_damaged",
            "signing_key_unusable",
            "ledger_unavailable",
        ),
    },
)
async def get_dossier(
    _caller: AsPerson,
    using: Using,
    coi: str,
    size: Annotated[
        int | None,
        Query(ge=1, le=2**62, description="Under the checkpoint of this size, such as one that you kept. Unset: now."),
    ] = None,
) -> Response:
    """Entries, proofs, checkpoint, keys, genealogy, custody, signatures and a report. Made anew every time it is asked
    for; without `size` a checkpoint is signed first, so that all is in it that is on record."""
    async with using.database.reading() as session:
        await find_journey(session, coi)
    checkpoint = await using.notary.make() if size is None else of_size(using, size)
    if checkpoint is None:
        raise NotFound("unknown_checkpoint", "The ledger has no entry: there is nothing to sign.")
    async with using.database.reading() as session:
        told = await gather(session, coi, checkpoint.size)
    # Seconds for a long journey, in which others are to be answered.
    file = await asyncio.to_thread(make, told, checkpoint, using.notary.keys)
    return Response(file, media_type=ZIP, headers={"Content-Disposition": f'attachment; filename="{coi}.zip"'})
