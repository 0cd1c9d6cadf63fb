"""Collection: cells or tissue are taken from the patient."""

from typing import TYPE_CHECKING

from schemas.stages import CollectionStage
from workflows import new_names
from workflows.steps import COLLECT_ONCE_MORE, Step, steps

if TYPE_CHECKING:
    from workflows.desk import Desk

STEPS = steps(
    Step("collection.started", before=("sample.collected", "collection.failed")),
    Step("sample.collected", before=("collection.failed",), checks=(new_names.donation_is_new,)),
    Step("collection.failed", before=("sample.collected",)),
)

MOST_COLLECTIONS = 3
"""After so many failures in a row a person decides whether the patient is asked again."""


async def collection(desk: "Desk[CollectionStage]") -> None:
    """Have the material collected. A failed collection is repeated, under the same chain of identity."""
    await desk.tell(desk.spec.at, "schedule_collection", lambda: {"material": desk.spec.material})
    outcome = await desk.hears("sample.collected", "collection.failed")
    if outcome.type == "collection.failed" and desk.stage.visit < MOST_COLLECTIONS:
        desk.again("collection_failed")
    if outcome.type == "collection.failed":
        desk.asks("collection_failed", COLLECT_ONCE_MORE)
