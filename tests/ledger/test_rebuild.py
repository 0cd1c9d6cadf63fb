"""Whatever a page shows can be made again from the record."""

from random import Random

import pytest

from ledger.database import Database
from ledger.rebuild import differences, rebuild
from ledger.verify import verify
from schemas.facts import FACTS
from tests.ledger.scribe import put
from tests.ledger.walk import Walk

WALKS, LENGTH = 4, 70


@pytest.mark.parametrize("seed", range(WALKS))
async def test_the_pages_are_as_the_record_makes_them_after_every_batch(database: Database, seed: int) -> None:
    walk, cut = Walk(seed), Random(seed)
    facts = walk.facts(LENGTH)
    while facts:
        size = cut.randint(1, 6)
        batch, facts = facts[:size], facts[size:]
        await put(database, walk.scribe.batch(*batch))
        async with database.reading() as session:
            assert await differences(session, walk.scribe.coi) == []
    assert (await verify(database, projections=True)).ok


async def test_how_the_facts_were_cut_into_batches_makes_no_difference(database: Database) -> None:
    views = []
    for size in (1, 7, LENGTH):
        walk = Walk(seed=11)
        facts = walk.facts(LENGTH)
        for start in range(0, LENGTH, size):
            await put(database, walk.scribe.batch(*facts[start : start + size]))
        async with database.reading() as session:
            view = await rebuild(session, walk.scribe.coi)
            assert await differences(session, walk.scribe.coi) == []
        views.append((view.journey or {}, [(row["stage"], row["status"]) for row in view.stages.values()]))
    assert len({(journey["status"], journey["stages"], journey["next_due_at"]) for journey, _ in views}) == 1
    assert views[0][1] == views[1][1] == views[2][1]


def test_the_walks_meet_nearly_every_type_of_fact() -> None:
    met = {fact.type for seed in range(30) for fact in Walk(seed).facts(LENGTH)}
    of_events = {"event.late", "event.refused", "event.released", "event.given_up", "signal.quarantined"}
    of_holds = {"materials.quarantined", "materials.cleared"}
    without_a_walk = {"materials.settled", "record.superseded"} | of_events | of_holds
    assert FACTS.keys() - met == without_a_walk
