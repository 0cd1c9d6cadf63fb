"""Material that is split, pooled, sampled and disposed of: nothing appears, nothing vanishes, no stranger comes in."""

from typing import Any

import pytest

from schemas.events import PartnerEvent
from schemas.facts import EventStatus, Fact, Material, MaterialStatus
from schemas.identity import Role
from schemas.materials import Form
from schemas.protocols import read_protocol
from schemas.things import replaced
from tests.workflows.clinic import shipped_protocol
from tests.workflows.neighbours import Therapy, therapy
from workflows import course, effects, handling

BAG, SPARE = "BAG-1-1", "BAG-1-2"


def cells(number: float, unit: str = "{cells}") -> list[dict[str, Any]]:
    return [{"code": "tnc", "value": number, "unit": unit}]


def collected(**amounts: float) -> Therapy:
    """Ana's cells are in two bags at the collection centre; so many cells in each, where they were counted."""
    ana = therapy()
    sample = ana.before("sample.collected")
    bags = [{"id": each["id"], **amounts} for each in sample.data["containers"]]
    ana.unheard[0] = sample.model_copy(update={"data": {**sample.data, "containers": bags}})
    ana.after("sample.collected")
    return ana


def say(ana: Therapy, event_type: str, **data: Any) -> tuple[Any, str | None]:
    """Somebody says that it happened: the outcome, and its reason."""
    return hear(ana, ana.neighbours.event(event_type, ana.journey.start.coi, data))


def hear(ana: Therapy, event: PartnerEvent) -> tuple[Any, str | None]:
    ana.tell(event)
    outcome = ana.journey.outcome_of(event)
    assert outcome is not None
    return outcome.status, outcome.reason


def bag(ana: Therapy, name: str) -> Material:
    return ana.journey.state.materials[name]


def count(ana: Therapy, name: str) -> float:
    """The cells in it."""
    (tnc,) = bag(ana, name).amounts
    return tnc.value


def last(ana: Therapy, fact_type: str) -> Fact:
    return [each for each in ana.journey.facts if each.type == fact_type][-1]


def deviations(ana: Therapy) -> list[str]:
    return [each.code for each in ana.journey.state.deviations.values()]


def test_a_bag_is_split_and_its_halves_are_what_is_shipped() -> None:
    ana = collected(tnc=2e10)
    halves = [{"id": "HALF-1", "amounts": cells(1.2e10)}, {"id": "HALF-2", "amounts": cells(0.8e10)}]
    assert say(ana, "material.split", container=BAG, into=halves) == (EventStatus.APPLIED, None)
    assert bag(ana, BAG).status is MaterialStatus.USED
    half = bag(ana, "HALF-1")
    assert (half.form, half.parents, half.holder) == (Form.SPLIT, (BAG,), Role.COLLECTION_CENTRE)
    assert half.expires_at == bag(ana, BAG).expires_at
    assert last(ana, "material.split").data["reconciled"] == ["tnc"]
    assert {each["value"] for each in last(ana, "material.split").data["identifiers"]} == {"HALF-1", "HALF-2"}
    here = ana.journey.state.at(Role.COLLECTION_CENTRE, "starting_material")
    assert {each.id for each in here} == {SPARE, "HALF-1", "HALF-2"}


@pytest.mark.parametrize(
    ("halves", "more", "why"),
    [
        ((1.2e10, 1.2e10), {}, "cells appear"),
        ((0.6e10, 0.6e10), {}, "cells vanish"),
        ((0.6e10, 0.6e10), {"rest": cells(1.0e10)}, "cells appear in what stays"),
        ((0.6e10, 0.6e10), {"loss": cells(0.1e10)}, "more is gone than is said"),
    ],
)
def test_a_split_that_does_not_add_up_holds_the_journey(halves: tuple[float, ...], more: Any, why: str) -> None:
    ana = collected(tnc=2e10)
    into = [{"id": f"HALF-{number}", "amounts": cells(each)} for number, each in enumerate(halves)]
    outcome = say(ana, "material.split", container=BAG, into=into, **more)
    assert outcome == (EventStatus.REFUSED, "quantities_do_not_reconcile"), why
    assert deviations(ana) == ["quantities_do_not_reconcile"] and ana.journey.state.is_held
    assert "HALF-0" not in ana.journey.state.materials and bag(ana, BAG).status is MaterialStatus.AVAILABLE


