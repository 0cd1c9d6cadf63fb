"""People release events and give them up, at any moment and in any order: no rule breaks, no event has two effects."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.decisions import DismissEvent, EventDecision, ReleaseEvent
from schemas.events import PartnerEvent
from schemas.facts import EventStatus, JourneyStatus
from tests.workflows.clinic import Clinic, Refused
from tests.workflows.neighbours import Therapy, therapy
from tests.workflows.pure import PureJourney, journey
from tests.workflows.test_shuffled import Snapshot, assert_only_forward, is_applied
from workflows import decisions, hearing

moments = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
CODES = {"event_pending", "event_settled", "event_waits", "event_without_effect", "journey_closed"}


def on(event: PartnerEvent, kind: type[ReleaseEvent] | type[DismissEvent], once: str = "1") -> EventDecision:
    return kind(id=f"{kind.__name__}-{once}-{event.id}", by="operator-3", reason="looked_into", event=event)


def decides(ana: PureJourney, decision: EventDecision) -> str | None:
    """As the journey does: refused with a code, or on record with all that follows."""
    refused = decisions.event_refusal(ana.state, decision)
    if refused is not None:
        return refused[0]
    if decision.id not in ana.state.decisions:
        decisions.take_event(ana.state, ana.notebook, decision, ana.now)
        assert decision.event.model_dump(mode="json") not in ana.state.waiting
        ana.settle()
    return None


def facts_of(ana: PureJourney, event: PartnerEvent) -> list[str]:
    return [fact.type for fact in ana.facts if fact.event_id == event.id]


def last(ana: PureJourney, event: PartnerEvent) -> tuple[EventStatus, str | None]:
    outcome = ana.outcome_of(event)
    assert outcome is not None
    return outcome.status, outcome.reason


def of_type(told: Therapy, event_type: str) -> PartnerEvent:
    return next(each for each in told.told if each.type == event_type)


def test_what_waits_and_is_given_up_is_known_and_never_heard() -> None:
    ana, told = journey(), therapy().whole()
    early = of_type(told, "collection.started")
    ana.hears(early)
    assert decides(ana, on(early, ReleaseEvent)) == "event_waits"
    assert decides(ana, on(early, DismissEvent)) is None
    assert last(ana, early) == (EventStatus.DISMISSED, "looked_into")
    for event in told.told:
        ana.hears(event)
    assert ana.state.status is JourneyStatus.COMPLETED
    assert facts_of(ana, early) == ["event.given_up"]
    assert decides(ana, on(early, DismissEvent, "2")) == "journey_closed"


def test_what_was_turned_away_for_want_of_room_takes_effect_once_it_is_released(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hearing, "MOST_WAITING", 0)
    ana, told = journey(), therapy().whole()
    early = of_type(told, "collection.started")
    ana.hears(early)
    assert last(ana, early) == (EventStatus.REFUSED, "too_many_waiting")
    assert decides(ana, on(early, ReleaseEvent)) == "event_waits"
    for event in told.told[: told.told.index(early)]:
        ana.hears(event)

    assert decides(ana, on(early, ReleaseEvent)) is None
    assert facts_of(ana, early) == ["event.refused", "event.released", "collection.started"]
    assert last(ana, early) == (EventStatus.APPLIED, None)
    assert decides(ana, on(early, ReleaseEvent)) is None, "the same decision again is the same decision"
    assert decides(ana, on(early, ReleaseEvent, "2")) == "event_settled"
    ana.hears(early)
    assert facts_of(ana, early).count("collection.started") == 1


def test_what_concerns_the_whole_journey_is_not_released_to_take_effect_again() -> None:
    """No stage remembers it: only that it was never without effect keeps it from a second one."""
    ana = journey()
    unwell = of_journey(ana)
    ana.hears(unwell)
    assert decides(ana, on(unwell, ReleaseEvent)) == "event_settled"
    assert facts_of(ana, unwell) == ["patient.status_changed"]


def test_a_hold_is_not_got_round_by_a_release(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 3: whoever doubts a label must not have it confirmed through the back door."""
    monkeypatch.setattr(hearing, "MOST_WAITING", 0)
    ana, told = journey(), therapy().whole()
    early = of_type(told, "collection.started")
    ana.hears(early)
    for event in told.told[: told.told.index(early)]:
        ana.hears(event)
    ana.state.held_by_hand = True
    assert decides(ana, on(early, ReleaseEvent)) == "event_waits"
    assert facts_of(ana, early) == ["event.refused"]


