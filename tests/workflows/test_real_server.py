"""What only the real server has: visibility, the Web UI's story, a history that has grown too long."""

from collections.abc import AsyncIterator

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from schemas.facts import JourneyStatus
from tests.waiting import until
from tests.workflows import therapy
from tests.workflows.clinic import Clinic, Patient
from tests.workflows.conftest import real_server, working

SHORT_HISTORY = 60
"""Events after which this server suggests a new run; an ordinary one does after thousands."""


@pytest.fixture(scope="module")
async def forgetful_server() -> AsyncIterator[WorkflowEnvironment]:
    async with real_server(
        "--dynamic-config-value", f"limit.historyCount.suggestContinueAsNew={SHORT_HISTORY}"
    ) as environment:
        yield environment


@pytest.fixture
async def real_clinic(forgetful_server: WorkflowEnvironment) -> AsyncIterator[Clinic]:
    clinic = Clinic(forgetful_server.client)
    async with working(forgetful_server.client, clinic.ledger, clinic.partners):
        yield clinic
        await clinic.closes()


async def runs_of(patient: Patient, clinic: Clinic) -> list[WorkflowExecutionStatus | None]:
    found = clinic.client.list_workflows(f"WorkflowId = 'journey/{patient.coi}'")
    return [each.status async for each in found]


async def test_a_journey_goes_on_in_a_new_run_when_its_history_grows_long(real_clinic: Clinic) -> None:
    """The therapy does not notice: same facts, same commands, no gap, nothing told twice."""
    ana = await real_clinic.enrols()
    await therapy.whole(ana)
    assert await ana.status() is JourneyStatus.COMPLETED
    assert [fact.seq for fact in ana.facts()] == list(range(1, len(ana.facts()) + 1))
    assert len(ana.facts("journey.started")) == 1
    keys = [fact.data["key"] for fact in ana.facts("partner.told")]
    assert len(keys) == len(set(keys)) == 12
    runs: list[WorkflowExecutionStatus | None] = []

    async def are_listed() -> bool:
        runs[:] = await runs_of(ana, real_clinic)
        return WorkflowExecutionStatus.COMPLETED in runs

    await until(are_listed, "the runs of the journey in the list")
    assert runs.count(WorkflowExecutionStatus.CONTINUED_AS_NEW) >= 1


async def test_a_task_that_waits_for_a_person_survives_a_new_run(real_clinic: Clinic) -> None:
    ana = await real_clinic.enrols()
    await therapy.until_made(ana)
    await therapy.rejection(ana)
    await ana.task("batch_rejected")
    await ana.answer("batch_rejected", "remake")
    assert (await ana.told("place_order", visit=2)).details["containers"] == [f"BAG-{ana.order}-1-2"]
    assert len(ana.facts("task.opened")) == 1


async def test_operators_find_a_journey_by_what_it_is_and_where_it_stands(real_clinic: Clinic) -> None:
    ana = await real_clinic.enrols()
    await therapy.enrolment(ana)
    await ana.told("schedule_collection")
    query = "JourneyStatus='running' AND Stage='collection' AND AtRisk=false AND NextDueAt> '2020-01-01T00:00:00Z'"

    async def is_found() -> bool:
        return f"journey/{ana.coi}" in {each.id async for each in real_clinic.client.list_workflows(query)}

    await until(is_found, "the journey in the list of those at collection")


async def test_the_web_ui_says_where_the_patients_cells_are_and_what_is_awaited(real_clinic: Clinic) -> None:
    ana = await real_clinic.enrols()
    await therapy.enrolment(ana)
    await ana.told("schedule_collection")
    metadata = await ana.handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    told = metadata.current_details
    assert "| ✔ | enrolment | 1 |" in told
    assert "| ▶ | collection | 1 |" in told
    assert str(ana.facts("stage.began")[-1].data["due_at"])[:10] in told