@pytest.mark.parametrize("more", [{"rest": cells(0.8e10)}, {"loss": cells(0.8e10)}])
def test_what_stays_and_what_is_lost_count_too(more: Any) -> None:
    ana = collected(tnc=2e10)
    into = [{"id": f"HALF-{number}", "amounts": cells(0.6e10)} for number in (1, 2)]
    assert say(ana, "material.split", container=BAG, into=into, **more) == (EventStatus.APPLIED, None)
    stays = "rest" in more
    assert bag(ana, BAG).status is (MaterialStatus.AVAILABLE if stays else MaterialStatus.USED)
    assert count(ana, BAG) == (0.8e10 if stays else 2e10)


def test_an_amount_is_told_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        say(collected(), "material.split", container=BAG, into=[{"id": "HALF-1", "amounts": cells(1) * 2}])


def test_amounts_in_two_units_are_not_taken_for_equal() -> None:
    ana = collected(tnc=2e10)
    halves = [{"id": "HALF-1", "amounts": cells(1e10)}, {"id": "HALF-2", "amounts": cells(1e10, "10*9")}]
    assert say(ana, "material.split", container=BAG, into=halves)[1] == "quantities_do_not_reconcile"


def test_what_was_never_measured_is_said_not_to_be_reconciled() -> None:
    ana = collected()
    assert say(ana, "material.split", container=BAG, into=[{"id": "HALF-1"}, {"id": "HALF-2"}])[0] == "applied"
    assert last(ana, "material.split").data["reconciled"] == []


def test_two_bags_become_one_pool_that_expires_with_the_older() -> None:
    ana = collected(tnc=2e10)
    expiries = [bag(ana, each).expires_at for each in (BAG, SPARE)]
    parts = [{"id": BAG}, {"id": SPARE, "amounts": cells(0.5e10)}]
    into = {"id": "POOL-1", "amounts": cells(2.5e10)}
    assert say(ana, "material.pooled", parts=parts, into=into) == (EventStatus.APPLIED, None)
    pool = bag(ana, "POOL-1")
    assert (pool.form, pool.parents) == (Form.POOL, (BAG, SPARE))
    assert pool.expires_at == min(each for each in expiries if each is not None)
    assert [each.parent for each in pool.shares] == [SPARE]
    assert (bag(ana, BAG).status, bag(ana, SPARE).status) == (MaterialStatus.USED, MaterialStatus.AVAILABLE)
    assert count(ana, SPARE) == 1.5e10


@pytest.mark.parametrize(
    ("drawn", "pooled"), [(2.5e10, 4.5e10), (0.5e10, 3e10), (0.5e10, 2e10)], ids=["too much", "appears", "vanishes"]
)
def test_a_pool_that_does_not_add_up_is_refused(drawn: float, pooled: float) -> None:
    ana = collected(tnc=2e10)
    parts = [{"id": BAG}, {"id": SPARE, "amounts": cells(drawn)}]
    outcome = say(ana, "material.pooled", parts=parts, into={"id": "POOL-1", "amounts": cells(pooled)})
    assert outcome == (EventStatus.REFUSED, "quantities_do_not_reconcile")


def test_a_sample_is_taken_and_is_no_cargo() -> None:
    ana = collected(tnc=2e10)
    samples = [{"id": "QC-1", "amounts": cells(1e8)}]
    assert say(ana, "material.sampled", source=BAG, samples=samples)[0] == "applied"
    assert bag(ana, "QC-1").kind == "sample" and count(ana, BAG) == 1.99e10
    assert say(ana, "material.sampled", source=BAG, samples=[{"id": "KEPT-1"}], form="retained_sample")[0] == "applied"
    assert bag(ana, "KEPT-1").status is MaterialStatus.RETAINED
    here = ana.journey.state.at(Role.COLLECTION_CENTRE, "starting_material")
    assert {each.id for each in here} == {BAG, SPARE}
    ana.whole()
    assert ana.journey.state.closed == "completed"


def test_more_cannot_be_sampled_than_there_is() -> None:
    ana = collected(tnc=2e10)
    outcome = say(ana, "material.sampled", source=BAG, samples=[{"id": "QC-1", "amounts": cells(3e10)}])
    assert outcome == (EventStatus.REFUSED, "quantities_do_not_reconcile")