def test_another_content_under_the_id_of_what_waits_is_not_given_up_in_its_place() -> None:
    ana, told = journey(), therapy().whole()
    early = of_type(told, "collection.started")
    ana.hears(early)
    other = early.model_copy(update={"data": {"device": "another"}})
    assert decides(ana, on(other, DismissEvent)) == "event_conflict"
    assert decides(ana, on(of_type(told, "sample.collected"), DismissEvent)) == "event_pending"
    assert len(ana.state.waiting) == 1


async def test_a_decision_that_comes_again_under_another_name_has_one_effect(clinic: Clinic) -> None:
    """Temporal forgets which updates it has seen when a journey goes on in a new run; the journey does not."""
    ana = await clinic.enrols()
    early = await ana.hears("collection.started")
    assert await ana.outcome_of(early) == (EventStatus.HELD, "stage_not_begun")
    first, again = await ana.gives_up(early), await ana.gives_up(early)
    assert first == again
    assert len(ana.facts("event.given_up")) == 1
    assert await ana.outcome_of(early) == (EventStatus.DISMISSED, "looked_into")


async def test_what_the_journey_has_not_heard_or_has_heard_out_is_not_given_up(clinic: Clinic) -> None:
    ana = await clinic.enrols()
    with pytest.raises(Refused) as refused:
        await ana.gives_up(ana.event("collection.started"))
    assert refused.value.code == "event_pending"
    unwell = await ana.hears("patient.status_changed", status="unwell")
    await ana.outcome_of(unwell)
    with pytest.raises(Refused) as refused:
        await ana.gives_up(unwell)
    assert refused.value.code == "event_settled"


def of_journey(ana: PureJourney) -> PartnerEvent:
    data = {"status": "unwell"}
    return PartnerEvent(
        source="/ward", id="w1", type="patient.status_changed", subject="S", occurred_at=ana.now, data=data
    )


@moments
@given(data=st.data())
def test_whatever_is_decided_whenever_no_event_has_two_effects_and_nothing_goes_backwards(data: st.DataObject) -> None:
    """Partners repeat and overtake themselves; beside that somebody at the desk clicks on anything, more than once."""
    told = therapy().whole().told
    order = data.draw(st.permutations(range(len(told))), "order")
    clicks = data.draw(st.lists(st.tuples(st.integers(0, 60), st.booleans(), st.sampled_from("12")), max_size=30))
    most = data.draw(st.sampled_from([0, 3, 200]), "room to wait")
    ana = journey()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hearing, "MOST_WAITING", most)
        for moment, place in enumerate(order):
            before = Snapshot.of(ana.state)
            ana.hears(told[place])
            for decision in at_the_desk(clicks, moment, told):
                assert decides(ana, decision) in CODES | {None}
            assert_only_forward_but_for_releases(before, ana)
    assert_every_event_came_to_one_thing(ana, told)


def at_the_desk(clicks: list[tuple[int, bool, str]], moment: int, told: list[PartnerEvent]) -> Iterator[EventDecision]:
    for number, (when, releases, once) in enumerate(clicks):
        if when == moment:
            yield on(told[number * 7 % len(told)], ReleaseEvent if releases else DismissEvent, once)


def assert_only_forward_but_for_releases(before: Snapshot, ana: PureJourney) -> None:
    assert_only_forward(before, Snapshot.of(ana.state))
    assert [fact.seq for fact in ana.facts] == list(range(1, len(ana.facts) + 1))


def assert_every_event_came_to_one_thing(ana: PureJourney, told: list[PartnerEvent]) -> None:
    effects = Counter(fact.event_id for fact in ana.facts if is_applied(fact))
    assert {event: times for event, times in effects.items() if times > 1} == {}
    for event in told:
        status, facts = last(ana, event)[0], facts_of(ana, event)
        given_up = "event.given_up" in facts
        assert given_up == (status is EventStatus.DISMISSED) and not (given_up and effects[event.id])
        assert (status is EventStatus.APPLIED) == (effects[event.id] == 1)
        assert facts.count("event.released") <= facts.count("event.refused") + facts.count("event.late")
