"""Identity holds, as a journey takes them in: what they hold and put apart, and what their end leads to. Pure.

A hold stands in the database, and what it says there counts. The journey learns of it with the answer to an append.
"""

from collections.abc import Iterable
from datetime import datetime

from schemas.facts import Appended, Material, MaterialsCleared, MaterialsQuarantined
from schemas.holds import DOUBTS, IdentityHold
from schemas.stages import FollowUpStage
from workflows import checks
from workflows.notebook import Notebook
from workflows.state import Impasse, JourneyState, KnownHold, StageState
from workflows.steps import GO_ON, MAKE_AGAIN

MOST_ABOUT = 20
"""Identifiers that a deviation or a task names; the hold has them all."""


def learn(state: JourneyState, notebook: Notebook, appended: Appended, now: datetime) -> None:
    """Take in every hold that is new, and the end of every one that two people have signed."""
    if appended.taken:
        _doubt(state, notebook, tuple(each.value for each in appended.taken), now)
    holds = appended.holds if state.closed is None else ()
    # All that is new first: where one hold ends and another has begun, the journey is free at no moment.
    known_now = [state.identity_holds.get(each.id) or _take_in(state, notebook, each, now) for each in holds]
    for hold, known in zip(holds, known_now, strict=True):
        if known.is_open and hold.finding is not None:
            known.finding = hold.finding
            _end(state, notebook, hold, known, now)


def ask(state: JourneyState, stage: StageState) -> bool:
    """Whether a stage's open question is one that an identity hold has put: no other takes its place."""
    return any(_asks_about(stage, each) for each in state.identity_holds.values())


def _doubt(state: JourneyState, notebook: Notebook, about: tuple[str, ...], now: datetime) -> None:
    """What the journey has just claimed belongs to another one. An open question stays; this one is asked after it."""
    stage = next(iter(state.active()), None)
    of = stage.id if stage is not None else None
    deviation = notebook.deviate("identifier_in_use", now, stage=of, about=about, blocks=True)
    if stage is not None and stage.impasse is None:
        stage.impasse = Impasse(code="identifier_in_use", choices=GO_ON, about=about, deviation=deviation)


def _take_in(state: JourneyState, notebook: Notebook, hold: IdentityHold, now: datetime) -> KnownHold:
    deviation = _own_doubt(state, hold) if hold.ours else None
    if deviation is None:
        deviation = notebook.deviate("identity_held", now, about=hold.about[:MOST_ABOUT], blocks=True)
    apart = [each for each in state.materials.values() if checks.is_unsettled(each)]
    known = KnownHold(deviation=deviation, apart=[each.id for each in apart])
    state.identity_holds[hold.id] = known
    _mark(state, apart, quarantined=True)
    if apart:
        now_so = tuple(state.materials[each] for each in known.apart)
        notebook.note("materials.quarantined", MaterialsQuarantined(hold=hold.id, materials=now_so), now)
    return known


def _own_doubt(state: JourneyState, hold: IdentityHold) -> str | None:
    """The journey's own deviation that opened the hold, where it still stands."""
    of_others = {each.deviation for each in state.identity_holds.values()}
    codes = DOUBTS if hold.reason is None else {hold.reason}
    found = [each.id for each in state.deviations.values() if each.code in codes and each.id not in of_others]
    return found[-1] if found else None


def _end(state: JourneyState, notebook: Notebook, hold: IdentityHold, known: KnownHold, now: datetime) -> None:
    crossed = hold.finding == "crossed"
    if not crossed:
        _clear(state, notebook, hold, known, now)
    asking = next((each for each in state.active() if _asks_about(each, known)), None)
    stage = asking or _own_stage(state, known) or next(iter(state.active()), None)
    if crossed and stage is not None and not state.leaving:
        _ask(state, notebook, stage, hold, known, now)
    elif state.leaving or not _is_asked(state, known):
        _close_question(notebook, asking, now)
        notebook.resolve(known.deviation, str(hold.finding), now)


def _asks_about(stage: StageState, known: KnownHold) -> bool:
    return stage.impasse is not None and stage.impasse.deviation == known.deviation


def _is_asked(state: JourneyState, known: KnownHold) -> bool:
    """Whether its own stage asks about it, or has another question open, after which `course.unasked` puts this one."""
    stage = _own_stage(state, known)
    return stage is not None and stage.impasse is not None


def _own_stage(state: JourneyState, known: KnownHold) -> StageState | None:
    """The stage in which the doubt arose, while it is under way."""
    deviation = state.deviations.get(known.deviation)
    return next((each for each in state.active() if deviation is not None and each.id == deviation.stage), None)


def _ask(
    state: JourneyState, notebook: Notebook, stage: StageState, hold: IdentityHold, known: KnownHold, now: datetime
) -> None:
    """What was put apart stays apart, so the questions that were open have other answers now.

    A patient who has had the cells is followed up all the same.
    """
    _close_question(notebook, stage, now)
    given = all(isinstance(state.protocol.by_id[each.id], FollowUpStage) for each in state.active())
    choices = ("continue", *MAKE_AGAIN) if given else MAKE_AGAIN
    stage.impasse = Impasse(
        code="identity_crossed", choices=choices, about=hold.about[:MOST_ABOUT], deviation=known.deviation
    )
    resolve_unasked(state, notebook, "asked_with_another_hold", now)


def resolve_unasked(state: JourneyState, notebook: Notebook, how: str, now: datetime) -> None:
    """Resolve what holds have opened that two people have ended, and that no stage asks about, now or next.

    Nobody else could: it has neither a signature nor a task left to wait for.
    """
    for known in [each for each in state.identity_holds.values() if not each.is_open]:
        asked = any(_asks_about(stage, known) for stage in state.stages.values())
        if not asked and not _is_asked(state, known):
            notebook.resolve(known.deviation, how, now)


def _close_question(notebook: Notebook, stage: StageState | None, now: datetime) -> None:
    if stage is not None and stage.impasse is not None:
        if stage.impasse.task is not None:
            notebook.close_task(stage.impasse.task, "identity_hold_closed", now)
        stage.impasse = None


def _clear(state: JourneyState, notebook: Notebook, hold: IdentityHold, known: KnownHold, now: datetime) -> None:
    """Free what only this hold put apart."""
    others = [each for name, each in state.identity_holds.items() if name != hold.id]
    still = {name for each in others if each.finding != "not_crossed" for name in each.apart}
    freed = [state.materials[each] for each in known.apart if each not in still]
    _mark(state, freed, quarantined=False)
    if freed:
        now_so = tuple(state.materials[each.id] for each in freed)
        notebook.note("materials.cleared", MaterialsCleared(hold=hold.id, materials=now_so), now)


def _mark(state: JourneyState, materials: Iterable[Material], *, quarantined: bool) -> None:
    state.materials.update({each.id: each.model_copy(update={"quarantined": quarantined}) for each in materials})
