"""What each fact changes on the pages. Pure: facts in, rows out; so a page can always be made again."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from ledger.custody import hand_over
from ledger.genealogy import edges_of
from ledger.view import Row, Rows, View
from schemas import facts
from schemas.errors import Conflict, Invalid, flaws_of
from schemas.events import CATALOGUE
from schemas.facts import Fact, FactData
from schemas.identity import Role

Handler = Callable[[View, Fact, Any], None]


def apply(view: View, fact: Fact) -> FactData:
    """Change the view by one fact, and return what the fact says.

    Raises `Invalid` for data that is not of its type, `Conflict` for a fact about what is not there.
    """
    said = read(fact)
    if view.journey is None and fact.type != "journey.started":
        raise Conflict("ledger_conflict", f"{view.coi} has not started: its first fact is journey.started.")
    HANDLERS[fact.type](view, fact, said)
    for material in said.materials:
        view.materials[material.id] = _material(view, material)
        view.edges |= {f"{each['child']} {each['parent']}": each for each in edges_of(view.coi, material)}
        hand_over(view.custody, view.coi, fact, said, material, _party(view, material.holder))
    _journey(view)["last_seq"] = fact.seq
    return said


def read(fact: Fact) -> FactData:
    """The fact's data as its model. Raises `Invalid`."""
    model = facts.EventFact if fact.type in CATALOGUE else facts.FACTS.get(fact.type)
    if model is None:
        raise Invalid("unknown_event_type", f"No fact is of the type {fact.type}.")
    try:
        return model.model_validate(fact.data)
    except ValidationError as error:
        raise Invalid("malformed", f"The data of {fact.type} is not as it should be.", flaws_of(error)) from None


def shapes(fact: Fact) -> bool:
    """Whether a fact touches stages, tasks, deviations or the journey's status."""
    return HANDLERS.get(fact.type) is not nothing_more


def moves(fact: Fact) -> bool:
    """Whether a fact says what became of material."""
    return bool(fact.data.get("materials"))


def settle(view: View) -> None:
    """Bring the journey's own row in line with its stages, tasks and deviations."""
    journey = _journey(view)
    unresolved = [each for each in view.deviations.values() if each["resolved_at"] is None]
    open_tasks = [each for each in view.tasks.values() if each["status"] == "open"]
    active = _active(view)
    if journey["status"] in ("running", "held"):
        held = view.on_hold or any(each["blocks"] for each in unresolved)
        journey["status"] = "held" if held else "running"
    journey["stages"] = ",".join(each["stage"] for each in active)
    journey["next_due_at"] = None if _is_closed(journey) else _earliest([*active, *open_tasks])
    overdue = any(each["times_overdue"] for each in [*active, *open_tasks])
    journey["at_risk"] = bool(unresolved) or overdue


def journey_started(view: View, fact: Fact, said: facts.JourneyStarted) -> None:
    if view.journey is None:
        view.journey = _unordered(view.coi, fact, said)
    view.journey.update(status="running", started_at=fact.occurred_at)
    for stage in said.stages:
        _stage(view, stage)


def journey_leaving(view: View, fact: Fact, said: facts.JourneyLeaving) -> None:
    _journey(view).update(status="leaving", outcome_reason=said.reason)
    _stop_stages(view, fact)


def journey_closed(view: View, fact: Fact, said: facts.JourneyClosed) -> None:
    _journey(view).update(status=said.outcome, outcome_reason=said.reason, closed_at=fact.occurred_at)
    _stop_stages(view, fact)


def stage_began(view: View, fact: Fact, said: facts.StageBegan) -> None:
    _stage(view, said.stage).update(
        kind=said.kind,
        status="active",
        visit=said.visit,
        began_at=fact.occurred_at,
        ended_at=None,
        due_at=said.due_at,
        times_overdue=0,
    )


def stage_completed(view: View, fact: Fact, said: facts.StageCompleted) -> None:
    _stage(view, said.stage).update(status="done", visit=said.visit, ended_at=fact.occurred_at, due_at=None)


def stage_reopened(view: View, fact: Fact, said: facts.StageReopened) -> None:
    _stage(view, said.stage).update(
        status="pending", visit=said.visit, began_at=None, ended_at=None, due_at=None, times_overdue=0
    )


def due_passed(view: View, fact: Fact, said: facts.DuePassed) -> None:
    row = _stage(view, said.name) if said.what == "stage" else _known(view.tasks, said.name)
    row.update(due_at=said.next_due_at, times_overdue=said.times)


def due_changed(view: View, fact: Fact, said: facts.DueChanged) -> None:
    _stage(view, said.stage).update(due_at=said.due_at, times_overdue=0)


def deviation_opened(view: View, fact: Fact, said: facts.DeviationOpened) -> None:
    view.deviations[said.deviation] = {
        "journey": view.coi,
        "id": said.deviation,
        "code": said.code,
        "stage": said.stage,
        "about": list(said.about),
        "blocks": said.blocks,
        "opened_at": fact.occurred_at,
        "resolved_at": None,
        "resolution": None,
    }


def deviation_resolved(view: View, fact: Fact, said: facts.DeviationResolved) -> None:
    _known(view.deviations, said.deviation).update(resolved_at=fact.occurred_at, resolution=said.resolution)


