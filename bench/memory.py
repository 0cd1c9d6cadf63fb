"""Worker memory per idle journey, beside a bare workflow's."""

from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from activities.temporal import connect
from bench.bare import BARE_QUEUE, BARE_WORKFLOW
from bench.figures import Figure, Target
from bench.load import as_fast_as, until, wires
from bench.patients import AT_ONCE, enrol
from bench.record import record_of
from bench.report import say
from bench.stack import Stack
from bench.walks import walkable
from partners.simulator.config import PARTIES

PROTOCOL = "autologous-car-t"
TARGET = Target("at most", 40)
WITHIN = 600.0


@dataclass(frozen=True)
class Size:
    """`warm_up`: journeys that come first and are not counted, because they also make the worker load its code."""

    journeys: int = 700
    warm_up: int = 100


async def measure(stack: Stack, rounds: int, size: Size = Size()) -> list[Figure]:
    """Each round adds so many journeys that wait for their evidence, and looks at what the worker has grown by."""
    client = await connect(stack.settings)
    async with walkable(stack, PROTOCOL):
        await _grown(stack, client, size.warm_up, 0)
        grown = [await _grown(stack, client, size.journeys, number + 1) for number in range(rounds)]
    ours, floor = zip(*grown, strict=True)
    return [Figure("worker memory of an idle journey", "KiB", ours, floor, TARGET)]


async def _grown(stack: Stack, client: Client, count: int, number: int) -> tuple[float, float]:
    worker, bare = stack.pid("worker"), stack.pid("bare worker")
    before = private_kib(worker), private_kib(bare)
    await _idle_journeys(stack, count)
    await _idle_bare(client, count, number)
    ours, floor = ((private_kib(pid) - was) / count for pid, was in zip((worker, bare), before, strict=True))
    say(f"memory, round {number}: {ours:.1f} KiB an idle journey, bare {floor:.1f} KiB")
    return ours, floor


async def _idle_journeys(stack: Stack, count: int) -> None:
    """Started, the centre asked for its evidence, everything on the ledger."""
    parties = {role.value: name for role, name in PARTIES.items()}
    async with wires(stack.settings.api_port) as api:
        with record_of(stack.database_file) as record:
            goal = record.of_type("partner.told") + count
            await enrol(api, PROTOCOL, parties, count)

            async def waiting() -> bool:
                return record.of_type("partner.told") >= goal

            await until(waiting, WITHIN, "every journey asking for its evidence", poll=0.2)


async def _idle_bare(client: Client, count: int, number: int) -> None:
    async def start(each: int) -> None:
        await client.start_workflow(BARE_WORKFLOW, id=f"bare/idle-{number}-{each}", task_queue=BARE_QUEUE)

    await as_fast_as(AT_ONCE, range(count), start)
    await as_fast_as(AT_ONCE, range(count), lambda each: _has_begun(client, f"bare/idle-{number}-{each}"))


async def _has_begun(client: Client, workflow_id: str) -> None:
    async def begun() -> bool:
        return (await client.get_workflow_handle(workflow_id).describe()).history_length >= 4

    await until(begun, WITHIN, "a bare workflow", poll=0.1)


def private_kib(pid: int) -> float:
    """What the process alone holds, in KiB: shared pages are nobody's growth."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("Private_"))
