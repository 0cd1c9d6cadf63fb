"""What people decide on events: a release takes the journey's last word back, and nothing else does."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from ledger.database import Database
from ledger.event_desk import dismiss
from ledger.invariants import broken_invariants
from ledger.tables import InboxRow
from ledger.verify import verify
from schemas.errors import Conflict
from schemas.events import PartnerEvent
from schemas.facts import Appended, Batch, EventOutcome, EventStatus, Fact
from tests.ledger.scribe import MORNING, Scribe, collected, put
from tests.ledger.test_append import in_the_inbox, inbox_of

SOON, REDONE = MORNING + timedelta(seconds=10), MORNING + timedelta(seconds=25)
"""When two workflow tasks began: the second is the first one done again, after its worker was lost."""


def outcome(status: EventStatus, reason: str | None = None, by: str | None = None) -> EventOutcome:
    return EventOutcome(source="north-apheresis", id="e1", status=status, reason=reason, by=by)


REFUSED = outcome(EventStatus.REFUSED, "too_many_waiting")
RELEASED = (outcome(EventStatus.RECEIVED, by="operator-3"), outcome(EventStatus.APPLIED))
HELD = outcome(EventStatus.HELD, "stage_not_begun")


class Told:
    """A journey whose partner has said one thing, in the inbox as `e1`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ana = Scribe()
        self.begun = self.ana.started()
        self.event: PartnerEvent = collected("e1", self.ana.order)

    async def begins(self, *facts: Fact, outcomes: tuple[EventOutcome, ...] = ()) -> None:
        async with self.database.writing() as session:
            session.add(in_the_inbox("e1"))
        await self.puts(self.begun, *facts, outcomes=outcomes)

    async def puts(self, *facts: Fact, outcomes: tuple[EventOutcome, ...] = (), epoch: Any = None) -> Appended:
        return await put(self.database, Batch(coi=self.ana.coi, epoch=epoch, facts=facts, outcomes=outcomes))

    def refused(self) -> Fact:
        said = {"event_type": self.event.type, "subject": self.event.subject, "said": self.event.data}
        return self._about("event.refused", "north-apheresis", **said, reason="too_many_waiting")

    def released(self) -> Fact:
        said = {"event_type": self.event.type, "subject": self.event.subject}
        return self._about("event.released", "operator-3", **said, reason="looked_into")

    def given_up(self) -> Fact:
        said = {"event_type": self.event.type, "subject": self.event.subject, "said": self.event.data}
        return self._about("event.given_up", "operator-3", **said, reason="looked_into", waited_for="stage_not_begun")

    def _about(self, fact_type: str, actor: str, **data: Any) -> Fact:
        fact = self.ana.fact(fact_type, actor=actor, event_id="e1", **data)
        return fact.model_copy(update={"source": "north-apheresis"})

    async def standing(self) -> tuple[str, str | None, str | None]:
        row = await inbox_of(self.database, "e1")
        return row.status, row.reason, row.decided_by


@pytest.fixture
def told(database: Database) -> Told:
    return Told(database)


async def test_only_a_release_takes_back_that_an_event_was_refused(told: Told) -> None:
    await told.begins(told.refused(), outcomes=(REFUSED,))
    await told.puts(outcomes=(outcome(EventStatus.APPLIED),))
    assert await told.standing() == ("refused", "too_many_waiting", None)
    await told.puts(told.released(), told.ana.heard(told.event), outcomes=RELEASED)
    assert await told.standing() == ("applied", None, "operator-3")
    assert (await verify(told.database, projections=True)).ok
    assert await broken_invariants(told.database) == []


async def test_a_refusal_and_its_release_can_come_in_one_batch(told: Told) -> None:
    """A worker that does its task again has both to tell at once."""
    await told.begins(told.refused(), told.released(), told.ana.heard(told.event), outcomes=(REFUSED, *RELEASED))
    assert await told.standing() == ("applied", None, "operator-3")


async def test_a_release_takes_back_nothing_that_took_effect(told: Told) -> None:
    await told.begins(told.ana.heard(told.event), outcomes=(outcome(EventStatus.APPLIED),))
    await told.puts(outcomes=(outcome(EventStatus.RECEIVED, by="operator-3"),))
    assert await told.standing() == ("applied", None, None)