def task_opened(view: View, fact: Fact, said: facts.TaskOpened) -> None:
    task = said.task
    view.tasks[task.id] = {
        "journey": view.coi,
        "id": task.id,
        "status": "open",
        "question": task.question,
        "stage": task.stage,
        "role": task.role.value,
        "party": _party(view, task.role),
        "about": list(task.about),
        "choices": [choice.model_dump(mode="json") for choice in task.choices],
        "opened_at": task.opened_at,
        "due_at": task.due_at,
        "times_overdue": 0,
        "closed_at": None,
        "choice": None,
        "reason": None,
        "decided_by": None,
    }


def task_decided(view: View, fact: Fact, said: facts.TaskDecided) -> None:
    _known(view.tasks, said.task).update(
        status="decided",
        closed_at=fact.occurred_at,
        choice=said.choice,
        reason=said.reason,
        decided_by=fact.actor,
    )


def task_closed(view: View, fact: Fact, said: facts.TaskClosed) -> None:
    _known(view.tasks, said.task).update(status="closed", closed_at=fact.occurred_at, reason=said.reason)


def hold_placed(view: View, fact: Fact, said: facts.HoldPlaced) -> None:
    view.on_hold = True


def hold_lifted(view: View, fact: Fact, said: facts.HoldLifted) -> None:
    view.on_hold = False


def nothing_more(view: View, fact: Fact, said: FactData) -> None:
    """The fact stands in the record; beside identifiers and materials it changes no page."""


HANDLERS: dict[str, Handler] = {
    "journey.started": journey_started,
    "journey.leaving": journey_leaving,
    "journey.completed": journey_closed,
    "journey.cancelled": journey_closed,
    "stage.began": stage_began,
    "stage.completed": stage_completed,
    "stage.reopened": stage_reopened,
    "due.passed": due_passed,
    "due.changed": due_changed,
    "deviation.opened": deviation_opened,
    "deviation.resolved": deviation_resolved,
    "task.opened": task_opened,
    "task.decided": task_decided,
    "task.closed": task_closed,
    "hold.placed": hold_placed,
    "hold.lifted": hold_lifted,
    "partner.told": nothing_more,
    "materials.settled": nothing_more,
    "materials.quarantined": nothing_more,
    "materials.cleared": nothing_more,
    "event.late": nothing_more,
    "event.refused": nothing_more,
    "event.released": nothing_more,
    "event.given_up": nothing_more,
    "signal.quarantined": nothing_more,
    "record.superseded": nothing_more,
    **dict.fromkeys(CATALOGUE, nothing_more),
}
"""Every type of fact, and what it changes. A partner's event moves a stage only through the journey's own facts."""


def _journey(view: View) -> Row:
    assert view.journey is not None, "apply() refuses facts of a journey that is not there"
    return view.journey


def _is_closed(journey: Row) -> bool:
    return journey["status"] in ("completed", "cancelled")


def _stop_stages(view: View, fact: Fact) -> None:
    """Nobody works on them or waits for them any more."""
    for stage in _active(view):
        stage.update(status="stopped", ended_at=fact.occurred_at, due_at=None)


def _active(view: View) -> list[Row]:
    rows = [each for each in view.stages.values() if each["status"] == "active"]
    return sorted(rows, key=lambda each: each["ordinal"])


def _earliest(rows: Iterable[Row]) -> datetime | None:
    return min((each["due_at"] for each in rows if each["due_at"] is not None), default=None)


def _party(view: View, role: Role) -> str | None:
    name: str | None = _journey(view)["parties"].get(role.value)
    return name


def _stage(view: View, name: str) -> Row:
    fresh = {
        "journey": view.coi,
        "stage": name,
        "ordinal": len(view.stages),
        "kind": None,
        "status": "pending",
        "visit": 1,
        "began_at": None,
        "ended_at": None,
        "due_at": None,
        "times_overdue": 0,
    }
    return view.stages.setdefault(name, fresh)


def _known(rows: Rows, name: str) -> Row:
    if name not in rows:
        raise Conflict("ledger_conflict", f"A fact speaks of {name}, which the record does not have.")
    return rows[name]


def _material(view: View, material: facts.Material) -> Row:
    return {
        "journey": view.coi,
        "id": material.id,
        "kind": material.kind,
        "status": material.status.value,
        "holder": material.holder.value,
        "party": _party(view, material.holder),
        "parents": list(material.parents),
        "batch": material.batch,
        "expires_at": material.expires_at,
        "quarantined": material.quarantined,
        "form": material.form.value if material.form else None,
        "since": material.since,
        **material.model_dump(mode="json", include={"amounts", "shares"}),
    }


def _unordered(coi: str, fact: Fact, said: facts.JourneyStarted) -> Row:
    """The row of a journey that was started straight on Temporal, without an order through the API."""
    parties = {role.value: party for role, party in said.parties.items()}
    return {
        "coi": coi,
        "order_number": said.order,
        "idempotency_key": None,
        "request_hash": "",
        "protocol": said.protocol,
        "version": said.version,
        "protocol_hash": said.protocol_hash,
        "parties": parties,
        "treatment_centre": parties.get(Role.TREATMENT_CENTRE.value),
        "time_lapse": 1,
        "traceparent": None,
        "ordered_at": fact.occurred_at,
        "started_at": None,
        "closed_at": None,
        "status": "ordered",
        "outcome_reason": None,
        "stages": "",
        "next_due_at": None,
        "at_risk": False,
        "last_seq": 0,
        "seq_offset": 0,
        "epoch": None,
    }
