"""Whether what is told of hand-overs fits together: at every moment exactly one custodian. Pure.

The record shows one custodian whatever is told (`ledger.custody`); what the tellings leave open, or claim twice, is a
deviation, which blocks nothing and stays open until the journey ends: nothing that follows makes it true who had them.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from schemas.base import Strict
from schemas.event_data import MaterialEvent
from schemas.events import PartnerEvent
from schemas.facts import Material
from workflows.quantities import reconciliation
from workflows.state import JourneyState, StageState, StageStatus
from workflows.steps import Hearing

CLOCKS_DIFFER_BY = timedelta(minutes=5)
"""Two organisations' clocks may differ by so much before it looks as if both had held a container."""

RECEIVED_WITHIN = timedelta(hours=4)
"""From a delivery at the dock to the receipt; after more, nobody has said who had the containers meanwhile."""

SINCE = 2
"""Journeys of earlier engines open no such deviations: their histories must replay (invariant 7)."""


MISFITS = ("custody_overlap", "custody_gap")
"""Deviations that do not end with their stage."""


class Misfit(Strict):
    """`custody_overlap` or `custody_gap`, and the containers that it is about."""

    code: str
    about: tuple[str, ...]


def misfits(hearing: Hearing) -> tuple[Misfit, ...]:
    """What does not fit about an event that takes effect, before it does."""
    if hearing.state.start.engine_version < SINCE:
        return ()
    found = zip(MISFITS, (_taken_too_early(hearing), _received_too_late(hearing)), strict=True)
    return tuple(Misfit(code=code, about=about[:20]) for code, about in found if about)


def reconciled(hearing: Hearing) -> tuple[str, ...] | None:
    """The amounts that add up, of an event that divides or joins material; None of any other."""
    said = hearing.said
    is_handling = isinstance(said, MaterialEvent) and bool(said.made())
    return reconciliation(hearing).even if is_handling else None


def is_found_late(state: JourneyState, event: PartnerEvent, stage: StageState) -> bool:
    """Whether an excursion is told of a shipment that has been received already."""
    received = stage.status is StageStatus.DONE
    return state.start.engine_version >= SINCE and event.type == "shipment.excursion" and received


def cargo(shipment: StageState) -> list[str]:
    """The containers that were picked up."""
    picked_up = shipment.latest("shipment.picked_up")
    return list(picked_up.data["containers"]) if picked_up else []


def told(stage: StageState, event_type: str) -> list[tuple[datetime, dict[str, Any]]]:
    """What a stage's visit has heard of a type, and when that happened."""
    return [(each.occurred_at, each.data) for each in stage.all_heard(event_type)]


def _taken_too_early(hearing: Hearing) -> tuple[str, ...]:
    """Containers that somebody has, or uses, before whoever gave them had them."""
    at, tolerance = hearing.event.occurred_at, _lapsed(hearing, CLOCKS_DIFFER_BY)
    early = [each.id for each in _named(hearing) if each.since is not None and at + tolerance < each.since]
    delivered = hearing.stage.latest("shipment.delivered") if hearing.event.type == "material.received" else None
    if delivered is not None and at + tolerance < delivered.occurred_at:
        early += [each.id for each in _named(hearing)]
    return tuple(dict.fromkeys(early))


def _received_too_late(hearing: Hearing) -> tuple[str, ...]:
    delivered = hearing.stage.latest("shipment.delivered") if hearing.event.type == "material.received" else None
    within = _lapsed(hearing, RECEIVED_WITHIN)
    late = delivered is not None and hearing.event.occurred_at > delivered.occurred_at + within
    return tuple(each.id for each in _named(hearing)) if late else ()


def _named(hearing: Hearing) -> Iterator[Material]:
    """The material that an event says somebody has, or handles."""
    said = hearing.said
    names = said.handled() if isinstance(said, MaterialEvent) else getattr(said, "containers", ())
    for name in (*names, getattr(said, "dose", None)):
        if isinstance(name, str) and name in hearing.state.materials:
            yield hearing.state.materials[name]


def _lapsed(hearing: Hearing, duration: timedelta) -> timedelta:
    return duration / hearing.state.start.time_lapse
