"""A workflow in the journey's place that only writes down what it hears."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from schemas.decisions import DecideTask, DecisionMade, DecisionReceipt
from schemas.events import PartnerEvent
from schemas.orders import JourneyStart
from workflows.names import JOURNEY_WORKFLOW


@dataclass
class Heard:
    """One signal, as it came: its name, the event's id, and the trace that it came in."""

    signal: str
    event: str
    traceparent: str | None


@workflow.defn(name=JOURNEY_WORKFLOW, sandboxed=False)
class Probe:
    """Ends when the patient withdraws. Refuses to decide any task, by the code that is the task's name."""

    def __init__(self) -> None:
        self._heard: list[Heard] = []

    @workflow.run
    async def run(self, start: JourneyStart) -> str:
        await workflow.wait_condition(lambda: any(each.signal == "patient.withdrawn" for each in self._heard))
        return start.coi

    @workflow.signal(dynamic=True)
    async def hear(self, name: str, args: Sequence[RawValue]) -> None:
        for each in args:
            event = workflow.payload_converter().from_payload(each.payload, PartnerEvent)
            self._heard.append(Heard(name, event.id, event.traceparent))

    @workflow.query
    def heard(self) -> list[Heard]:
        return self._heard

    @workflow.update
    async def decide(self, made: DecisionMade) -> DecisionReceipt:
        if made.decision.kind == "hold":
            await workflow.sleep(timedelta(days=1))
        return DecisionReceipt(decision=made.decision.id, seq=31)

    @decide.validator
    def check(self, made: DecisionMade) -> None:
        if isinstance(made.decision, DecideTask):
            raise ApplicationError("The journey refuses.", type=made.decision.task, non_retryable=True)
