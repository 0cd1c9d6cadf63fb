"""New names: what is collected, made or handled gets names that nothing of the journey bears yet. Pure.

Two things that answer to one name could be taken for each other (invariant 3).
"""

from collections.abc import Sequence
from typing import cast

from schemas import event_data as said
from schemas.identity import IdentifierKind
from workflows.aliases import kind_of
from workflows.checks import mismatch
from workflows.state import JourneyState
from workflows.steps import Hearing, Refusal

SINCE = 2
"""Journeys of earlier engines compare a name with those of its kind only: their histories must replay (invariant 7)."""

MATERIAL = (IdentifierKind.CONTAINER, IdentifierKind.DOSE)


def taken(state: JourneyState, names: Sequence[str], *alike: IdentifierKind) -> list[str]:
    """Those of the names that stand here twice, or that the journey knows already as whatever it may be."""
    return sorted({each for each in names if names.count(each) > 1 or _is_known(state, each, alike)})


def _is_known(state: JourneyState, name: str, alike: tuple[IdentifierKind, ...]) -> bool:
    """A partner's identifier has been read as ours by now (`workflows.aliases`)."""
    kind = kind_of(state, name)
    if state.start.engine_version < SINCE:
        return kind in alike
    return kind is not None


def donation_is_new(hearing: Hearing) -> Refusal | None:
    """A collection that is repeated gets a new donation number, and no container is used twice."""
    state, sample = hearing.state, cast(said.SampleCollected, hearing.said)
    containers = [each.id for each in sample.containers]
    again = taken(state, [sample.donation], IdentifierKind.DONATION) + taken(state, containers, *MATERIAL)
    if state.start.engine_version >= SINCE:
        again += [each for each in containers if each == sample.donation]
    return mismatch(sample.donation, *again) if again else None


def batch_is_new(hearing: Hearing) -> Refusal | None:
    batch = cast(said.ManufactureStarted, hearing.said).batch
    return mismatch(batch) if taken(hearing.state, [batch], IdentifierKind.BATCH) else None


def doses_are_new(hearing: Hearing) -> Refusal | None:
    again = taken(hearing.state, cast(said.ManufactureCompleted, hearing.said).doses, *MATERIAL)
    return mismatch(*again) if again else None


def made_is_new(hearing: Hearing) -> Refusal | None:
    made = [each.id for each in cast(said.MaterialEvent, hearing.said).made()]
    again = taken(hearing.state, made, *IdentifierKind)
    return mismatch(*again) if again else None
