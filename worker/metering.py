"""What the worker's activities come to, counted around them, so that they stay one effect each."""

from typing import Any

from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from schemas.facts import Batch
from telemetry import metrics

_ENDINGS = {"journey.completed": "completed", "journey.cancelled": "cancelled"}


class Metering(Interceptor):
    """Counts facts and outcomes, and times appends."""

    def intercept_activity(self, inner: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Metered(inner)


class _Metered(ActivityInboundInterceptor):
    async def execute_activity(self, call: ExecuteActivityInput) -> Any:
        subject = call.args[0] if call.args else None
        if isinstance(subject, Batch):
            with metrics.APPEND_SECONDS.time():
                answer = await super().execute_activity(call)
            _count_batch(subject)
            return answer
        return await super().execute_activity(call)


def _count_batch(batch: Batch) -> None:
    for fact in batch.facts:
        metrics.FACTS_APPENDED.labels(fact.type).inc()
        if fact.type in _ENDINGS:
            metrics.JOURNEYS_CLOSED.labels(_ENDINGS[fact.type]).inc()
    for outcome in batch.outcomes:
        metrics.EVENT_OUTCOMES.labels(outcome.status).inc()
