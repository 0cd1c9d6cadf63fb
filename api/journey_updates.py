"""What a person decides, as an update of the journey's workflow: on the ledger when it is answered, or refused."""

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from api.handover import is_closed
from api.refusals import KINDS, refusal
from api.services import Services
from schemas.decisions import DecisionMade, DecisionReceipt, EventDecided
from schemas.errors import ClewError, Conflict, Flaw, Unavailable
from workflows.names import journey_workflow_id

DECIDE_WITHIN = 10.0
"""Seconds that the journey has to answer: a worker must be there, and the ledger must take it."""


async def put_to_journey(using: Services, coi: str, made: DecisionMade | EventDecided) -> DecisionReceipt:
    """Have the journey take a decision; its id makes it safe to put again.

    Raises the journey's own refusal; `Conflict` (`journey_closed`) where it takes nothing any more; `Unavailable`
    while Temporal, a worker or the ledger does not answer.
    """
    try:
        return await using.temporal.call(lambda client: _update(client, coi, made), DECIDE_WITHIN)
    except WorkflowUpdateFailedError as error:
        raise _refused(error) from error
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise await _nobody_there(using, coi) from error


async def _update(client: Client, coi: str, made: DecisionMade | EventDecided) -> DecisionReceipt:
    handle = client.get_workflow_handle(journey_workflow_id(coi))
    name = "decide" if isinstance(made, DecisionMade) else "decide_event"
    receipt: DecisionReceipt = await handle.execute_update(name, made, id=made.decision.id, result_type=DecisionReceipt)
    return receipt


def _refused(error: WorkflowUpdateFailedError) -> ClewError:
    """The journey's refusal in our own kinds. A failure that is no refusal is a defect, and stays one."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type in KINDS:
        flaws = [Flaw(pointer="/id", code=str(reason), detail=cause.message) for reason in cause.details]
        return refusal(cause.type, cause.message, flaws)
    raise error


async def _nobody_there(using: Services, coi: str) -> ClewError:
    if await is_closed(using.database, using.temporal, coi, DECIDE_WITHIN):
        return Conflict("journey_closed", "The journey is closed; nothing can be decided on it.")
    return Unavailable("temporal_unavailable", "The journey is recorded and has not started yet.")
