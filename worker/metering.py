"""What the worker's activities come to, counted around them, so that they stay one effect each."""

import time
from typing import Any

from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from schemas.commands import PartnerCommand
from schemas.facts import Batch
from telemetry import metrics

_ENDINGS = {"journey.completed": "completed", "journey.cancelled": "cancelled"}


class Metering(Interceptor):
    """Counts facts, outcomes and commands, and times appends and calls."""

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
        if isinstance(subject, PartnerCommand):
            return await self._tell(subject, call)
        return await super().execute_activity(call)

    async def _tell(self, command: PartnerCommand, call: ExecuteActivityInput) -> Any:
        began, result = time.perf_counter(), "failed"
        try:
            answer = await super().execute_activity(call)
            result = "taken"
            return answer
        except ApplicationError as error:
            result = "refused" if error.non_retryable else "failed"
            raise
        finally:
            metrics.COMMANDS_SENT.labels(command.command, result).inc()
            metrics.COMMAND_SECONDS.labels(command.role).observe(time.perf_counter() - began)


def _count_batch(batch: Batch) -> None:
    for fact in batch.facts:
        metrics.FACTS_APPENDED.labels(fact.type).inc()
        if fact.type in _ENDINGS:
            metrics.JOURNEYS_CLOSED.labels(_ENDINGS[fact.type]).inc()
    for outcome in batch.outcomes:
        metrics.EVENT_OUTCOMES.labels(outcome.status).inc()
