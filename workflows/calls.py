"""Calls to partners: sent once, known by key, taken back when the journey turns away from them."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from schemas.commands import Acknowledgement, PartnerCommand, command_key
from schemas.facts import PartnerTold
from schemas.identity import IdentifierKind, KnownAs, Role
from workflows.desk import Stuck
from workflows.names import PARTNER_QUEUE
from workflows.notebook import Notebook
from workflows.ports import PartnerPort
from workflows.state import Impasse, JourneyState, StageState
from workflows.tracing import caused_by

CALL_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(minutes=5)
)
CALL_TIMEOUT = timedelta(seconds=60)
"""After which a command is put down once more, which has no effect where it was: a worker may have died before that.

A partner may be away for days: the delivery goes on trying, and the stage's due time tells a person.
"""

TAKEN_BACK_BY: dict[str, tuple[str, frozenset[str]]] = {
    "schedule_collection": ("cancel_collection", frozenset({"sample.collected", "collection.failed"})),
    "book_pickup": ("recall_pickup", frozenset({"material.received", "shipment.lost"})),
    "place_order": ("cancel_order", frozenset({"manufacture.completed", "manufacture.failed"})),
}
"""The command that takes another back, and the events after which there is nothing left to take back."""

REFERENCES: dict[str, IdentifierKind] = {
    "schedule_collection": IdentifierKind.ORDER,
    "place_order": IdentifierKind.ORDER,
    "book_pickup": IdentifierKind.SHIPMENT,
}
"""The commands whose acknowledgement names a thing that events will speak of, and what it names."""


class Calls:
    """The calls of one journey. A call goes on when the stage that made it is left: its outcome must be known."""

    def __init__(self, state: JourneyState, notebook: Notebook) -> None:
        self._state = state
        self._notebook = notebook
        self._under_way: dict[str, asyncio.Task[None]] = {}

    @property
    def are_done(self) -> bool:
        return not self._under_way

    async def done(self) -> None:
        """Wait until every call has an outcome."""
        await workflow.wait_condition(lambda: self.are_done)

    async def tell(self, stage: StageState, role: Role, command: str, details: dict[str, Any]) -> None:
        """Send a command of a stage, or wait for it where it is under way. Raises `Stuck` on a refusal."""
        order = stage.asked.get(command) or self._command(stage, role, command, details)
        stage.asked[command] = order
        try:
            await asyncio.shield(self._send(stage, order))
        except ActivityError as error:
            raise Stuck(_not_taken(order, error)) from error

    async def tell_about(self, name: str, number: int, role: Role, command: str, details: dict[str, Any]) -> None:
        """Send a command that belongs to no stage of the protocol. Raises `Stuck` on a refusal."""
        await self.tell(StageState(id=name, kind=name, visit=number), role, command, details)

    def take_back(self, stage: StageState) -> None:
        """Start to take back what the stage's visit has begun with partners and not finished."""
        for command, order in list(stage.asked.items()):
            inverse, finished_by = TAKEN_BACK_BY.get(command, ("", frozenset[str]()))
            if inverse and not stage.all_heard(*finished_by):
                copy = stage.model_copy()
                recall = self._command(copy, order.role, inverse, {"cancels": order.key})
                self._under_way[recall.key] = self._watched(recall.key, self._take_back(copy, order, recall))

    def _command(self, stage: StageState, role: Role, command: str, details: dict[str, Any]) -> PartnerCommand:
        start = self._state.start
        return PartnerCommand(
            key=command_key(start.coi, stage.id, command, stage.visit),
            command=command,
            coi=start.coi,
            order=start.order,
            role=role,
            partner=start.party(role),
            parties=start.parties,
            stage=stage.id,
            visit=stage.visit,
            as_of=self._state.as_of,
            time_lapse=start.time_lapse,
            details=details,
            traceparent=stage.traceparent or self._state.traceparent,
        )

    def _send(self, stage: StageState, order: PartnerCommand) -> "asyncio.Task[None]":
        if order.key not in self._under_way:
            self._under_way[order.key] = self._watched(order.key, self._call(stage, order))
        return self._under_way[order.key]

    def _watched(self, key: str, call: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        def ended(task: "asyncio.Task[None]") -> None:
            self._under_way.pop(key, None)
            if not task.cancelled():
                task.exception()

        task = asyncio.create_task(call)
        task.add_done_callback(ended)
        return task

    async def _take_back(self, stage: StageState, order: PartnerCommand, recall: PartnerCommand) -> None:
        """Wait for the outcome of what is to be taken back: a recall must not overtake its booking."""
        try:
            if order.key in self._under_way:
                await asyncio.shield(self._under_way[order.key])
        except ActivityError:
            return
        try:
            await self._call(stage, recall)
        except ActivityError as error:
            self._notebook.deviate(_why(error), workflow.now(), about=(recall.command,))

    async def _call(self, stage: StageState, order: PartnerCommand) -> None:
        with caused_by(order.traceparent):
            asked = workflow.start_activity_method(
                PartnerPort.tell_partner,
                order,
                task_queue=PARTNER_QUEUE,
                start_to_close_timeout=CALL_TIMEOUT,
                retry_policy=CALL_RETRY,
                summary=f"{order.partner}: {order.command.replace('_', ' ')}",
            )
        acknowledged = await asked
        self._acknowledge(stage, order, acknowledged)

    def _acknowledge(self, stage: StageState, order: PartnerCommand, acknowledged: Acknowledgement) -> None:
        reference = acknowledged.reference
        if stage.visit == order.visit:
            stage.told[order.command] = reference
        if reference is not None and order.command in REFERENCES:
            self._state.references[reference] = (order.stage, order.visit)
        told = PartnerTold(
            command=order.command,
            key=order.key,
            role=order.role,
            partner=order.partner,
            stage=order.stage if order.stage in self._state.stages else None,
            reference=reference,
            identifiers=_named(order, reference),
        )
        self._notebook.note("partner.told", told, workflow.now())


def _named(order: PartnerCommand, reference: str | None) -> tuple[KnownAs, ...]:
    kind = REFERENCES.get(order.command)
    return (KnownAs(kind=kind, value=reference),) if kind and reference else ()


def _not_taken(order: PartnerCommand, error: ActivityError) -> Impasse:
    code = _why(error)
    return Impasse(question=code, code=code, choices=("send_again", "stop"), about=(order.command,))


def _why(error: ActivityError) -> str:
    """`partner_refused`, or `delivery_given_up` by a person."""
    given_up = isinstance(error.cause, ApplicationError) and error.cause.type == "delivery_given_up"
    return "delivery_given_up" if given_up else "partner_refused"
