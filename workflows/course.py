"""The course of a journey through its protocol: which stages are next, what ends one, and the way back. Pure."""

from datetime import datetime

from schemas.facts import (
    JourneyStarted,
    Material,
    MaterialsSettled,
    MaterialStatus,
    StageCompleted,
    StageReopened,
)
from schemas.holds import DOUBTS
from schemas.identity import IdentifierKind, KnownAs, Role
from schemas.stages import CollectionStage
from workflows import checks, custody, decisions, identity_holds
from workflows.notebook import Notebook
from workflows.state import Impasse, JourneyState, OpenDeviation, StageState, StageStatus
from workflows.steps import GO_ON


def started(state: JourneyState) -> JourneyStarted:
    """What the ledger says of the beginning."""
    start = state.start
    return JourneyStarted(
        order=start.order,
        protocol=start.protocol.protocol,
        version=start.protocol.version,
        protocol_hash=start.protocol.hash,
        parties=start.parties,
        stages=tuple(state.stages),
        engine_version=start.engine_version,
        identifiers=(
            KnownAs(kind=IdentifierKind.COI, value=start.coi),
            KnownAs(kind=IdentifierKind.ORDER, value=start.order),
        ),
    )


def ready(state: JourneyState) -> list[StageState]:
    """The stages that can begin now, in the protocol's order; none while the journey is held."""
    return [] if state.is_held else [each for each in state.stages.values() if state.is_ready(each)]


def is_over(state: JourneyState) -> bool:
    """Whether every stage is done."""
    return all(each.status is StageStatus.DONE for each in state.stages.values())


def complete(state: JourneyState, notebook: Notebook, stage: StageState, now: datetime) -> None:
    """The stage has reached its end; what departed from its plan without blocking it is over."""
    stage.status, stage.due_at = StageStatus.DONE, None
    notebook.note("stage.completed", StageCompleted(stage=stage.id, visit=stage.visit), now)
    _resolve_lesser(state, notebook, stage, "stage_completed", now)


def reopen(state: JourneyState, notebook: Notebook, stage: StageState, reason: str, now: datetime) -> None:
    """The stage will run again, if it has begun at all, as its next visit."""
    visit = stage.visit
    stage.reopen(state.as_of)
    if stage.visit != visit:
        notebook.note("stage.reopened", StageReopened(stage=stage.id, visit=stage.visit, reason=reason), now)
        _resolve_lesser(state, notebook, stage, "stage_repeated", now)
        for each in _that_hold(state, stage):
            notebook.resolve(each.id, "stage_repeated", now)
        identity_holds.resolve_unasked(state, notebook, "stage_repeated", now)


def _resolve_lesser(state: JourneyState, notebook: Notebook, stage: StageState, how: str, now: datetime) -> None:
    own = [each for each in state.deviations.values() if each.stage == stage.id and not each.blocks]
    for each in [each for each in own if each.code not in custody.MISFITS]:
        notebook.resolve(each.id, how, now)


def blocks(state: JourneyState, impasse: Impasse | None) -> bool:
    """Whether an impasse is about a deviation that holds the journey: no lesser one takes its place."""
    deviation = state.deviations.get(impasse.deviation) if impasse is not None and impasse.deviation else None
    return deviation is not None and deviation.blocks


def unasked(state: JourneyState, stage: StageState) -> Impasse | None:
    """A deviation of the stage that holds the journey and came while another question was open: asked next."""
    found = _that_hold(state, stage)
    return Impasse(code=found[0].code, choices=GO_ON, deviation=found[0].id) if found else None


def _that_hold(state: JourneyState, stage: StageState) -> list[OpenDeviation]:
    """Without doubts about identity that two people have not ended yet."""
    ended = {each.deviation for each in state.identity_holds.values() if not each.is_open}
    own = [each for each in state.deviations.values() if each.stage == stage.id and each.blocks]
    return [each for each in own if each.id in ended or each.code not in DOUBTS]


def behind(state: JourneyState, stage_id: str) -> list[StageState]:
    """A stage and all that come after it."""
    return [state.stages[each] for each in state.protocol.downstream(stage_id)]


def set_old_material_aside(state: JourneyState, notebook: Notebook, stage_id: str, now: datetime) -> None:
    """Before another collection, what is left of the earlier one is kept apart: it must not be used by mistake."""
    if not isinstance(state.protocol.by_id[stage_id], CollectionStage):
        return
    here = [each for each in state.materials.values() if each.kind == "starting_material"]
    aside = [each for each in here if each.status is MaterialStatus.AVAILABLE]
    if aside:
        settle(state, notebook, aside, MaterialStatus.RETAINED, now)


def under_way(state: JourneyState) -> list[Material]:
    """The material that nobody has said has arrived; earlier engines never asked for it."""
    asks = state.start.engine_version >= custody.SINCE
    return [each for each in state.materials.values() if asks and each.status is MaterialStatus.IN_TRANSIT]


def unsettled(state: JourneyState) -> list[Material]:
    """The material that still lies somewhere unaccounted for."""
    return [each for each in state.materials.values() if checks.is_unsettled(each)]


def settle_what_is_left(state: JourneyState, notebook: Notebook, now: datetime) -> None:
    """A journey that reached its goal keeps what it did not need where it lies."""
    left = unsettled(state)
    if left:
        settle(state, notebook, left, MaterialStatus.RETAINED, now)


def settle(
    state: JourneyState, notebook: Notebook, materials: list[Material], status: MaterialStatus, now: datetime
) -> None:
    """Put on record what became of material that is left."""
    now_so = tuple(each.model_copy(update={"status": status}) for each in materials)
    state.materials.update({each.id: each for each in now_so})
    fact = MaterialsSettled.model_validate({"disposition": status.value, "materials": now_so})
    notebook.note("materials.settled", fact, now)


def named(state: JourneyState, notebook: Notebook, stage: StageState, impasse: Impasse, now: datetime) -> Impasse:
    """The impasse with its deviation and task named, and only the choices that can be followed."""
    if impasse.task is not None:
        return impasse
    deviation = impasse.deviation or _open_deviation(state, stage, impasse.code)
    if deviation is None:
        deviation = notebook.deviate(impasse.code, now, stage=stage.id, about=impasse.about)
    stage.impasses += 1
    return impasse.model_copy(
        update={
            "deviation": deviation,
            "task": f"{stage.id}-{stage.visit}-{stage.impasses}",
            "choices": decisions.possible(state, stage, impasse.choices),
        }
    )


def _open_deviation(state: JourneyState, stage: StageState, code: str) -> str | None:
    found = [each.id for each in state.deviations.values() if (each.code, each.stage) == (code, stage.id)]
    return found[-1] if found else None


def asked_of(state: JourneyState, stage: StageState, impasse: Impasse) -> Role:
    """Whose people decide: the patient's physician where the therapy itself is at stake, else whoever has the cells."""
    if impasse.question == "batch_rejected":
        return Role.TREATMENT_CENTRE
    spec = state.protocol.by_id[stage.id]
    return getattr(spec, "at", None) or getattr(spec, "sender", None) or Role.TREATMENT_CENTRE
