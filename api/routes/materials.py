"""Material: where it came from and what came of it, across journeys."""

from typing import Annotated

from fastapi import APIRouter, Path

from api import custody_examples as examples
from api.callers import AsPerson
from api.custody_answers import GenealogyView
from api.documented import answer, problems
from api.services import Using
from ledger import genealogy
from ledger.registry import find_journey

router = APIRouter(prefix="/v1", tags=["materials"])

Material = Annotated[str, Path(max_length=64, description="A container, dose, sample, batch or donation number.")]


@router.get(
    "/journeys/{coi}/genealogy",
    operation_id="getGenealogy",
    summary="How a journey's material came to be",
    response_model=GenealogyView,
    responses={
        **answer(200, "Collections, containers, splits, pools, batches, doses and samples.", examples.GENEALOGY),
        **problems("unknown_journey", "ledger_unavailable"),
    },
)
async def get_genealogy(_caller: AsPerson, using: Using, coi: str) -> GenealogyView:
    """The whole graph: what came from what, and how much of it went in."""
    async with using.database.reading() as session:
        await find_journey(session, coi)
        return GenealogyView.model_validate(await genealogy.whole(session, coi))


@router.get(
    "/materials/{material:path}/ancestors",
    operation_id="getAncestors",
    summary="What went into a material",
    response_model=GenealogyView,
    responses={
        **answer(200, "All that it came from, with all steps between.", examples.GENEALOGY),
        **problems("malformed", "unknown_material", "ledger_unavailable"),
    },
)
async def get_ancestors(_caller: AsPerson, using: Using, material: Material) -> GenealogyView:
    """All the way up to the collections, also through other journeys."""
    async with using.database.reading() as session:
        return GenealogyView.model_validate(await genealogy.ancestors(session, material))


@router.get(
    "/materials/{material:path}/descendants",
    operation_id="getDescendants",
    summary="What came of a material",
    response_model=GenealogyView,
    responses={
        **answer(200, "All that came of it, with all steps between.", examples.GENEALOGY),
        **problems("malformed", "unknown_material", "ledger_unavailable"),
    },
)
async def get_descendants(_caller: AsPerson, using: Using, material: Material) -> GenealogyView:
    """All the way down to doses and samples, also through other journeys: what a recall must find."""
    async with using.database.reading() as session:
        return GenealogyView.model_validate(await genealogy.descendants(session, material))
