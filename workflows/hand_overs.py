"""What every hand-over is asked, whatever passes from hand to hand: whose it is, and who looked. Pure."""

from typing import cast

from schemas.base import people
from schemas.event_data import HandOver
from schemas.identity import scanned_spelling
from workflows.checks import mismatch
from workflows.steps import GO_ON, Hearing, Refusal

AT_THE_BEDSIDE = "infusion.completed"
"""Where there are two people whatever the protocol says."""


def coi_is_ours(hearing: Hearing) -> Refusal | None:
    """Where a chain-of-identity id was scanned, it is the journey's: as issued, as a scanner gives it, or its order."""
    start, scanned = hearing.state.start, cast(HandOver, hearing.said).coi
    ours = (start.coi, scanned_spelling(start.coi), start.order)
    return None if scanned is None or scanned in ours else mismatch(scanned)


def two_people_looked(hearing: Hearing) -> Refusal | None:
    """At the bedside, and where the protocol wants two people, two different ones verified identity."""
    wanted: tuple[str, ...] = getattr(hearing.state.protocol.by_id[hearing.stage.id], "two_people", None) or ()
    looked = people(cast(HandOver, hearing.said).verified_by or ())
    if hearing.event.type not in (*wanted, AT_THE_BEDSIDE) or len(looked) > 1:
        return None
    return Refusal(reason="second_person_missing", choices=GO_ON, blocks=True)


HAND_OVER = (coi_is_ours, two_people_looked)
"""The checks that come before a hand-over's own."""
