"""Networks reorder and repeat: whatever order a therapy is told in, it comes to the same (invariants 2 and 5)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.events import PartnerEvent
from schemas.facts import EventStatus, Fact, JourneyStatus, Material, MaterialStatus
from tests.workflows.neighbours import Therapy, therapy
from tests.workflows.pure import PureJourney, journey
from workflows.state import Heard, JourneyState, Release, StageStatus

PROGRESS = {"collection.started", "shipment.booked", "manufacture.step_completed"}
"""What only reports progress: where the outcome is known before, it is late, on record, and changes nothing."""

FORWARD = list(StageStatus)
LAST_WORD = {MaterialStatus.USED, MaterialStatus.REJECTED, MaterialStatus.INFUSED, MaterialStatus.LOST}

shuffles = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@cache
def in_order(protocol: str) -> Therapy:
    """The therapy as it happened."""
    return therapy(protocol).whole()


def shuffled(data: st.DataObject, events: list[PartnerEvent]) -> list[PartnerEvent]:
    """The events in an order that hypothesis chooses, and shows as numbers."""
    return [events[each] for each in data.draw(st.permutations(range(len(events))), "order")]


def delivered(events: Iterable[PartnerEvent], protocol: str) -> PureJourney:
    """A journey that has been told these events, and never went backwards on the way."""
    ana = journey(protocol)
    for event in events:
        before = Snapshot.of(ana.state)
        ana.hears(event)
        assert_only_forward(before, Snapshot.of(ana.state))
    return ana


@dataclass(frozen=True)
class Snapshot:
    """What must never be taken back, as it was at one moment."""

    seq: int
    as_of: datetime
    stages: dict[str, tuple[int, StageStatus, list[Heard]]]
    materials: dict[str, Material]
    releases: dict[str, Release]
    seen: dict[str, str]

    @classmethod
    def of(cls, state: JourneyState) -> "Snapshot":
        stages = {name: (each.visit, each.status, list(each.heard)) for name, each in state.stages.items()}
        return cls(state.seq, state.as_of, stages, dict(state.materials), dict(state.releases), dict(state.seen))


def assert_only_forward(before: Snapshot, after: Snapshot) -> None:
    """No stage, material, release or number is taken back."""
    assert after.seq >= before.seq and after.as_of >= before.as_of
    for name, (visit, status, heard) in before.stages.items():
        now_visit, now_status, now_heard = after.stages[name]
        assert (now_visit, FORWARD.index(now_status)) >= (visit, FORWARD.index(status))
        assert now_visit > visit or now_heard[: len(heard)] == heard
    for name, material in before.materials.items():
        assert material.status not in LAST_WORD or after.materials[name] == material
    assert before.releases.items() <= after.releases.items()
    assert before.seen.items() <= after.seen.items()


def repeat(event: PartnerEvent, number: int) -> PartnerEvent:
    """The same again, under a new id: a sender that did not see our answer and forgot its own."""
    return event.model_copy(update={"id": f"again-{number}"})


def final(ana: PureJourney) -> dict[str, Any]:
    """What a therapy comes to, whatever the order in which it was told."""
    state = ana.state
    return {
        "status": state.status,
        "stages": {each.id: (each.status, each.visit) for each in state.stages.values()},
        "materials": state.materials,
        "releases": state.releases,
        "batches": state.batches,
        "donations": state.donations,
        "as_of": state.as_of,
        "identifiers": {
            (each["kind"], each["value"]) for fact in ana.facts for each in fact.data.get("identifiers", ())
        },
        "deviations": state.deviations,
        "waiting": state.waiting,
    }


def took_effect(ana: PureJourney) -> Counter[str]:
    """How often each event's content took effect, by type and key, leaving progress out."""
    applied = [fact for fact in ana.facts if is_applied(fact) and fact.type not in PROGRESS]
    return Counter(f"{fact.type} {fact.data['subject']} {fact.data['said']}" for fact in applied)


def is_applied(fact: Fact) -> bool:
    return fact.event_id is not None and not fact.type.startswith("event.")


