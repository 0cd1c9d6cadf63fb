"""What Clew's own label desk says to a patient's journey."""

from typing import Any

from schemas.events import LABEL_DESK, PartnerEvent
from schemas.facts import EventStatus
from tests.workflows.clinic import Patient

SET = "LS7KQ2M9XW4D"
SPENT: dict[str, Any] = {"issued": 3, "used": 2, "destroyed": 1, "returned": 0}


def by_the_desk(patient: Patient, what: str, name: str = SET, stage: str = "collection", **said: Any) -> PartnerEvent:
    """What Clew's own label desk says."""
    event = patient.event(f"labels.{what}", stage=stage, set=name, **said)
    return event.model_copy(update={"source": LABEL_DESK, "id": f"{name}/{what}"})


async def issued(patient: Patient, name: str = SET, stage: str = "collection") -> PartnerEvent:
    event = await patient.send(by_the_desk(patient, "issued", name, stage, labels=3))
    assert await patient.outcome_of(event) == (EventStatus.APPLIED, None)
    return event


async def reconciled(patient: Patient, name: str = SET, **changed: Any) -> tuple[EventStatus, str | None]:
    account = by_the_desk(patient, "reconciled", name, **{**SPENT, **changed})
    return await patient.outcome_of(await patient.send(account))
