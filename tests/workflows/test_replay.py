"""Journeys that run while the code is changed must not notice (invariant 7): recorded histories are replayed."""

from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from schemas.identity import Role
from tests.workflows.record import HISTORIES, STORIES
from tests.workflows.sandbox import sandbox
from workflows.calls import Calls
from workflows.journey import Journey
from workflows.state import StageState

RECORDED = sorted(HISTORIES.glob("*.json"))

WHAT_TO_DO = """{name} cannot be replayed: journeys under way would stop at their next event.
Keep the old behaviour for them: branch on `start.engine_version`, raise ENGINE_VERSION in schemas/orders.py for new
journeys, and record new histories beside the old (python -m tests.workflows.record). Do not record the old ones anew.
{error}"""


def recorded(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text())


def replayer() -> Replayer:
    return Replayer(workflows=[Journey], data_converter=pydantic_data_converter, workflow_runner=sandbox())


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_journey_under_way_goes_on_with_todays_code(path: Path) -> None:
    history = recorded(path)
    result = await replayer().replay_workflow(history, raise_on_replay_failure=False)
    if result.replay_failure is not None:
        pytest.fail(WHAT_TO_DO.format(name=path.name, error=result.replay_failure))


def test_every_story_is_recorded() -> None:
    assert {path.name.split(".")[0] for path in RECORDED} == set(STORIES)


async def test_a_replay_notices_when_the_code_does_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof that the tests above can fail: the journey forgets to warn the receiver of a shipment."""
    tell = Calls.tell

    async def forgetful(self: Calls, stage: StageState, role: Role, command: str, details: dict[str, Any]) -> None:
        if command != "announce_delivery":
            await tell(self, stage, role, command, details)

    monkeypatch.setattr(Calls, "tell", forgetful)
    path = next(path for path in RECORDED if path.name.startswith("autologous-car-t"))
    with pytest.raises(NondeterminismError):
        await replayer().replay_workflow(recorded(path))
