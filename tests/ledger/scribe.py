"""A scribe numbers the facts of one journey, as its workflow would."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ledger.append import append_alone
from ledger.database import Database
from schemas.decisions import Choice, Task
from schemas.events import PartnerEvent
from schemas.facts import Appended, Batch, EventOutcome, Fact, Material
from schemas.identity import IdentifierKind, KnownAs, Role, new_coi

MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
STAGES = ("enrolment", "collection", "to_manufacturer", "manufacture")
PARTIES = {
    "treatment_centre": "north-hospital",
    "collection_centre": "north-apheresis",
    "courier": "swift",
    "manufacturer": "cell-works",
    "laboratory": "clear-lab",
}


class Scribe:
    """Facts come an hour apart, from the morning on."""

    def __init__(self, coi: str | None = None) -> None:
        self.coi = coi or new_coi()
        self.order = f"ORDER-{self.coi[-8:-1]}"
        self.seq = 0
        self.time = MORNING

    def fact(self, fact_type: str, *, actor: str = "clew", event_id: str | None = None, **data: Any) -> Fact:
        """The next fact."""
        self.seq += 1
        self.time += HOUR
        return Fact.model_validate(
            {
                "seq": self.seq,
                "type": fact_type,
                "occurred_at": self.time,
                "actor": actor,
                "source": actor,
                "event_id": event_id,
                "data": data,
            }
        )

    def started(self) -> Fact:
        return self.fact(
            "journey.started",
            order=self.order,
            protocol="autologous-car-t",
            version=1,
            protocol_hash="0" * 64,
            parties=PARTIES,
            stages=list(STAGES),
            engine_version=1,
            identifiers=[known(IdentifierKind.COI, self.coi), known(IdentifierKind.ORDER, self.order)],
        )

    def began(self, stage: str, *, visit: int = 1, due: timedelta = 24 * HOUR) -> Fact:
        due_at = (self.time + HOUR + due).isoformat()
        return self.fact("stage.began", stage=stage, kind="milestone", visit=visit, due_at=due_at)

    def completed(self, stage: str, *, visit: int = 1) -> Fact:
        return self.fact("stage.completed", stage=stage, visit=visit)

    def late(self, stage: str, *, times: int = 1, what: str = "stage") -> Fact:
        moment = self.time.isoformat()
        later = (self.time + 12 * HOUR).isoformat()
        return self.fact("due.passed", what=what, name=stage, due_at=moment, next_due_at=later, times=times)

    def asked(self, task: str, *, due: timedelta = 8 * HOUR) -> Fact:
        opened = Task(
            id=task,
            question="batch_rejected",
            stage="manufacture",
            role=Role.TREATMENT_CENTRE,
            choices=(Choice(choice="remake", then="the batch is made again"), Choice(choice="stop", then="it ends")),
            opened_at=self.time,
            due_at=self.time + due,
        )
        return self.fact("task.opened", task=opened.model_dump(mode="json"))

    def heard(self, event: PartnerEvent, *, stage: str = "collection", **more: Any) -> Fact:
        """A partner's event that took effect."""
        said = {"stage": stage, "visit": 1, "subject": event.subject, "said": event.data, **more}
        return self.fact(event.type, actor=event.source, event_id=event.id, **said)

    def batch(self, *facts: Fact, outcomes: Sequence[EventOutcome] = ()) -> Batch:
        return Batch(coi=self.coi, facts=facts, outcomes=tuple(outcomes))


def known(kind: IdentifierKind, value: str) -> dict[str, str]:
    """A line of the crosswalk, as it stands in a fact."""
    return KnownAs(kind=kind, value=value).model_dump(mode="json")


def bag(name: str, *, status: str = "available", holder: str = "collection_centre", **more: Any) -> dict[str, Any]:
    """A container of starting material, as it stands in a fact."""
    said = {"id": name, "kind": "starting_material", "status": status, "holder": holder, **more}
    return Material.model_validate(said).model_dump(mode="json")


def collected(event_id: str, subject: str, *, source: str = "north-apheresis") -> PartnerEvent:
    """The apheresis centre says that it has collected."""
    return PartnerEvent(
        source=source,
        id=event_id,
        type="sample.collected",
        subject=subject,
        occurred_at=MORNING,
        data={"donation": "D-1", "containers": [{"id": "BAG-1", "tnc": 2.5e10}], "verified_by": ["n1", "n2"]},
    )


async def put(database: Database, batch: Batch, recorded_at: datetime = MORNING) -> Appended:
    """Append a batch in a transaction of its own."""
    return await append_alone(database, batch, recorded_at)
