"""How long a whole journey's history is: events and bytes, one event at a time, and as the demonstration runs it."""

from collections import Counter
from collections.abc import Sequence

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from activities.temporal import connect
from bench.figures import Figure, Target
from bench.load import until
from bench.record import record_of
from bench.report import say
from bench.stack import LOOPBACK, Stack
from bench.walks import walk, walkable
from partners.simulator.city import SimulatedPartners
from partners.simulator.config import SimulatorConfig
from workflows.names import journey_workflow_id

PROTOCOL = "autologous-car-t"
TIME_LAPSE = 100_000.0
WITHIN = 300.0
EVENTS, KILOBYTES = Target("at most", 300), Target("at most", 80)


async def measure(stack: Stack, rounds: int, demonstration: bool = True) -> list[Figure]:
    """`demonstration`: also a few journeys in time-lapse, with the simulated partners' own patience (80 s)."""
    async with walkable(stack, PROTOCOL) as them:
        walked = [await walk(stack, them, PROTOCOL) for _ in range(rounds)]
    say(f"history: {by_type(walked[-1].history)}")
    figures = [
        Figure(
            "history, one event at a time", "events", tuple(len(each.history.events) for each in walked), (), EVENTS
        ),
        Figure("history, one event at a time", "KB", tuple(each.bytes / 1000 for each in walked), (), KILOBYTES),
    ]
    if demonstration:
        events, sizes = await _demonstrated(stack, rounds)
        figures += [
            Figure("history, as demonstrated", "events", tuple(events), (), EVENTS),
            Figure("history, as demonstrated", "KB", tuple(sizes), (), KILOBYTES),
        ]
    return figures


def by_type(history: WorkflowHistory) -> dict[str, int]:
    """How many events of each type, the most frequent first."""
    names = (EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").lower() for event in history.events)
    return dict(Counter(names).most_common())


async def _demonstrated(stack: Stack, journeys: int) -> tuple[list[float], list[float]]:
    """Events and kilobytes of each."""
    config = SimulatorConfig(
        api_url=f"http://{LOOPBACK}:{stack.settings.api_port}",
        home=stack.settings.home / "partners",
        journeys=journeys,
        protocols={PROTOCOL: 1.0},
        time_lapse=TIME_LAPSE,
    )
    config.home.mkdir()
    say(f"history: {journeys} journeys as the demonstration runs them")
    with record_of(stack.database_file) as record:
        goal = record.closed() + journeys

        async def ended() -> bool:
            return record.closed() >= goal

        async with SimulatedPartners(config):
            await until(ended, WITHIN, "the end of the demonstrated journeys", poll=0.5)
        newest = record.newest_journeys(journeys)
    return await _sizes(stack, newest)


async def _sizes(stack: Stack, journeys: Sequence[str]) -> tuple[list[float], list[float]]:
    client = await connect(stack.settings)
    found = [
        (await client.get_workflow_handle(journey_workflow_id(coi)).describe()).raw_description.workflow_execution_info
        for coi in journeys
    ]
    return [float(each.history_length) for each in found], [each.history_size_bytes / 1000 for each in found]
