"""Journeys as entries of a ledger, without a database."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ledger.chain import Line, data_text, genesis, line_hash
from schemas.base import iso
from schemas.entries import Entry
from schemas.facts import Fact, JourneyStarted
from tests.workflows.pure import ANA, FIRST_DAY, PureJourney
from workflows import course


def facts_of(journey: PureJourney) -> list[Fact]:
    """All that a journey noted; with its start, and with what it keeps in the end, as the workflow itself notes it."""
    if journey.state.closed is not None:
        course.settle_what_is_left(journey.state, journey.notebook, journey.now)
        journey.settle()
    start = journey.start
    started = JourneyStarted(
        order=start.order,
        protocol=start.protocol.protocol,
        version=start.protocol.version,
        protocol_hash="0" * 64,
        parties=start.parties,
        stages=tuple(each.id for each in start.protocol.stages),
        engine_version=start.engine_version,
    )
    data = started.model_dump(mode="json", exclude_defaults=True)
    return [Fact(seq=1, type="journey.started", occurred_at=FIRST_DAY, actor="clew", data=data), *journey.facts]


def entries(facts: Iterable[Fact], coi: str = ANA, recorded_at: datetime | None = None) -> list[Entry]:
    """The facts on record, numbered as they are given, each recorded as it occurred unless another moment is given."""
    record: list[Entry] = []
    for seq, fact in enumerate(facts, start=1):
        at = recorded_at or fact.occurred_at
        previous = record[-1].hash if record else genesis(coi)
        line = (seq, coi, seq, fact.type, iso(fact.occurred_at), iso(at), fact.actor, fact.source, fact.event_id)
        own = line_hash(Line(*line, data_text(fact.data), previous))
        said = fact.model_dump(exclude={"seq"})
        record.append(
            Entry(position=seq, journey=coi, seq=seq, recorded_at=at, previous_hash=previous, hash=own, **said)
        )
    return record


def events_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["epcisBody"]["eventList"]
    return found


def steps(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Each event's type and business step."""
    return [(each["type"].removesuffix("Event"), each["bizStep"]) for each in events_of(document)]