def test_a_batch_is_sampled_where_it_is_made() -> None:
    ana = therapy()
    ana.after("manufacture.started")
    assert say(ana, "material.sampled", source="LOT-1", samples=[{"id": "QC-9"}])[0] == "applied"
    sample = bag(ana, "QC-9")
    assert (sample.holder, sample.parents, sample.batch) == (Role.MANUFACTURER, ("LOT-1",), "LOT-1")


def test_spare_material_is_destroyed_and_a_dose_cannot_be_used_up() -> None:
    ana = therapy()
    ana.after("manufacture.completed")
    said = {"by": "technician-3", "witnessed_by": "technician-4"}
    assert say(ana, "material.disposed", containers=[SPARE], disposition="destroyed", **said)[0] == "applied"
    assert bag(ana, SPARE).status is MaterialStatus.DESTROYED
    outcome = say(ana, "material.disposed", containers=["DOSE-1-1"], disposition="used", **said)
    assert outcome == (EventStatus.REFUSED, "not_infused")


def test_a_release_names_the_doses_that_are_left() -> None:
    ana = therapy()
    release = ana.before("batch.released")
    say(ana, "material.disposed", containers=["DOSE-1-2"], disposition="destroyed", by="technician-3")
    ana.tell(release.model_copy(update={"data": {**release.data, "doses": ["DOSE-1-1"]}}))
    assert ana.journey.outcome_of(release).status == "applied"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        ("material.split", {"container": "BENS-BAG", "into": [{"id": "HALF-1"}]}),
        ("material.pooled", {"parts": [{"id": "DOSE-1-1"}, {"id": "BENS-DOSE"}], "into": {"id": "POOL-1"}}),
        ("material.sampled", {"source": "BENS-BAG", "samples": [{"id": "QC-1"}]}),
        ("material.disposed", {"containers": ["BENS-BAG"], "disposition": "destroyed", "by": "technician-3"}),
        ("material.split", {"container": "DOSE-1-1", "into": [{"id": "DOSE-1-2"}]}),
        ("material.split", {"container": "DOSE-1-1", "into": [{"id": "HALF-1"}, {"id": "HALF-1"}]}),
        ("material.disposed", {"containers": ["LOT-1"], "disposition": "destroyed", "by": "technician-3"}),
        ("material.split", {"container": "LOT-1", "into": [{"id": "HALF-1"}]}),
        ("material.pooled", {"parts": [{"id": "DOSE-1-1"}, {"id": "LOT-1"}], "into": {"id": "POOL-1"}}),
        ("material.sampled", {"source": "DOSE-1-1", "samples": [{"id": BAG}]}),
        ("material.sampled", {"source": "DOSE-1-1", "samples": [{"id": "LOT-1"}]}),
        ("material.pooled", {"parts": [{"id": "DOSE-1-1"}, {"id": "DOSE-1-1"}], "into": {"id": "POOL-1"}}),
    ],
)
def test_what_is_not_the_journeys_or_not_new_stops_it(event_type: str, data: dict[str, Any]) -> None:
    ana = therapy()
    ana.after("manufacture.completed")
    before = dict(ana.journey.state.materials)
    assert say(ana, event_type, **data) == (EventStatus.REFUSED, "identity_mismatch")
    assert ana.journey.state.is_held and ana.journey.state.materials == before


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        ("material.split", {"container": BAG, "into": [{"id": "HALF-1"}]}),
        ("material.sampled", {"source": BAG, "samples": [{"id": "QC-1"}]}),
        ("material.pooled", {"parts": [{"id": SPARE}, {"id": "DOSE-1-1"}], "into": {"id": "POOL-1"}}),
    ],
)
def test_what_is_used_up_or_not_alike_is_not_available(event_type: str, data: dict[str, Any]) -> None:
    ana = therapy()
    ana.after("manufacture.completed")
    assert say(ana, event_type, **data) == (EventStatus.REFUSED, "material_not_available")


