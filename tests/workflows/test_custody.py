"""Tellings of hand-overs that do not fit together; and excursions that are found when the logger is read, later."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.base import iso
from schemas.events import PartnerEvent
from schemas.facts import EventStatus
from tests.workflows.neighbours import Therapy, therapy
from tests.workflows.pure import PureJourney
from tests.workflows.test_material import deviations, hear, last, say
from workflows.custody import CLOCKS_DIFFER_BY, RECEIVED_WITHIN

SECOND = timedelta(seconds=1)


def told_at(event: PartnerEvent, moved: timedelta) -> PartnerEvent:
    """The same, by a clock that is wrong or a person who was late."""
    return event.model_copy(update={"occurred_at": event.occurred_at + moved})


def opened(ana: Therapy) -> list[tuple[str, Any]]:
    """Every deviation there ever was, and what it was about."""
    facts = [each.data for each in ana.journey.facts if each.type == "deviation.opened"]
    return [(each["code"], each.get("about")) for each in facts]


@pytest.mark.parametrize("event_type", ["shipment.picked_up", "shipment.delivered", "material.received"])
@pytest.mark.parametrize(("more", "code"), [(timedelta(0), None), (SECOND, "custody_overlap")])
def test_nobody_has_a_container_before_the_one_who_gave_it(event_type: str, more: timedelta, code: str | None) -> None:
    """As far as two clocks can differ it is believed."""
    ana = therapy()
    event = ana.before(event_type)
    had_since = {
        "shipment.picked_up": ana.journey.state.materials["BAG-1-1"].since,
        "shipment.delivered": ana.journey.state.materials["BAG-1-1"].since,
        "material.received": ana.told[-1].occurred_at,
    }[event_type]
    assert had_since is not None
    early = event.model_copy(update={"occurred_at": had_since - CLOCKS_DIFFER_BY - more})
    assert hear(ana, early)[0] is EventStatus.APPLIED
    assert [each[0] for each in opened(ana)] == ([code] if code else [])
    assert not ana.journey.state.is_held


@pytest.mark.parametrize(("more", "code"), [(timedelta(0), None), (SECOND, "custody_gap")])
def test_what_stood_at_the_dock_for_long_was_nobodys(more: timedelta, code: str | None) -> None:
    ana = therapy()
    ana.after("shipment.delivered")
    event = ana.before("material.received")
    late = event.model_copy(update={"occurred_at": ana.told[-1].occurred_at + RECEIVED_WITHIN + more})
    assert hear(ana, late)[0] is EventStatus.APPLIED
    assert opened(ana) == ([(code, ["BAG-1-1", "BAG-1-2"])] if code else [])
    assert ana.journey.state.stages["to_manufacturer"].status == "done"
    assert deviations(ana) == ([code] if code else []), "what nobody saw stays so"


def test_what_is_used_before_it_came_is_an_overlap() -> None:
    ana = therapy()
    event = ana.before("manufacture.started")
    hear(ana, told_at(event, -timedelta(hours=1)))
    assert opened(ana) == [("custody_overlap", ["BAG-1-1"])]


def test_a_therapy_as_planned_has_no_such_deviation() -> None:
    assert opened(therapy().whole()) == []


def test_a_journey_that_an_earlier_engine_began_is_told_nothing_new() -> None:
    ana = therapy()
    ana.journey = PureJourney(ana.journey.start.model_copy(update={"engine_version": 1}))
    ana.unheard, ana.told, ana._answered = [], [], 0
    ana.listen()
    event = ana.before("material.received")
    hear(ana, told_at(event, timedelta(days=1)))
    late = excursion(ana)
    assert opened(ana) == [] and hear(ana, late) == (EventStatus.LATE, "stage_done")


def excursion(ana: Therapy, worst: float = 9.5) -> PartnerEvent:
    """What the logger of the first shipment says."""
    reference = next(each.data["reference"] for each in ana.told if each.type == "shipment.picked_up")
    data = {"reference": reference, "started_at": iso(ana.neighbours.now), "worst": worst}
    return ana.neighbours.event("shipment.excursion", reference, data)


def test_an_excursion_that_is_found_after_the_receipt_still_stops_the_journey() -> None:
    ana = therapy()
    ana.after("material.received")
    found = excursion(ana)
    assert hear(ana, found) == (EventStatus.APPLIED, None)
    assert deviations(ana) == ["temperature_excursion"] and ana.journey.state.is_held
    assert last(ana, "shipment.excursion").data["stage"] == "manufacture"
    again = found.model_copy(update={"id": "again"})
    assert hear(ana, again) == (EventStatus.DUPLICATE, "said_before")


def test_a_second_one_waits_until_the_first_is_decided() -> None:
    ana = therapy(temperature_excursion="continue")
    ana.after("material.received")
    ana.journey.answers.clear()
    first, second = excursion(ana), excursion(ana, worst=12)
    hear(ana, first)
    assert hear(ana, second) == (EventStatus.HELD, "journey_held")
    ana.journey.decide("manufacture", "continue")
    assert ana.journey.outcome_of(second).status == "applied"  # type: ignore[union-attr]
    assert deviations(ana) == ["temperature_excursion"]


def test_of_a_shipment_that_was_given_up_it_changes_nothing() -> None:
    ana = therapy(fails=[("request_disposition", 1)], batch_rejected="recollect")
    ana.after("batch.rejected")
    assert hear(ana, excursion(ana)) == (EventStatus.LATE, "earlier_visit")


def test_whoever_handles_material_too_early_is_an_overlap_too() -> None:
    ana = therapy()
    ana.after("sample.collected")
    ana.neighbours.now -= timedelta(hours=1)
    assert say(ana, "material.sampled", source="BAG-1-1", samples=[{"id": "QC-1"}])[0] == "applied"
    assert opened(ana) == [("custody_overlap", ["BAG-1-1"])]


def test_what_was_under_way_when_the_patient_was_asked_again_ends_where_it_was_received() -> None:
    ana = therapy(temperature_excursion="recollect")
    ana.after("shipment.picked_up")
    delivered = ana.before("shipment.delivered")
    reference = delivered.data["reference"]
    hear(ana, excursion(ana))
    assert ana.journey.state.stages["to_manufacturer"].visit == 2
    assert hear(ana, delivered) == (EventStatus.LATE, "earlier_visit")
    received = {each: delivered.data[each] for each in ("reference", "containers", "coi", "verified_by")}
    assert say(ana, "material.received", **received) == (EventStatus.APPLIED, None)
    old = [ana.journey.state.materials[each] for each in ("BAG-1-1", "BAG-1-2")]
    assert {(each.status.value, each.holder.value) for each in old} == {("retained", "manufacturer")}
    fact = last(ana, "material.received").data
    assert (fact["stage"], fact["visit"]) == ("to_manufacturer", 1) and len(fact["materials"]) == 2
    assert ana.journey.state.stages["to_manufacturer"].heard == []
    assert say(ana, "material.received", **received) == (EventStatus.LATE, "earlier_visit")
    ana.unheard = [each for each in ana.unheard if each.data.get("reference") != reference]
    assert ana.whole().journey.state.closed == "completed"


@pytest.mark.parametrize("wrong", [{"coi": "CLEW0000000000000BEN0"}, {"containers": ["BAG-1-1", "BENS-BAG"]}])
def test_an_old_shipment_that_brings_what_is_not_the_journeys_stops_it(wrong: dict[str, Any]) -> None:
    ana = therapy(temperature_excursion="recollect")
    ana.after("shipment.picked_up")
    delivered = ana.before("shipment.delivered")
    hear(ana, excursion(ana))
    said = {"reference": delivered.data["reference"], "containers": delivered.data["containers"]} | wrong
    assert say(ana, "material.received", **said) == (EventStatus.REFUSED, "identity_mismatch")
    assert ana.journey.state.is_held
    assert {each.status.value for each in ana.journey.state.materials.values()} == {"in_transit"}


def test_an_old_receipt_does_not_speak_of_what_is_shipped_now() -> None:
    ana = therapy(temperature_excursion="recollect")
    ana.after("shipment.picked_up")
    delivered = ana.before("shipment.delivered")
    hear(ana, excursion(ana))
    ana.unheard = [each for each in ana.unheard if each.data.get("reference") != delivered.data["reference"]]
    ana.after("shipment.picked_up", 2)
    said = {"reference": delivered.data["reference"], "containers": ["BAG-2-1"]}
    assert say(ana, "material.received", **said) == (EventStatus.REFUSED, "identity_mismatch")


def test_in_time_lapse_clocks_differ_by_less() -> None:
    ana = therapy()
    ana.journey = PureJourney(ana.journey.start.model_copy(update={"time_lapse": 60.0}))
    ana.unheard, ana.told, ana._answered = [], [], 0
    ana.listen()
    event = ana.before("shipment.picked_up")
    since = ana.journey.state.materials["BAG-1-1"].since
    assert since is not None
    hear(ana, event.model_copy(update={"occurred_at": since - CLOCKS_DIFFER_BY / 60 - SECOND}))
    assert [each[0] for each in opened(ana)] == ["custody_overlap"]


def test_a_dose_that_is_thawed_before_it_came_is_an_overlap() -> None:
    ana = therapy()
    event = ana.before("product.thawed")
    had_since = ana.journey.state.materials[event.data["dose"]].since
    assert had_since is not None
    hear(ana, event.model_copy(update={"occurred_at": had_since - CLOCKS_DIFFER_BY - SECOND}))
    assert opened(ana) == [("custody_overlap", [event.data["dose"]])]
