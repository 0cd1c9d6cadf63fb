"""The floor of a journey: a workflow that only takes the same signals."""

from collections.abc import Sequence

from prometheus_client import Counter
from temporalio import workflow
from temporalio.common import RawValue

BARE_WORKFLOW = "Bare"
BARE_QUEUE = "bare"

HEARD = Counter("bare_heard", "Signals that bare workflows took.")


@workflow.defn(name=BARE_WORKFLOW)
class Bare:
    """Takes signals and does nothing with them."""

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.signal(dynamic=True)
    def hear(self, _name: str, _arguments: Sequence[RawValue]) -> None:
        if not workflow.unsafe.is_replaying():
            HEARD.inc()
