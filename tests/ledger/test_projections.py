"""What people see of a journey, after what was put on record."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import SQLModel, col, select

from ledger.database import Database
from ledger.projections import HANDLERS, nothing_more
from ledger.tables import DeviationRow, JourneyRow, StageRow, TaskRow
from schemas.errors import Conflict
from schemas.events import CATALOGUE
from schemas.facts import FACTS
from tests.ledger.scribe import HOUR, MORNING, PARTIES, STAGES, Scribe, put


async def journey(database: Database, coi: str) -> JourneyRow:
    async with database.reading() as session:
        return (await session.execute(select(JourneyRow).where(col(JourneyRow.coi) == coi))).scalar_one()


async def one(database: Database, model: type[SQLModel], **at: str) -> Any:
    async with database.reading() as session:
        return (await session.execute(select(model).filter_by(**at))).scalar_one()


def test_every_type_of_fact_and_event_is_handled_or_known_to_need_nothing() -> None:
    assert HANDLERS.keys() == FACTS.keys() | CATALOGUE.keys()
    quiet = {name for name, handler in HANDLERS.items() if handler is nothing_more}
    assert quiet - CATALOGUE.keys() == {
        "partner.told",
        "materials.settled",
        "event.late",
        "event.refused",
        "event.released",
        "event.given_up",
        "signal.quarantined",
        "record.superseded",
        "materials.quarantined",
        "materials.cleared",
    }


async def test_a_journey_without_an_order_gets_its_page_when_it_starts(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started()))
    page = await journey(database, ana.coi)
    assert (page.status, page.order_number, page.protocol, page.version) == (
        "running",
        ana.order,
        "autologous-car-t",
        1,
    )
    assert (page.treatment_centre, page.parties) == ("north-hospital", PARTIES)
    assert page.started_at == page.ordered_at == MORNING + HOUR
    async with database.reading() as session:
        stages = (await session.execute(select(StageRow).order_by(col(StageRow.ordinal)))).scalars().all()
    assert [(each.stage, each.status) for each in stages] == [(name, "pending") for name in STAGES]


async def test_an_order_keeps_what_it_said_when_the_journey_starts(database: Database) -> None:
    ana = Scribe()
    async with database.writing() as session:
        session.add(
            JourneyRow(
                coi=ana.coi,
                order_number=ana.order,
                request_hash="asked",
                protocol="autologous-car-t",
                version=1,
                protocol_hash="0" * 64,
                parties=PARTIES,
                time_lapse=60,
                ordered_at=MORNING - HOUR,
            )
        )
    await put(database, ana.batch(ana.started()))
    page = await journey(database, ana.coi)
    assert (page.status, page.request_hash, page.time_lapse) == ("running", "asked", 60)
    assert (page.ordered_at, page.started_at) == (MORNING - HOUR, MORNING + HOUR)


async def test_two_journeys_cannot_have_one_order(database: Database) -> None:
    ana, ben = Scribe(), Scribe()
    ben.order = ana.order
    await put(database, ana.batch(ana.started()))
    with pytest.raises(Conflict):
        await put(database, ben.batch(ben.started()))


async def test_stages_side_by_side_are_listed_in_the_protocols_order_with_the_earliest_due_time(
    database: Database,
) -> None:
    ana = Scribe()
    later, sooner = ana.started(), ana.began("manufacture", due=9 * HOUR)
    enrolment = ana.began("enrolment", due=30 * HOUR)
    await put(database, ana.batch(later, sooner, enrolment))
    page = await journey(database, ana.coi)
    assert page.stages == "enrolment,manufacture"
    assert page.next_due_at == sooner.occurred_at + 9 * HOUR
    await put(database, ana.batch(ana.asked("T1", due=HOUR)))
    assert (await journey(database, ana.coi)).next_due_at == enrolment.occurred_at + HOUR


async def test_what_is_overdue_puts_the_journey_at_risk_until_it_is_done(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started(), ana.began("enrolment")))
    assert not (await journey(database, ana.coi)).at_risk
    passed = ana.late("enrolment", times=2)
    await put(database, ana.batch(passed))
    page = await journey(database, ana.coi)
    assert page.at_risk
    assert page.next_due_at == passed.occurred_at - HOUR + 12 * HOUR, "someone is told again then"
    assert (await one(database, StageRow, stage="enrolment")).times_overdue == 2
    await put(database, ana.batch(ana.completed("enrolment")))
    page = await journey(database, ana.coi)
    assert (page.at_risk, page.stages, page.next_due_at) == (False, "", None)


async def test_a_new_due_time_starts_afresh(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started(), ana.began("enrolment"), ana.late("enrolment")))
    due = MORNING + timedelta(days=28)
    await put(database, ana.batch(ana.fact("due.changed", stage="enrolment", due_at=due.isoformat())))
    page = await journey(database, ana.coi)
    assert (page.at_risk, page.next_due_at) == (False, due)


async def test_a_repeated_stage_shows_its_new_visit(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started(), ana.began("collection"), ana.completed("collection")))
    await put(database, ana.batch(ana.fact("stage.reopened", stage="collection", visit=2, reason="collection_failed")))
    page = await one(database, StageRow, stage="collection")
    assert (page.status, page.visit, page.began_at, page.ended_at) == ("pending", 2, None, None)
    again = ana.began("collection", visit=2)
    await put(database, ana.batch(again))
    page = await one(database, StageRow, stage="collection")
    assert (page.status, page.visit, page.began_at) == ("active", 2, again.occurred_at)


async def test_a_task_is_shown_to_the_organisation_that_it_is_for_until_somebody_decides(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started(), ana.asked("T1")))
    task: TaskRow = await one(database, TaskRow, id="T1")
    assert (task.status, task.role, task.party) == ("open", "treatment_centre", "north-hospital")
    assert [each["choice"] for each in task.choices] == ["remake", "stop"]
    decided = ana.fact("task.decided", actor="dr-jones", task="T1", choice="remake", reason="enough_cells")
    await put(database, ana.batch(decided))
    task = await one(database, TaskRow, id="T1")
    assert (task.status, task.choice, task.reason, task.decided_by, task.closed_at) == (
        "decided",
        "remake",
        "enough_cells",
        "dr-jones",
        decided.occurred_at,
    )
    assert (await journey(database, ana.coi)).next_due_at is None


async def test_a_fact_about_a_task_that_nobody_opened_is_refused(database: Database) -> None:
    ana = Scribe()
    with pytest.raises(Conflict):
        await put(database, ana.batch(ana.started(), ana.fact("task.closed", task="T9", reason="moot")))


async def test_a_blocking_deviation_holds_the_journey_until_it_is_resolved(database: Database) -> None:
    ana = Scribe()
    deviation: dict[str, Any] = {"deviation": "D1", "code": "identity_mismatch", "about": ["BAG-9"]}
    await put(database, ana.batch(ana.started(), ana.fact("deviation.opened", **deviation, blocks=True)))
    page = await journey(database, ana.coi)
    assert (page.status, page.at_risk) == ("held", True)
    resolved = ana.fact("deviation.resolved", deviation="D1", resolution="label_corrected")
    await put(database, ana.batch(resolved))
    page = await journey(database, ana.coi)
    assert (page.status, page.at_risk) == ("running", False)
    row: DeviationRow = await one(database, DeviationRow, id="D1")
    assert (row.resolved_at, row.resolution) == (resolved.occurred_at, "label_corrected")


async def test_a_hold_by_hand_outlasts_the_deviations_that_came_with_it(database: Database) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started(), ana.fact("hold.placed", actor="qa", reason="audit")))
    opened = ana.fact("deviation.opened", deviation="D1", code="late", blocks=True)
    await put(database, ana.batch(opened))
    await put(database, ana.batch(ana.fact("deviation.resolved", deviation="D1", resolution="accepted")))
    assert (await journey(database, ana.coi)).status == "held"
    await put(database, ana.batch(ana.fact("hold.lifted", actor="qa", reason="audit_done")))
    assert (await journey(database, ana.coi)).status == "running"


@pytest.mark.parametrize("outcome", ["completed", "cancelled"])
async def test_a_closed_journey_waits_for_nothing(database: Database, outcome: str) -> None:
    ana = Scribe()
    await put(database, ana.batch(ana.started(), ana.began("enrolment"), ana.late("enrolment")))
    await put(database, ana.batch(ana.fact("journey.leaving", reason="patient_withdrew")))
    page = await journey(database, ana.coi)
    assert (page.status, page.stages, page.next_due_at) == ("leaving", "", None), "nobody waits for a stage any more"
    assert (await one(database, StageRow, stage="enrolment")).status == "stopped"
    closed = ana.fact(f"journey.{outcome}", outcome=outcome, reason="patient_withdrew")
    await put(database, ana.batch(closed))
    page = await journey(database, ana.coi)
    assert (page.status, page.outcome_reason, page.closed_at) == (outcome, "patient_withdrew", closed.occurred_at)
    assert (page.stages, page.next_due_at, page.at_risk) == ("", None, False)
    assert page.last_seq == ana.seq
