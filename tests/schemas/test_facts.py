"""Facts: what a journey puts on the ledger, each of a known type, each telling a repeat from a contradiction."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.canonical import content_hash
from schemas.events import CATALOGUE
from schemas.facts import FACTS, EventFact, Fact, event_fact
from tests.workflows.neighbours import Therapy, therapy

WHEN = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def ana() -> Therapy:
    """A therapy in which a collection fails, a batch is rejected and a person decides."""
    fails = [("schedule_collection", 1), ("request_disposition", 1)]
    return therapy(fails=fails, batch_rejected="remake").whole()


def test_every_fact_of_a_therapy_is_as_its_type_says(ana: Therapy) -> None:
    for fact in ana.journey.facts:
        model = EventFact if fact.type in CATALOGUE else FACTS[fact.type]
        data = model.model_validate(fact.data)
        assert data.model_dump(mode="json", exclude_defaults=True) == fact.data


def test_every_fact_survives_json_with_its_fingerprint(ana: Therapy) -> None:
    for fact in ana.journey.facts:
        again = Fact.model_validate_json(fact.model_dump_json())
        assert again == fact
        assert again.fingerprint() == fact.fingerprint() == content_hash(fact.model_dump(mode="json"))


def test_no_two_facts_say_the_same(ana: Therapy) -> None:
    assert len({fact.fingerprint() for fact in ana.journey.facts}) == len(ana.journey.facts)


def test_a_partners_event_keeps_its_sender_its_time_and_its_id(ana: Therapy) -> None:
    event = ana.told[0]
    fact = event_fact(7, event, event.type, EventFact(subject=event.subject, said=event.data))
    assert (fact.seq, fact.actor, fact.source, fact.event_id) == (7, event.source, event.source, event.id)
    assert fact.occurred_at == event.occurred_at


@pytest.mark.parametrize(
    "wrong", [{"seq": 0}, {"type": "Sample collected"}, {"source": "two words"}, {"patient": "Ana"}]
)
def test_a_fact_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    fact = {"seq": 1, "type": "hold.placed", "occurred_at": WHEN, "actor": "clew", "data": {}}
    assert Fact.model_validate(fact).source == "clew"
    with pytest.raises(ValidationError):
        Fact.model_validate({**fact, **wrong})


def test_the_journeys_own_facts_and_partners_events_have_different_names() -> None:
    assert set(FACTS) & set(CATALOGUE) == set()