def test_a_dose_that_was_given_up_is_not_pooled_with_those_made_in_its_place() -> None:
    """It would be released under their batch's name."""
    ana = therapy(fails=(("request_disposition", 1),), batch_rejected="remake")
    ana.after("manufacture.completed", 2)
    parts, into = [{"id": "DOSE-1-1"}, {"id": "DOSE-2-1"}], {"id": "POOL-1"}
    rejected = bag(ana, "DOSE-1-1")
    ana.journey.state.materials["DOSE-1-1"] = rejected.model_copy(update={"status": MaterialStatus.AVAILABLE})
    assert say(ana, "material.pooled", parts=parts, into=into) == (EventStatus.REFUSED, "material_not_available")


def test_a_split_that_comes_before_its_collection_waits() -> None:
    ana = therapy()
    sample = ana.before("sample.collected")
    ana.neighbours.now = sample.occurred_at
    into = [{"id": "HALF-1"}, {"id": "HALF-2"}]
    event = ana.neighbours.event("material.split", ana.journey.start.coi, {"container": BAG, "into": into})
    assert hear(ana, event) == (EventStatus.HELD, "material_unknown")
    ana.tell(sample)
    assert ana.journey.outcome_of(event).status == "applied"  # type: ignore[union-attr]


def test_what_is_in_transit_is_sampled_when_it_has_arrived() -> None:
    ana = therapy()
    ana.after("shipment.picked_up")
    event = ana.neighbours.event("material.sampled", "X", {"source": BAG, "samples": [{"id": "QC-1"}]})
    assert hear(ana, event)[0] == "held"
    ana.after("material.received")
    assert ana.journey.outcome_of(event).status == "applied"  # type: ignore[union-attr]


def test_while_the_journey_is_held_material_waits() -> None:
    ana = collected()
    ana.journey.state.held_by_hand = True
    event = ana.neighbours.event("material.split", "X", {"container": BAG, "into": [{"id": "HALF-1"}]})
    assert hear(ana, event) == (EventStatus.HELD, "journey_held")
    ana.journey.state.held_by_hand = False
    ana.journey.settle()
    assert ana.journey.outcome_of(event).status == "applied"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        ("material.split", {"container": BAG, "into": [{"id": "HALF-1", "amounts": cells(2e10)}]}),
        ("material.pooled", {"parts": [{"id": BAG}, {"id": SPARE}], "into": {"id": "POOL-1"}}),
        ("material.sampled", {"source": BAG, "samples": [{"id": "QC-1"}]}),
        ("material.disposed", {"containers": [SPARE], "disposition": "destroyed", "by": "technician-3"}),
    ],
)
def test_what_is_said_again_has_one_effect(event_type: str, data: dict[str, Any]) -> None:
    ana = collected(tnc=2e10)
    assert say(ana, event_type, **data)[0] == "applied"
    before = dict(ana.journey.state.materials)
    assert say(ana, event_type, **data) == (EventStatus.DUPLICATE, "said_before")
    assert ana.journey.state.materials == before


def test_the_same_containers_with_other_contents_are_no_repetition() -> None:
    ana = collected(tnc=2e10)
    say(ana, "material.split", container=BAG, into=[{"id": "HALF-1", "amounts": cells(2e10)}])
    again = [{"id": "HALF-1", "amounts": cells(1.9e10)}]
    assert say(ana, "material.split", container=BAG, into=again) == (EventStatus.REFUSED, "contradicts_record")


def test_an_effect_that_cannot_be_is_refused_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in it would fail the workflow's task, again and again."""

    def impossible(hearing: Any) -> Any:
        return [bag_of(id="no identifier of ours")]

    def bag_of(**said: Any) -> Material:
        return Material.model_validate({"kind": "sample", "status": "available", "holder": "courier", **said})

    ana = collected()
    before = ana.journey.state.model_copy(deep=True)
    with monkeypatch.context() as patch:
        patch.setitem(effects._EFFECTS, "material.sampled", impossible)
        sampled = {"source": BAG, "samples": [{"id": "QC-1"}]}
        assert say(ana, "material.sampled", **sampled) == (EventStatus.REFUSED, "effect_impossible")
    assert ana.journey.state.materials == before.materials and ana.journey.state.handled == before.handled
    assert say(ana, "material.sampled", **sampled) == (EventStatus.APPLIED, None)


HALVES = [{"id": "HALF-1", "amounts": cells(1e10)}, {"id": "HALF-2", "amounts": cells(0.5e10)}]
WHOLE = [{"id": BAG}, {"id": SPARE}]


