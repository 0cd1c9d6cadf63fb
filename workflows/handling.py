"""Handling material: split, pooled, sampled, disposed of. Heard in any stage, at whoever has the material. Pure.

Nothing appears and nothing vanishes: what is handled is here and available, what is made is new, and amounts that were
measured add up. Fails closed: while that is in doubt the journey is held.
"""

from collections.abc import Iterable
from typing import cast

from schemas import event_data as said
from schemas.canonical import content_hash
from schemas.facts import EventStatus, Material, MaterialStatus
from workflows.checks import is_released, mismatch
from workflows.new_names import made_is_new
from workflows.quantities import reconciliation
from workflows.state import JourneyState, StageState, StageStatus
from workflows.steps import GO_ON, Hearing, Refusal, Step

STEPS = {
    name: Step(name, repeatable=True)
    for name in ("material.split", "material.pooled", "material.sampled", "material.disposed")
}
"""What is heard of material wherever it is."""

MAKERS = ("collection", "manufacture")
"""The stages that material comes from: until they are done, material that nobody knows may still become known."""

STILL_HERE = (MaterialStatus.AVAILABLE, MaterialStatus.REJECTED, MaterialStatus.RETAINED)
"""What can be sampled or disposed of; only what is available can be divided or joined."""


def stage_of(state: JourneyState, names: Iterable[str]) -> StageState | None:
    """The active stage that an event about these containers is told in: the one at whose place they are, if any is."""
    here = {each.holder for each in _known(state, names)}
    active = state.active()
    at_place = [each for each in active if state.protocol.by_id[each.id].roles() & here]
    return next(iter([*at_place, *active]), None)


def fingerprint(hearing: Hearing) -> str:
    """The same for whoever says the same, whenever."""
    return content_hash([hearing.event.type, hearing.event.data])


def contradicts(hearing: Hearing) -> bool:
    """Whether the record has it otherwise: the new containers are there and came from the same, or all are so gone."""
    event, materials = cast(said.MaterialEvent, hearing.said), hearing.state.materials
    if isinstance(event, said.MaterialDisposed):
        there = [materials[each].status.value for each in event.handled() if each in materials]
        return there == [event.disposition] * len(event.handled())
    made = [materials[each.id].parents for each in event.made() if each.id in materials]
    return made == [event.handled()] * len(event.made())


def must_wait(hearing: Hearing) -> bool:
    """Material that may still become known, or is under way to whoever speaks of it."""
    handled = cast(said.MaterialEvent, hearing.said).handled()
    unknown = any(not _is_known(hearing.state, each) for each in handled)
    coming = any(each.kind in MAKERS and each.status is not StageStatus.DONE for each in hearing.state.stages.values())
    in_transit = any(each.status is MaterialStatus.IN_TRANSIT for each in _known(hearing.state, handled))
    return in_transit or (unknown and coming)


def refusal(hearing: Hearing) -> Refusal | None:
    """Why the event cannot have its effect."""
    checks = (
        handled_is_ours,
        made_is_new,
        handled_is_here,
        released_is_whole,
        product_is_not_used_up,
        quantities_reconcile,
    )
    return next((found for check in checks if (found := check(hearing)) is not None), None)


def handled_is_ours(hearing: Hearing) -> Refusal | None:
    """Only the journey's own containers, each named once; a batch is no container, and can only be sampled."""
    event = cast(said.MaterialEvent, hearing.said)
    handled, sampled = event.handled(), isinstance(event, said.MaterialSampled)
    strange = [each for each in handled if each not in hearing.state.materials]
    strange = [each for each in strange if not (sampled and each in hearing.state.batches)]
    twice = [each for each in set(handled) if handled.count(each) > 1]
    return mismatch(*sorted({*strange, *twice})) if strange or twice else None


def handled_is_here(hearing: Hearing) -> Refusal | None:
    """What is divided or joined is available, in one place and of one batch; what is sampled or disposed of exists.

    What was put apart because its identity was found to be wrong can still be sampled, and disposed of; not used.
    """
    event = cast(said.MaterialEvent, hearing.said)
    materials = _known(hearing.state, event.handled())
    divides = not isinstance(event, said.MaterialSampled | said.MaterialDisposed)
    uses = divides or (isinstance(event, said.MaterialDisposed) and event.disposition == "used")
    allowed = STILL_HERE[:1] if divides else STILL_HERE
    gone = any(each.status not in allowed or (each.quarantined and uses) for each in materials)
    apart = len({(each.holder, each.kind, each.batch) for each in materials}) > 1 and isinstance(
        event, said.MaterialPooled
    )
    return Refusal(reason="material_not_available") if gone or apart else None


def released_is_whole(hearing: Hearing) -> Refusal | None:
    """A release names its doses: what came of one by dividing or joining would be released by nobody."""
    event = cast(said.MaterialEvent, hearing.said)
    divides = isinstance(event, said.MaterialSplit | said.MaterialPooled)
    released = divides and any(is_released(hearing.state, each) for each in event.handled())
    return Refusal(reason="dose_released") if released else None


def product_is_not_used_up(hearing: Hearing) -> Refusal | None:
    """A dose is used by an infusion, which has checks of its own."""
    event = hearing.said
    if not isinstance(event, said.MaterialDisposed) or event.disposition != "used":
        return None
    doses = [each for each in _known(hearing.state, event.handled()) if each.kind == "product"]
    return Refusal(reason="not_infused") if doses else None


def quantities_reconcile(hearing: Hearing) -> Refusal | None:
    event = cast(said.MaterialEvent, hearing.said)
    if not reconciliation(hearing).uneven:
        return None
    about = (*event.handled(), *(each.id for each in event.made()))[:20]
    return Refusal(reason="quantities_do_not_reconcile", choices=GO_ON, blocks=True, about=about)


def _is_known(state: JourneyState, name: str) -> bool:
    return name in state.materials or name in state.batches


def _known(state: JourneyState, names: Iterable[str]) -> list[Material]:
    return [state.materials[each] for each in names if each in state.materials]


def verdict_on(hearing: Hearing) -> tuple[EventStatus, str | None, Refusal | None]:
    """What becomes of an event that an active stage hears of its material."""
    if fingerprint(hearing) in hearing.state.handled.said:
        return EventStatus.DUPLICATE, "said_before", None
    if contradicts(hearing):
        return EventStatus.REFUSED, "contradicts_record", None
    if hearing.state.is_held:
        return EventStatus.HELD, "journey_held", None
    if must_wait(hearing):
        return EventStatus.HELD, "material_unknown", None
    found = refusal(hearing)
    return (EventStatus.REFUSED, found.reason, found) if found else (EventStatus.APPLIED, None, None)
