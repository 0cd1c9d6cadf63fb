"""What the Temporal Web UI tells of a journey: one line, current details in Markdown, search attributes."""

from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

from schemas.base import iso
from workflows.names import AT_RISK, JOURNEY_STATUS, NEXT_DUE_AT, STAGE
from workflows.state import JourneyState, StageStatus

_MARKS = {StageStatus.DONE: "✔", StageStatus.ACTIVE: "▶", StageStatus.PENDING: "·"}


class Story:
    """Shows a journey, and touches the history only when what it shows has changed."""

    def __init__(self) -> None:
        self._shown: dict[str, Any] = {}

    def show(self, state: JourneyState) -> None:
        """Bring details and search attributes up to date."""
        workflow.set_current_details(details(state))
        shown = {
            "stage": ", ".join(each.id for each in state.active()) or state.status.value,
            "status": state.status.value,
            "due": next_due(state),
            "risk": at_risk(state),
        }
        if shown != self._shown:
            workflow.upsert_search_attributes(_changes(shown, self._shown))
            self._shown = shown


def _changes(shown: dict[str, Any], before: dict[str, Any]) -> list[SearchAttributeUpdate[Any]]:
    updates: dict[str, SearchAttributeUpdate[Any]] = {
        "stage": STAGE.value_set(shown["stage"]),
        "status": JOURNEY_STATUS.value_set(shown["status"]),
        "due": NEXT_DUE_AT.value_set(shown["due"]) if shown["due"] else NEXT_DUE_AT.value_unset(),
        "risk": AT_RISK.value_set(shown["risk"]),
    }
    return [update for name, update in updates.items() if shown[name] != before.get(name)]


def next_due(state: JourneyState) -> datetime | None:
    """The earliest due time of any stage or task that is open."""
    dues = [each.due_at for each in state.active() if each.due_at]
    dues += [each.due_at for each in state.tasks.values() if each.choice is None]
    return min(dues, default=None)


def at_risk(state: JourneyState) -> bool:
    """Whether something is not as it should be: a deviation is open, or something is overdue."""
    late_tasks = any(each.times_overdue for each in state.tasks.values() if each.choice is None)
    return bool(state.deviations) or late_tasks or any(each.times_overdue for each in state.active())


def details(state: JourneyState) -> str:
    """Where the journey is, what it waits for, and what is due: Markdown, for a person at the Web UI."""
    lines = [f"**{state.status.value}**" + (f": {state.leaving}" if state.leaving else ""), ""]
    lines += ["| | stage | visit | due | heard last |", "|---|---|---|---|---|"]
    lines += [_stage_line(state, name) for name in state.stages]
    lines += [
        f"\n**{each.task.role.value} must decide** `{each.task.question}` by {iso(each.due_at)[:16]}"
        for each in state.tasks.values()
        if each.choice is None
    ]
    lines += [f"\n⚠ {each.code}" + (f" in {each.stage}" if each.stage else "") for each in state.deviations.values()]
    lines += [
        f"\nLabels {name} of {each.stage} are not accounted for."
        for name, each in state.label_sets.items()
        if each.open
    ]
    if state.waiting:
        lines.append(f"\n{len(state.waiting)} early events wait.")
    return "\n".join(lines)


def _stage_line(state: JourneyState, name: str) -> str:
    stage = state.stages[name]
    due = iso(stage.due_at)[:16] if stage.status is StageStatus.ACTIVE and stage.due_at else ""
    heard = stage.heard[-1].type if stage.heard else ""
    return f"| {_MARKS[stage.status]} | {name} | {stage.visit} | {due} | {heard} |"