@pytest.mark.parametrize(
    ("event_type", "data", "other"),
    [
        ("material.split", {"container": BAG, "into": HALVES, "rest": cells(0.5e10)}, {"loss": cells(0.5e10)}),
        (
            "material.pooled",
            {"parts": WHOLE, "into": {"id": "POOL-1", "amounts": cells(4e10)}},
            {"into": {"id": "POOL-1"}},
        ),
        ("material.sampled", {"source": BAG, "samples": [{"id": "QC-1"}]}, {"form": "retained_sample"}),
    ],
)
def test_what_is_told_another_way_contradicts_the_record(
    event_type: str, data: dict[str, Any], other: dict[str, Any]
) -> None:
    ana = collected(tnc=2e10)
    assert say(ana, event_type, **data)[0] == "applied"
    before = dict(ana.journey.state.materials)
    otherwise = {each: data[each] for each in data if each != "rest"} | other
    assert say(ana, event_type, **otherwise) == (EventStatus.REFUSED, "contradicts_record")
    assert ana.journey.state.materials == before and not ana.journey.state.is_held


def test_what_manufacture_used_was_not_disposed_of() -> None:
    ana = therapy()
    ana.after("manufacture.started")
    outcome = say(ana, "material.disposed", containers=[BAG], disposition="used", by="technician-3")
    assert outcome == (EventStatus.REFUSED, "contradicts_record")


def test_what_was_kept_can_be_destroyed_and_kept_again_says_nothing_new() -> None:
    ana = collected()
    said = {"containers": [SPARE], "by": "technician-3"}
    assert say(ana, "material.disposed", disposition="retained", **said)[0] == "applied"
    assert say(ana, "material.disposed", disposition="destroyed", **said)[0] == "applied"
    assert say(ana, "material.disposed", disposition="retained", **said) == (EventStatus.DUPLICATE, "said_before")
    assert bag(ana, SPARE).status is MaterialStatus.DESTROYED


def quarantine(ana: Therapy, *names: str) -> None:
    """As after two people have signed that they were crossed."""
    materials = ana.journey.state.materials
    materials.update({each: materials[each].model_copy(update={"quarantined": True}) for each in names})


@pytest.mark.parametrize(
    ("disposition", "outcome"),
    [
        ("used", (EventStatus.REFUSED, "material_not_available")),
        ("destroyed", (EventStatus.APPLIED, None)),
        ("returned", (EventStatus.APPLIED, None)),
        ("retained", (EventStatus.APPLIED, None)),
    ],
)
def test_what_was_put_apart_is_never_used(disposition: str, outcome: tuple[Any, Any]) -> None:
    ana = collected()
    quarantine(ana, BAG)
    assert say(ana, "material.disposed", containers=[BAG], disposition=disposition, by="technician-3") == outcome


def test_what_was_put_apart_is_not_divided_and_its_samples_stay_apart() -> None:
    ana = collected()
    quarantine(ana, BAG)
    refused = (EventStatus.REFUSED, "material_not_available")
    assert say(ana, "material.split", container=BAG, into=[{"id": "HALF-1"}]) == refused
    assert say(ana, "material.pooled", parts=WHOLE, into={"id": "POOL-1"}) == refused
    assert say(ana, "material.sampled", source=BAG, samples=[{"id": "QC-1"}]) == (EventStatus.APPLIED, None)
    assert bag(ana, "QC-1").quarantined


def test_a_sample_of_a_batch_whose_doses_were_put_apart_is_apart_too() -> None:
    ana = therapy()
    ana.after("manufacture.completed")
    quarantine(ana, "DOSE-1-1")
    say(ana, "material.sampled", source="LOT-1", samples=[{"id": "QC-1"}])
    assert bag(ana, "QC-1").quarantined


