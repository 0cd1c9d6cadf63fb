"""What people decide: taken by the journey, or refused by name."""

import inspect
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client

from api import journey_updates
from api.refusals import KINDS
from ledger.database import Database
from schemas.settings import Settings
from tests.api.clinic import Clinic, clinic, fact, started, withdrawn
from tests.databases import sqlite_url
from tests.waiting import until
from workflows import decisions as journeys
from workflows.names import journey_workflow_id


@pytest.fixture
async def board(migrated_sqlite: Path, tmp_path: Path, temporal: Client) -> AsyncIterator[Clinic]:
    """A clinic with a real Temporal on SQLite: what a journey answers does not depend on the database."""
    settings = Settings(temporal_address=temporal.service_client.config.target_host, relay_interval=0.05)
    database = Database(sqlite_url(Path(shutil.copy(migrated_sqlite, tmp_path / "clew.db"))))
    async with clinic(database, settings) as opened:
        await opened.ready()
        yield opened
    await database.close()


def decision(kind: str = "cancel", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "id": "decision-1", "by": "physician-2", "reason": "patient_withdrew", **more}


async def test_a_decision_is_answered_with_its_place_on_the_ledger(board: Clinic) -> None:
    answer = await board.http.post(f"/v1/journeys/{await board.patient()}/decisions", json=decision())
    assert (answer.status_code, answer.json()) == (200, {"decision": "decision-1", "seq": 31})


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("unknown_task", 404),
        ("task_decided", 409),
        ("choice_unknown", 422),
        ("journey_closed", 409),
        ("journey_held", 409),
        ("not_held", 409),
        ("journey_leaving", 409),
        ("deviation_blocks", 409),
        ("release_missing", 403),
    ],
)
async def test_what_the_journey_refuses_is_refused_by_its_code(board: Clinic, code: str, status: int) -> None:
    coi = await board.patient()
    answer = await board.http.post(f"/v1/journeys/{coi}/decisions", json=decision("task", task=code, choice="remake"))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"] == "The journey refuses."


async def test_a_refusal_in_no_known_word_is_a_defect_and_says_nothing_else(board: Clinic) -> None:
    coi = await board.patient()
    answer = await board.http.post(
        f"/v1/journeys/{coi}/decisions", json=decision("task", task="surprise", choice="remake")
    )
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "refuses" not in answer.text


async def test_nothing_can_be_decided_on_a_closed_journey(board: Clinic, temporal: Client) -> None:
    coi = await board.patient()
    await board.say(withdrawn(coi))
    await temporal.get_workflow_handle(journey_workflow_id(coi)).result()
    answer = await board.http.post(f"/v1/journeys/{coi}/decisions", json=decision())
    assert (answer.status_code, answer.json()["code"]) == (409, "journey_closed")


async def test_a_closed_journey_that_temporal_has_forgotten_is_still_closed(board: Clinic, temporal: Client) -> None:
    coi = await board.patient()
    await board.record(coi, started(), fact(2, "journey.completed", outcome="completed", reason="done"))
    execution = WorkflowExecution(workflow_id=journey_workflow_id(coi))
    request = DeleteWorkflowExecutionRequest(namespace=temporal.namespace, workflow_execution=execution)
    await temporal.workflow_service.delete_workflow_execution(request)

    async def refused() -> bool:
        answer = await board.http.post(f"/v1/journeys/{coi}/decisions", json=decision())
        return bool(answer.json().get("code") == "journey_closed")

    await until(refused, "the refusal")


async def test_a_journey_that_does_not_answer_in_time_is_unavailable(
    board: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journey_updates, "DECIDE_WITHIN", 0.3)
    answer = await board.http.post(f"/v1/journeys/{await board.patient()}/decisions", json=decision("hold"))
    assert (answer.status_code, answer.json()["code"]) == (503, "temporal_unavailable")
    assert answer.json()["retry_can_help"] is True
    assert answer.headers["retry-after"] == "2"


async def test_a_decision_while_temporal_is_away_can_be_sent_again(ward: Clinic) -> None:
    answer = await ward.http.post(f"/v1/journeys/{await ward.patient()}/decisions", json=decision())
    assert (answer.status_code, answer.json()["code"]) == (503, "temporal_unavailable")


async def test_a_decision_on_no_journey_is_not_found(desk: Clinic) -> None:
    answer = await desk.http.post("/v1/journeys/CLEWYDWJ67KE69S6NHBXI/decisions", json=decision())
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_journey")


@pytest.mark.parametrize(
    "body",
    [{}, decision("eat"), decision(task="T1"), decision("task"), {**decision(), "by": "Jane Doe"}, [1], None],
)
async def test_a_malformed_decision_is_refused(desk: Clinic, body: Any) -> None:
    answer = await desk.http.post(f"/v1/journeys/{await desk.patient()}/decisions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


def test_every_refusal_of_the_journey_has_a_kind() -> None:
    """The workflow's refusals are read from its own source, so a new one cannot be forgotten here."""
    codes = set(re.findall(r'return "([a-z_]+)", f?"', inspect.getsource(journeys)))
    assert codes and codes <= set(KINDS)