def assert_answered(ana: PureJourney, events: list[PartnerEvent]) -> None:
    """Nothing is lost, nothing has two effects, and the record has no gap (invariants 1, 2 and 5)."""
    assert [fact.seq for fact in ana.facts] == list(range(1, len(ana.facts) + 1))
    for event in events:
        outcome = ana.outcome_of(event)
        assert outcome is not None, event.type
        facts = [fact.type for fact in ana.facts if fact.event_id == event.id]
        expected = {EventStatus.APPLIED: [event.type], EventStatus.LATE: ["event.late"], EventStatus.DUPLICATE: []}
        assert facts == expected[outcome.status], (event.type, outcome)


def assert_only_progress_is_late(ana: PureJourney, events: list[PartnerEvent]) -> None:
    outcomes = [(event, ana.outcome_of(event)) for event in events]
    late = [(event, each.reason) for event, each in outcomes if each is not None and each.status is EventStatus.LATE]
    assert all(event.type in PROGRESS or reason == "journey_closed" for event, reason in late), late


@pytest.mark.parametrize("protocol", ["autologous-car-t", "til"])
@shuffles
@given(data=st.data())
def test_a_therapy_told_in_any_order_comes_to_the_same(protocol: str, data: st.DataObject) -> None:
    expected = in_order(protocol)
    events = shuffled(data, expected.told)
    ana = delivered(events, protocol)
    assert final(ana) == final(expected.journey)
    assert took_effect(ana) == took_effect(expected.journey)
    assert_answered(ana, events)
    assert_only_progress_is_late(ana, events)


@pytest.mark.parametrize("protocol", ["autologous-car-t", "til"])
@shuffles
@given(data=st.data())
def test_what_is_said_again_has_no_second_effect(protocol: str, data: st.DataObject) -> None:
    expected = in_order(protocol)
    some = st.lists(st.integers(0, len(expected.told) - 1), max_size=10)
    same = [expected.told[each] for each in data.draw(some, "sent twice")]
    again = [repeat(expected.told[each], number) for number, each in enumerate(data.draw(some, "said again"))]
    events = shuffled(data, [*expected.told, *same, *again])
    ana = delivered(events, protocol)
    assert final(ana) == final(expected.journey)
    assert took_effect(ana) == took_effect(expected.journey)
    assert_answered(ana, events)
    assert_only_progress_is_late(ana, events)


@pytest.mark.parametrize("protocol", ["autologous-car-t", "til"])
def test_a_therapy_told_backwards_comes_to_the_same(protocol: str) -> None:
    expected = in_order(protocol)
    ana = delivered(reversed(expected.told), protocol)
    assert ana.state.status is JourneyStatus.COMPLETED
    assert final(ana) == final(expected.journey)


def ill_fated() -> Therapy:
    """A collection fails and is repeated; a batch is rejected and made again."""
    return therapy(fails=[("schedule_collection", 1), ("request_disposition", 1)], batch_rejected="remake")


@shuffles
@given(data=st.data())
def test_with_repeated_stages_late_words_of_an_earlier_visit_change_nothing(data: st.DataObject) -> None:
    """Partners speak only of what they were told to do; what they say may linger on the way, and come twice."""
    ana = ill_fated()
    on_the_way = list(ana.unheard)
    while on_the_way:
        event = on_the_way.pop(data.draw(st.integers(0, len(on_the_way) - 1)))
        spoken, before = list(ana.unheard), Snapshot.of(ana.journey.state)
        first_time = event not in ana.told and not event.id.startswith("again")
        ana.tell(event)
        assert_only_forward(before, Snapshot.of(ana.journey.state))
        on_the_way += [each for each in ana.unheard if each not in spoken]
        if first_time:
            on_the_way.append(data.draw(st.sampled_from([event, repeat(event, len(ana.told))])))
    assert_answered(ana.journey, ana.told)
    expected = ill_fated().whole().journey
    assert {**final(ana.journey), "as_of": None} == {**final(expected), "as_of": None}
