"""Task: what people have to decide, and what they decided."""

from typing import Any

from schemas.entries import Entry
from standards.fhir import systems
from standards.fhir.journey import Drafts, Journey
from standards.fhir.systems import Element


def tasks(journey: Journey) -> Drafts:
    """`requested` while open, `completed` once decided, `cancelled` where nobody needs to decide any more."""
    drafts = Drafts("Task", journey.coi)
    for entry in journey.entries:
        if entry.type == "task.opened":
            _opened(drafts, journey, entry, entry.data.get("task") or {})
        elif entry.type in ("task.decided", "task.closed"):
            _ended(drafts, entry)
    return drafts


def _opened(drafts: Drafts, journey: Journey, entry: Entry, task: dict[str, Any]) -> None:
    opened_at = task.get("opened_at") or systems.instant(entry.occurred_at)
    question = task.get("question")
    drafts.write(
        entry,
        "task",
        str(task.get("id")),
        identifier=[systems.identifier(systems.ours("task"), str(task.get("id")))],
        basedOn=[systems.order(journey.coi)],
        status="requested",
        intent="order",
        code=systems.concept(systems.ours("question"), question) if question else None,
        focus=systems.order(journey.coi),
        **{"for": systems.patient(journey.coi)},
        authoredOn=opened_at,
        lastModified=systems.instant(entry.occurred_at),
        owner=journey.party(task.get("role")),
        restriction={"period": {"end": task["due_at"]}} if task.get("due_at") else None,
        input=[_coded("choice", each["choice"]) for each in task.get("choices") or () if each.get("choice")],
    )


def _ended(drafts: Drafts, entry: Entry) -> None:
    name, reason, choice = str(entry.data.get("task")), entry.data.get("reason"), entry.data.get("choice")
    if not drafts.has("task", name):
        return
    decided = entry.type == "task.decided"
    drafts.write(
        entry,
        "task",
        name,
        status="completed" if decided else "cancelled",
        statusReason=systems.concept(systems.REASON, reason) if reason else None,
        lastModified=systems.instant(entry.occurred_at),
        output=[_coded("choice", choice), _decided_by(entry.actor)] if decided and choice else None,
    )


def _coded(name: str, code: str) -> Element:
    return {"type": systems.concept(systems.ours("task-detail"), name), "valueCode": code}


def _decided_by(pseudonym: str) -> Element:
    return {
        "type": systems.concept(systems.ours("task-detail"), "decided_by"),
        "valueReference": systems.person(pseudonym),
    }
