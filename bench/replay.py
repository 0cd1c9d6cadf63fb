"""How long a worker takes to replay a complete journey: what a restart or a full cache costs."""

import time
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any
from uuid import uuid4

from temporalio.client import WorkflowHistory
from temporalio.contrib.opentelemetry import OpenTelemetryPlugin
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from activities.temporal import connect
from bench.bare import BARE_QUEUE, BARE_WORKFLOW, Bare
from bench.figures import Figure, Target
from bench.patients import Patient, milestone_events
from bench.report import say
from bench.stack import Stack
from bench.walks import walk, walkable
from workflows.journey import Journey

PROTOCOL = "autologous-car-t"
TARGET = Target("at most", 100)


async def measure(stack: Stack, rounds: int, times: int = 20) -> list[Figure]:
    """The floor: a bare workflow that took as many signals. `times`: replays a round; each round counts its median."""
    async with walkable(stack, PROTOCOL) as them:
        walked = await walk(stack, them, PROTOCOL)
    bare = await _bare_history(stack, walked.events_sent)
    ours: list[float] = []
    floor: list[float] = []
    for number in range(rounds):
        floor.append(await replay(Bare, bare, times))
        ours.append(await replay(Journey, walked.history, times))
        say(f"replay, round {number + 1}: {ours[-1]:.1f} ms, bare {floor[-1]:.1f} ms")
    return [Figure("replay of a complete journey", "ms", tuple(ours), tuple(floor), TARGET)]


async def replay(workflow: type[Any], history: WorkflowHistory, times: int) -> float:
    """Milliseconds of the median replay, run as in the worker. Raises where the code does not fit the history."""
    replayer = Replayer(
        workflows=[workflow],
        workflow_runner=UnsandboxedWorkflowRunner(),
        data_converter=pydantic_data_converter,
        plugins=[OpenTelemetryPlugin(add_temporal_spans=True)],
    )
    ended: list[float] = []
    # The first one only warms up.
    async with replayer.workflow_replay_iterator(_copies(history, times + 1)) as results:
        async for result in results:
            if result.replay_failure is not None:
                raise result.replay_failure
            ended.append(time.perf_counter())
    return _median_step(ended)


def _median_step(moments: Sequence[float]) -> float:
    steps = sorted(after - before for before, after in pairwise(moments))
    return 1000 * steps[len(steps) // 2]


async def _copies(history: WorkflowHistory, count: int) -> AsyncIterator[WorkflowHistory]:
    for _ in range(count):
        yield history


async def _bare_history(stack: Stack, signals: int) -> WorkflowHistory:
    client = await connect(stack.settings)
    handle = await client.start_workflow(BARE_WORKFLOW, id=f"bare/{uuid4()}", task_queue=BARE_QUEUE)
    for event in milestone_events([Patient("CLEW", "BARE")], 1, signals):
        await handle.signal(event.type, event)
    return await handle.fetch_history()
