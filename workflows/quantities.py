"""Whether what is told of divided, joined or sampled material adds up. Pure.

Each telling is compared with what there was before it, and the containers that came of a collection, or of a dose,
with what was measured there: small differences, each within what two measurements differ by, must not add up to cells
that nobody gave.
"""

from collections.abc import Iterable, Iterator, Mapping

from schemas import event_data as said
from schemas.facts import Material
from schemas.materials import Amounts, Balance, Form, balance, drawn_from, not_more_than
from workflows import handled
from workflows.state import JourneyState
from workflows.steps import Hearing

DERIVED = (Form.SPLIT, Form.POOL, Form.ALIQUOT, Form.RETAINED_SAMPLE)
"""What came of other containers by handling; all else was measured as it was collected or made."""


def reconciliation(hearing: Hearing) -> Balance:
    """What is compared of an event, and what came of it; nothing where a container is not known."""
    state, event = hearing.state, hearing.said
    if not isinstance(event, said.MaterialEvent) or not all(each in state.materials for each in event.handled()):
        return Balance()
    compared, grown = _compared(state, event), _grown(hearing, event)
    even = tuple(code for code in compared.even if code not in grown)
    return Balance(even=even, uneven=tuple(sorted({*compared.uneven, *grown})))


def remember(hearing: Hearing, new: Iterable[Material]) -> None:
    """Keep what later tellings are compared with: what was measured first, and what was emptied."""
    kept = hearing.state.handled
    kept.measured |= {each.id: each.amounts for each in new if each.form not in DERIVED}
    if isinstance(hearing.said, said.MaterialEvent):
        kept.emptied += handled.emptied_by(hearing.said)


def _compared(state: JourneyState, event: said.MaterialEvent) -> Balance:
    first = state.materials[event.handled()[0]]
    if isinstance(event, said.MaterialSplit):
        after: list[Amounts | None] = [each.amounts for each in event.into]
        after += [*_told(event.rest), *_told(event.loss)]
        return balance([first.amounts], after, _bounds(state, first))
    if isinstance(event, said.MaterialPooled):
        return _pooled(state, event)
    if isinstance(event, said.MaterialSampled):
        return drawn_from(first.amounts, [each.amounts for each in event.samples])
    return Balance()


def _pooled(state: JourneyState, event: said.MaterialPooled) -> Balance:
    """What went in is what came out; and of no container more than there was."""
    parts = [(state.materials[each.id], each.amounts) for each in event.parts]
    over = {code for each, went in parts for code in drawn_from(each.amounts, [went]).uneven}
    bounds = {code for each, went in parts for code in _untold(state, each, went)}
    went_in = [_went_in(each, went) for each, went in parts]
    evened = balance(went_in, [event.into.amounts, *_told(event.loss)], bounds)
    even = [code for code in evened.even if code not in over]
    return Balance(even=tuple(even), uneven=tuple(sorted({*evened.uneven, *over})))


def _went_in(part: Material, went: Amounts | None) -> Amounts:
    """What is told of a part; where it is not, all that there was at the most."""
    return not_more_than(part.amounts, went or ())


def _untold(state: JourneyState, part: Material, went: Amounts | None) -> set[str]:
    if went is None:
        return _bounds(state, part)
    return {each.code for each in part.amounts} - {each.code for each in went}


def _bounds(state: JourneyState, material: Material) -> set[str]:
    """The codes of which a container holds so much at the most: something was taken, and not told how much of it."""
    drawn = [each for each in state.materials.values() if each.form in DERIVED and material.id in each.parents]
    told = [
        {one.code for share in each.shares if share.parent == material.id for one in share.amounts} for each in drawn
    ]
    return {each.code for each in material.amounts if any(each.code not in codes for codes in told)}


def _grown(hearing: Hearing, event: said.MaterialEvent) -> set[str]:
    """The codes of which all that came of the same collection, or dose, would hold more than was measured there."""
    state, kept = hearing.state, hearing.state.handled
    after = state.materials | {each.id: each for each in handled.EFFECTS[hearing.event.type](hearing)}
    family = _family(after, event.handled())
    there = [kept.measured.get(each, ()) for each in sorted(family) if after[each].form not in DERIVED]
    emptied = {*kept.emptied, *handled.emptied_by(event)}
    here: list[Amounts | None] = [after[each].amounts for each in sorted(family - emptied)]
    # A code that a part is silent about: so the sides are compared as a bound, which they are.
    codes = {each.code for amounts in there for each in amounts}
    return set(balance(there, [*here, ()], codes).uneven)


def _family(materials: Mapping[str, Material], names: Iterable[str]) -> set[str]:
    """Everything that came of the same containers, and those."""
    links = [{each.id, *each.parents} & materials.keys() for each in materials.values() if each.form in DERIVED]
    family: set[str] = set(names)
    grown = True
    while grown:
        more = {name for link in links if link & family for name in link}
        grown = not more <= family
        family |= more
    return family


def _told(one: Amounts | None) -> Iterator[Amounts | None]:
    if one is not None:
        yield one
