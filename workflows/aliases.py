"""Partners' identifiers for things of a journey: learnt once, and read as ours wherever they are scanned. Pure."""

from collections.abc import Iterable
from typing import Any

from schemas.check_characters import Misread
from schemas.event_data import IdentifierAssigned
from schemas.events import PartnerEvent
from schemas.gs1_keys import element_string
from schemas.identity import IdentifierKind, KnownAs, read_coi
from schemas.things import THINGS, things_named
from workflows.checks import mismatch
from workflows.state import JourneyState
from workflows.steps import Refusal

ASSIGNED = "identifier.assigned"

_STANDS_FOR: dict[IdentifierKind, frozenset[IdentifierKind]] = {
    IdentifierKind.COI: frozenset({IdentifierKind.COI}),
    IdentifierKind.GSRN: frozenset({IdentifierKind.COI, IdentifierKind.ORDER}),
    IdentifierKind.SGTIN: frozenset({IdentifierKind.CONTAINER, IdentifierKind.DOSE}),
    IdentifierKind.SSCC: frozenset({IdentifierKind.CONTAINER, IdentifierKind.DOSE, IdentifierKind.SHIPMENT}),
}
"""What each kind can stand for; any other only for its own kind."""


def understood(state: JourneyState, event: PartnerEvent) -> PartnerEvent:
    """The event in our own words: each identifier that stands for a thing of ours is read as that thing.

    The same event where there is nothing to read so.
    """
    if not state.aliases:
        return event
    subject, data = _ours(state, event.subject), _read(state, event.data)
    if (subject, data) == (event.subject, event.data):
        return event
    return event.model_copy(update={"subject": subject, "data": data})


def read_as(state: JourneyState, event: PartnerEvent) -> dict[str, str]:
    """The identifiers in an event that are a partner's, each with ours."""
    said = {event.subject, *things_named(event.data)}
    return {each: _ours(state, each) for each in sorted(said) if _ours(state, each) != each}


def refusal(state: JourneyState, assigned: IdentifierAssigned) -> Refusal | None:
    """Why an identifier cannot stand for a thing: it names something else already, or things of another kind.

    One that is taken puts identity in doubt (invariant 3): two bags would answer to one name.
    """
    taken = [
        each for each in _spelt(assigned) if _is_taken(state, each, assigned.names) or _is_anothers_coi(state, each)
    ]
    if taken:
        return mismatch(*taken, assigned.names)
    able = _STANDS_FOR.get(assigned.kind, frozenset({assigned.kind}))
    return None if kind_of(state, assigned.names) in able else Refusal(reason="kind_mismatch")


def is_known(state: JourneyState, assigned: IdentifierAssigned) -> bool:
    """Whether the journey knows it as standing for that very thing by now."""
    return all(_is_same(state, state.aliases.get(each), assigned.names) for each in _spelt(assigned))


def learn(state: JourneyState, event: PartnerEvent) -> tuple[KnownAs, ...]:
    """Remember what an event's identifiers stand for; gives their lines of the crosswalk."""
    lines = tuple(event.said().identifiers())
    state.aliases |= {each.value: each.names for each in lines if each.names is not None}
    return lines


def forget(state: JourneyState, taken: Iterable[KnownAs]) -> None:
    """What turns out to be another journey's stands for nothing in this one, in no spelling.

    With it goes whatever else stood for the same thing: somebody has labelled it wrongly.
    """
    in_doubt = {state.aliases[each.value] for each in taken if each.value in state.aliases}
    state.aliases = {value: names for value, names in state.aliases.items() if names not in in_doubt}


def kind_of(state: JourneyState, name: str) -> IdentifierKind | None:
    """What a name of our own names; None for one that the journey does not know."""
    return _known(state).get(name)


def _known(state: JourneyState) -> dict[str, IdentifierKind]:
    """Every name of our own, with the kind of thing that it names."""
    known = dict.fromkeys(state.batches, IdentifierKind.BATCH)
    known |= dict.fromkeys(state.references, IdentifierKind.SHIPMENT)
    known |= dict.fromkeys(state.donations, IdentifierKind.DONATION)
    known |= {state.start.coi: IdentifierKind.COI, state.start.order: IdentifierKind.ORDER}
    for name, each in state.materials.items():
        known[name] = IdentifierKind.DOSE if each.kind == "product" else IdentifierKind.CONTAINER
    return known


def _is_taken(state: JourneyState, value: str, names: str) -> bool:
    """Whether it names something already, or is another spelling of what names something else."""
    known = _known(state)
    taken = value in known or any(value == element_string(each) for each in known if each != names)
    return taken or not _is_same(state, state.aliases.get(value, names), names)


def _is_same(state: JourneyState, one: str | None, other: str) -> bool:
    """Whether two names of ours are one thing's: the order is the journey's other name."""
    return one == other or {one, other} <= {state.start.coi, state.start.order}


def _is_anothers_coi(state: JourneyState, value: str) -> bool:
    """Another patient's chain-of-identity id can never be a second name of this one's."""
    try:
        return read_coi(value) != state.start.coi
    except Misread:
        return False


def _spelt(assigned: IdentifierAssigned) -> list[str]:
    return [each.value for each in assigned.identifiers()]


def _ours(state: JourneyState, said: str) -> str:
    return state.aliases.get(said) or state.aliases.get(element_string(said), said)


def _read(state: JourneyState, data: dict[str, Any]) -> dict[str, Any]:
    return {name: _read_thing(state, value) if name in THINGS else value for name, value in data.items()}


def _read_thing(state: JourneyState, value: Any) -> Any:
    if isinstance(value, str):
        return _ours(state, value)
    if isinstance(value, list | tuple):
        return [_read_thing(state, each) for each in value]
    return _read(state, value) if isinstance(value, dict) else value
