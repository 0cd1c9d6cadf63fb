"""What journeys ask of their partners, as an activity: put down to be delivered, and ended by whoever delivers it."""

from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from ledger.deliveries import Asker
from ledger.tables import DeliveryRow
from schemas.commands import Acknowledgement, PartnerCommand
from schemas.deliveries import OPEN, DeliveryStatus
from schemas.errors import ClewError
from workflows.ports import PartnerPort

_FAILURES = {DeliveryStatus.REFUSED: "partner_refused", DeliveryStatus.GIVEN_UP: "delivery_given_up"}


class Outbox(Protocol):
    """Where commands are put to be delivered."""

    async def put(self, command: PartnerCommand, asker: Asker) -> DeliveryRow:
        """Have it delivered, once however often it is asked. Raises `NotFound` or `Unavailable`."""


class PartnerActivities(PartnerPort):
    """Tells partners what to do."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    @activity.defn(name="tell_partner")
    async def tell_partner(self, command: PartnerCommand) -> Acknowledgement:
        """Ends when the delivery is settled, in this process or another (`worker.dispatch.telling`).

        Until then Temporal asks again from time to time, in case that a process died before it put the command down.
        """
        try:
            row = await self._outbox.put(command, _asker(activity.info()))
        except ClewError as error:
            raise ApplicationError(error.detail, type=error.code) from None
        if row.status in OPEN:
            activity.raise_complete_async()
        if row.status == DeliveryStatus.DELIVERED:
            return Acknowledgement(reference=row.reference)
        raise failure_of(row)


def _asker(info: activity.Info) -> Asker:
    assert info.workflow_id and info.workflow_run_id, "only a journey tells partners anything"
    return Asker(info.workflow_id, info.workflow_run_id, info.activity_id)


def failure_of(row: DeliveryRow) -> ApplicationError:
    """A delivery that the partner will not take, as its journey expects it."""
    code = _FAILURES[DeliveryStatus(row.status)]
    return ApplicationError(row.reason or code, type=code, non_retryable=True)