async def test_an_effect_after_a_refusal_that_nobody_took_back_breaks_the_second_invariant(told: Told) -> None:
    await told.begins(told.refused(), told.ana.heard(told.event))
    (broken,) = await broken_invariants(told.database)
    assert "invariant 2" in broken and "nobody released it" in broken


async def test_an_effect_of_what_was_given_up_breaks_the_second_invariant(told: Told) -> None:
    await told.begins(told.given_up(), told.ana.heard(told.event))
    assert ["nobody released it" in each for each in await broken_invariants(told.database)] == [True]


async def test_other_content_under_a_known_id_says_nothing_of_the_event_that_bears_it(told: Told) -> None:
    conflict = told.refused()
    conflict = conflict.model_copy(update={"data": {**conflict.data, "reason": "event_conflict"}})
    await told.begins(conflict, told.ana.heard(told.event), outcomes=(outcome(EventStatus.APPLIED),))
    assert await broken_invariants(told.database) == []


async def test_a_release_that_a_lost_worker_recorded_leaves_the_event_as_it_was(told: Told) -> None:
    await told.begins(told.refused(), outcomes=(REFUSED,))
    released, heard = told.released(), told.ana.heard(told.event)
    await told.puts(released, heard, outcomes=RELEASED, epoch=SOON)
    left = Fact(seq=released.seq, type="hold.placed", occurred_at=REDONE, actor="qa-7", data={"reason": "audit"})
    await told.puts(left, epoch=REDONE)
    assert await told.standing() == ("refused", "too_many_waiting", None)
    assert await broken_invariants(told.database) == []


async def test_an_event_that_a_lost_worker_gave_up_waits_again(told: Told) -> None:
    await told.begins(outcomes=(HELD,))
    given_up = told.given_up()
    dismissed = outcome(EventStatus.DISMISSED, "looked_into", "operator-3")
    await told.puts(given_up, outcomes=(dismissed,), epoch=SOON)
    assert await told.standing() == ("dismissed", "looked_into", "operator-3")
    left = Fact(seq=given_up.seq, type="hold.placed", occurred_at=REDONE, actor="qa-7", data={"reason": "audit"})
    await told.puts(left, epoch=REDONE)
    assert await told.standing() == ("held", "stage_not_begun", None)


@pytest.mark.parametrize(("status", "code"), [("applied", "event_settled"), ("received", "event_pending")])
async def test_what_its_journey_has_or_will_have_its_say_on_is_not_given_up_here(
    told: Told, status: str, code: str
) -> None:
    async with told.database.writing() as session:
        session.add(in_the_inbox("e1", status))
    with pytest.raises(Conflict) as refused:
        await give_up(told.database)
    assert refused.value.code == code


async def test_what_waits_is_given_up_here_only_when_its_journey_has_ended(told: Told) -> None:
    async with told.database.writing() as session:
        session.add(in_the_inbox("e1", "held"))
    with pytest.raises(Conflict):
        await give_up(told.database)
    await give_up(told.database, closed=True)
    assert await told.standing() == ("dismissed", "looked_into", "operator-3")
    assert (await verify(told.database)).entries == 1


async def test_a_signal_that_cannot_be_read_is_one_row_however_often_it_is_recorded(told: Told) -> None:
    said: dict[str, Any] = {"signal": "milestone.reached", "sha256": "ab" * 32, "size": 12, "problem": "malformed"}
    await told.puts(told.begun, *(told.ana.fact("signal.quarantined", **said) for _ in range(2)))
    async with told.database.reading() as session:
        (row,) = (await session.execute(select(InboxRow))).scalars()
    assert (row.source, row.id) == (f"temporal:journey/{told.ana.coi}", f"sha256:{'ab' * 32}")
    assert (row.status, row.reason, row.journey) == ("quarantined", "malformed", told.ana.coi)
    assert (await verify(told.database, projections=True)).ok


async def give_up(database: Database, *, closed: bool = False) -> None:
    async with database.writing() as session:
        await dismiss(
            session, "north-apheresis", "e1", by="operator-3", reason="looked_into", now=MORNING, closed=closed
        )
