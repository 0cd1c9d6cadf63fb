"""Handling material: split, pooled, sampled, disposed of. Heard in any stage, at whoever has the material. Pure.

Nothing appears and nothing vanishes: what is handled is here and available, what is made is new, and amounts that were
measured add up. Fails closed: while that is in doubt the journey is held.
"""

from collections.abc import Iterable, Iterator
from typing import cast

from schemas import event_data as said
from schemas.facts import EventStatus, Material, MaterialStatus
from schemas.materials import Amounts, Balance, Share, balance, drawn_from
from workflows.checks import mismatch
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


def was_said(hearing: Hearing) -> bool:
    """Whether the record has it: every new container is there, made so, or all were disposed of so."""
    event, materials = cast(said.MaterialEvent, hearing.said), hearing.state.materials
    if isinstance(event, said.MaterialDisposed):
        there = [materials[each].status.value for each in event.handled() if each in materials]
        return there == [event.disposition] * len(event.handled())
    made = [(materials[each.id], shares(event, each)) for each in event.made() if each.id in materials]
    same = all((each.parents, each.shares) == (event.handled(), share) for each, share in made)
    return len(made) == len(event.made()) and same


def shares(event: said.MaterialEvent, made: said.Piece) -> tuple[Share, ...]:
    """How much of each parent went into a new container, as far as that is told."""
    if isinstance(event, said.MaterialPooled):
        return tuple(Share(parent=each.id, amounts=each.amounts) for each in event.parts if each.amounts is not None)
    if made.amounts is None:
        return ()
    return tuple(Share(parent=each, amounts=made.amounts) for each in event.handled())


def must_wait(hearing: Hearing) -> bool:
    """Material that may still become known, or is under way to whoever speaks of it."""
    handled = cast(said.MaterialEvent, hearing.said).handled()
    unknown = any(not _is_known(hearing.state, each) for each in handled)
    coming = any(each.kind in MAKERS and each.status is not StageStatus.DONE for each in hearing.state.stages.values())
    in_transit = any(each.status is MaterialStatus.IN_TRANSIT for each in _known(hearing.state, handled))
    return in_transit or (unknown and coming)


def refusal(hearing: Hearing) -> Refusal | None:
    """Why the event cannot have its effect."""
    checks = (handled_is_ours, made_is_new, handled_is_here, product_is_not_used_up, quantities_reconcile)
    return next((found for check in checks if (found := check(hearing)) is not None), None)


def handled_is_ours(hearing: Hearing) -> Refusal | None:
    """Only the journey's own containers, each named once; a batch is no container, and can only be sampled."""
    event = cast(said.MaterialEvent, hearing.said)
    handled, sampled = event.handled(), isinstance(event, said.MaterialSampled)
    strange = [each for each in handled if each not in hearing.state.materials]
    strange = [each for each in strange if not (sampled and each in hearing.state.batches)]
    twice = [each for each in set(handled) if handled.count(each) > 1]
    return mismatch(*sorted({*strange, *twice})) if strange or twice else None


def made_is_new(hearing: Hearing) -> Refusal | None:
    """No container is made twice."""
    made = [each.id for each in cast(said.MaterialEvent, hearing.said).made()]
    again = [each for each in made if _is_known(hearing.state, each) or made.count(each) > 1]
    return mismatch(*sorted(set(again))) if again else None


def handled_is_here(hearing: Hearing) -> Refusal | None:
    """What is divided or joined is available, in one place and of one batch; what is sampled or disposed of exists.

    What was put apart because its identity was found to be wrong can still be sampled, and disposed of.
    """
    event = cast(said.MaterialEvent, hearing.said)
    materials = _known(hearing.state, event.handled())
    allowed = STILL_HERE if isinstance(event, said.MaterialSampled | said.MaterialDisposed) else STILL_HERE[:1]
    gone = any(each.status not in allowed or (each.quarantined and allowed != STILL_HERE) for each in materials)
    apart = len({(each.holder, each.kind, each.batch) for each in materials}) > 1 and isinstance(
        event, said.MaterialPooled
    )
    return Refusal(reason="material_not_available") if gone or apart else None


def product_is_not_used_up(hearing: Hearing) -> Refusal | None:
    """A dose is used by an infusion, which has checks of its own."""
    event = hearing.said
    if not isinstance(event, said.MaterialDisposed) or event.disposition != "used":
        return None
    doses = [each for each in _known(hearing.state, event.handled()) if each.kind == "product"]
    return Refusal(reason="not_infused") if doses else None


def quantities_reconcile(hearing: Hearing) -> Refusal | None:
    event = cast(said.MaterialEvent, hearing.said)
    if not reconciliation(hearing.state, event).uneven:
        return None
    about = (*event.handled(), *(each.id for each in event.made()))[:20]
    return Refusal(reason="quantities_do_not_reconcile", choices=GO_ON, blocks=True, about=about)


def reconciliation(state: JourneyState, event: said.MaterialEvent) -> Balance:
    """What is compared of an event, and what came of it."""
    materials = _known(state, event.handled())
    if isinstance(event, said.MaterialSplit) and materials:
        after: list[Amounts | None] = [each.amounts for each in event.into]
        return balance([materials[0].amounts], [*after, *_told(event.rest), *_told(event.loss)])
    if isinstance(event, said.MaterialPooled):
        return _pooled(event, {each.id: each.amounts for each in materials})
    if isinstance(event, said.MaterialSampled) and materials:
        return drawn_from(materials[0].amounts, [each.amounts for each in event.samples])
    return Balance()


def _pooled(event: said.MaterialPooled, there: dict[str, Amounts]) -> Balance:
    """What went in is what came out; and of no container more than there was."""
    over = {code for each in event.parts for code in drawn_from(there.get(each.id, ()), [each.amounts]).uneven}
    went_in = [there.get(each.id) if each.amounts is None else each.amounts for each in event.parts]
    evened = balance(went_in, [event.into.amounts, *_told(event.loss)])
    even = [code for code in evened.even if code not in over]
    return Balance(even=tuple(even), uneven=tuple(sorted({*evened.uneven, *over})))


def _told(one: Amounts | None) -> Iterator[Amounts | None]:
    if one is not None:
        yield one


def _is_known(state: JourneyState, name: str) -> bool:
    return name in state.materials or name in state.batches


def _known(state: JourneyState, names: Iterable[str]) -> list[Material]:
    return [state.materials[each] for each in names if each in state.materials]


def verdict_on(hearing: Hearing) -> tuple[EventStatus, str | None, Refusal | None]:
    """What becomes of an event that an active stage hears of its material."""
    if was_said(hearing):
        return EventStatus.DUPLICATE, "said_before", None
    if hearing.state.is_held:
        return EventStatus.HELD, "journey_held", None
    if must_wait(hearing):
        return EventStatus.HELD, "material_unknown", None
    found = refusal(hearing)
    return (EventStatus.REFUSED, found.reason, found) if found else (EventStatus.APPLIED, None, None)
