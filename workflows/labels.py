"""Label sets as a journey knows them: a stage does not end before each set of it is accounted for. Pure."""

from typing import cast

from schemas import event_data as said
from schemas.events import DESKS, PartnerEvent
from schemas.facts import EventStatus
from workflows import checks
from workflows.state import JourneyState, LabelSet, StageStatus

Word = tuple[EventStatus, str | None]


def word_on(state: JourneyState, event: PartnerEvent) -> Word:
    """What becomes of the label desk's word. Heard also while the journey is held: a label moves nothing."""
    if event.source != DESKS[event.type]:
        return EventStatus.REFUSED, "source_reserved"
    spoken = cast(said.LabelsIssued | said.LabelsReconciled, event.said())
    stage = state.stages.get(spoken.stage)
    if stage is None:
        return EventStatus.REFUSED, "not_in_protocol"
    if spoken.set in state.label_sets:
        return _on_known(state.label_sets[spoken.set], spoken)
    if stage.status is StageStatus.DONE:
        return EventStatus.LATE, "stage_done"
    if isinstance(spoken, said.LabelsReconciled):
        return EventStatus.HELD, "out_of_order"
    return EventStatus.APPLIED, None


def _on_known(labels: LabelSet, spoken: said.LabelsIssued | said.LabelsReconciled) -> Word:
    if isinstance(spoken, said.LabelsIssued) or not labels.open:
        return EventStatus.REFUSED, "contradicts_record"
    unaccounted = checks.labels_unaccounted(labels, spoken)
    return (EventStatus.REFUSED, unaccounted) if unaccounted else (EventStatus.APPLIED, None)


def take_effect(state: JourneyState, event: PartnerEvent) -> None:
    """Open a set, or close it; nothing for an event that is not the label desk's."""
    spoken = event.said()
    if isinstance(spoken, said.LabelsIssued):
        state.label_sets[spoken.set] = LabelSet(stage=spoken.stage, labels=spoken.labels)
    elif isinstance(spoken, said.LabelsReconciled):
        closed = state.label_sets[spoken.set].model_copy(update={"open": False})
        state.label_sets[spoken.set] = closed


def open_in(state: JourneyState, stage: str) -> list[str]:
    """The sets that the stage waits for, also those of an earlier visit: their labels may still lie about."""
    return [name for name, each in state.label_sets.items() if each.open and each.stage == stage]