@pytest.mark.parametrize("alike", [{"holder": Role.MANUFACTURER}, {"kind": "product"}, {"batch": "LOT-9"}])
def test_what_lies_in_two_places_or_is_not_alike_is_not_pooled(alike: dict[str, Any]) -> None:
    ana = collected()
    ana.journey.state.materials[SPARE] = bag(ana, SPARE).model_copy(update=alike)
    outcome = say(ana, "material.pooled", parts=WHOLE, into={"id": "POOL-1"})
    assert outcome == (EventStatus.REFUSED, "material_not_available")


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        ("material.split", {"container": "DOSE-1-1", "into": [{"id": "HALF-1"}, {"id": "HALF-2"}]}),
        ("material.pooled", {"parts": [{"id": "DOSE-1-1"}, {"id": "DOSE-1-2"}], "into": {"id": "POOL-1"}}),
    ],
)
def test_a_released_dose_is_not_divided(event_type: str, data: dict[str, Any]) -> None:
    ana = therapy()
    ana.after("batch.released")
    assert say(ana, event_type, **data) == (EventStatus.REFUSED, "dose_released")
    assert ana.whole().journey.state.closed == "completed"


def test_before_its_release_a_dose_is_divided_and_its_parts_are_released() -> None:
    ana = therapy()
    release = ana.before("batch.released")
    parts = [{"id": "HALF-1"}, {"id": "HALF-2"}]
    assert say(ana, "material.split", container="DOSE-1-1", into=parts)[0] == "applied"
    doses = ["HALF-1", "HALF-2", "DOSE-1-2"]
    assert hear(ana, release.model_copy(update={"data": {**release.data, "doses": doses}}))[0] == "applied"


ALIAS = "LAB-4711"


@pytest.mark.parametrize("name", ["coi", "ORD-ANA", "DIN-1", "LOT-1", "shipment", ALIAS])
@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        ("material.split", {"container": "DOSE-1-1", "into": [{"id": "NEW"}]}),
        ("material.pooled", {"parts": [{"id": "DOSE-1-1"}, {"id": "DOSE-1-2"}], "into": {"id": "NEW"}}),
        ("material.sampled", {"source": "DOSE-1-1", "samples": [{"id": "NEW"}]}),
    ],
)
def test_a_new_container_has_a_name_that_nothing_bears(name: str, event_type: str, data: dict[str, Any]) -> None:
    ana = therapy()
    ana.after("manufacture.completed")
    assert say(ana, "identifier.assigned", kind="container", value=ALIAS, names=SPARE)[0] == "applied"
    known = {"coi": ana.journey.start.coi, "shipment": next(iter(ana.journey.state.references))}
    said = replaced(data, {"NEW": known.get(name, name)})
    assert say(ana, event_type, **said) == (EventStatus.REFUSED, "identity_mismatch")


def test_material_is_handled_where_it_lies() -> None:
    """While the product is still with the manufacturer, the patient is prepared at the centre."""
    document = shipped_protocol("autologous-car-t").model_dump(mode="json", by_alias=True, exclude_none=True)
    document["stages"].sort(key=lambda stage: stage["id"] == "to_centre" or stage["kind"] in ("infusion", "follow_up"))
    ana = therapy(read_protocol(document))
    ana.after("batch.released")
    assert [each.id for each in ana.journey.state.active()] == ["conditioning", "to_centre"]
    say(ana, "material.sampled", source="DOSE-1-1", samples=[{"id": "QC-1"}])
    assert last(ana, "material.sampled").data["stage"] == "to_centre"


def test_every_container_ends_used_infused_destroyed_returned_or_retained() -> None:
    ana = collected(tnc=2e10)
    halves = [{"id": "HALF-1", "amounts": cells(1.2e10)}, {"id": "HALF-2", "amounts": cells(0.8e10)}]
    say(ana, "material.split", container=BAG, into=halves)
    say(ana, "material.sampled", source="HALF-1", samples=[{"id": "QC-1"}])
    cargo = ["HALF-1", "HALF-2", SPARE]
    for event_type in ("shipment.picked_up", "shipment.delivered", "material.received"):
        told = ana.before(event_type)
        ana.unheard[0] = told.model_copy(update={"data": {**told.data, "containers": cargo}})
        ana.after(event_type)
    ana.whole()
    course.settle_what_is_left(ana.journey.state, ana.journey.notebook, ana.journey.now)
    ends = {each.id: each.status.value for each in ana.journey.state.materials.values()}
    assert set(ends.values()) <= {"used", "infused", "retained"} and ends["QC-1"] == "retained"


def test_every_handling_is_known_by_its_checks() -> None:
    """What is heard journey-wide is exactly what the catalogue says of material that is handled."""
    assert set(handling.STEPS) == {f"material.{each}" for each in ("split", "pooled", "sampled", "disposed")}
