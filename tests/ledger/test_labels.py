"""The record alone shows whether a stage ended before its labels were accounted for."""

from ledger.database import Database
from ledger.invariants import broken_invariants
from schemas.events import LABEL_DESK
from schemas.facts import Fact
from tests.ledger.scribe import Scribe, put
from tests.schemas.examples import EXAMPLES


def told(ana: Scribe, event_type: str) -> Fact:
    said = {"subject": ana.coi, "said": EXAMPLES[event_type]}
    return ana.fact(event_type, actor=LABEL_DESK, event_id=f"LS7KQ2M9XW4D/{event_type}", **said)


async def test_a_stage_that_ended_before_its_labels_were_accounted_for_breaks_the_third_invariant(
    database: Database,
) -> None:
    ana = Scribe()
    begun = [ana.started(), ana.began("collection"), told(ana, "labels.issued")]
    await put(database, ana.batch(*begun, ana.completed("collection")))
    (broken,) = await broken_invariants(database)
    assert "invariant 3" in broken and "before its labels were accounted for" in broken


async def test_once_they_are_accounted_for_it_may_end(database: Database) -> None:
    ana = Scribe()
    begun = [ana.started(), ana.began("collection"), told(ana, "labels.issued"), ana.began("enrolment")]
    ended = [ana.completed("enrolment"), told(ana, "labels.reconciled"), ana.completed("collection")]
    await put(database, ana.batch(*begun, *ended))
    assert await broken_invariants(database) == []
