"""The same seed tells the same story, and no machine's slowness is part of it."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import pytest

from ledger.excursions import LONGEST_GAP, Point, gaps
from partners.simulator import durations
from partners.simulator.collection_centre import collect
from partners.simulator.config import Faults, Rates
from partners.simulator.courier import carry
from partners.simulator.dock import Handover, receive
from partners.simulator.laboratory import run_tests
from partners.simulator.manufacturer import make, review
from partners.simulator.milestones import reach_milestones
from partners.simulator.practice import Handler
from partners.simulator.story import CommandStory, Setting, story_of
from partners.simulator.treatment_centre import condition, infuse, provide_evidence
from schemas.identity import new_coi
from schemas.protocols import Protocol, read_protocol_yaml
from schemas.readings import Measurement
from schemas.stages import CollectionStage
from tests.partners.clinic import DETAILS, LONG_AGO, command, hand_over
from tests.partners.conftest import Cities
from tests.partners.fake_clew import FakeClew

ORDERS = [f"ORD-{number}" for number in range(60)]
DAY = timedelta(days=1)
PROTOCOLS = Path(__file__).parents[2] / "protocols"
QUICK_TESTS = {"batch": "B-1", "tests": ["viability", "identity", "gram_stain", "endotoxin"]}
SLOW_TESTS = {"batch": "B-1", "tests": ["sterility", "viability", "identity", "potency"]}
FROZEN = {**DETAILS["book_pickup"], "temperature": {"max": -120}}


def told(
    handler: Handler,
    name: str,
    details: dict[str, Any] | None = None,
    *,
    order: str = "ORD-7",
    as_of: datetime = LONG_AGO,
    protocol: str | None = None,
    coi: str | None = None,
    seed: int = 1,
    visit: int = 1,
    time_lapse: float = 1,
) -> CommandStory:
    asked = command(name, details, coi=coi or new_coi(), order=order, as_of=as_of, visit=visit, time_lapse=time_lapse)
    story = story_of(Setting("somebody", seed, Rates(shipment_delayed=0.3)), asked, protocol)
    handler(story)
    return story


def essence(story: CommandStory) -> list[tuple[Any, ...]]:
    """The story without the chain-of-identity id, which is new every time."""
    told = [(each.body.get("type"), each.at, str(each.body.get("data"))) for each in story.messages]
    return [(kind, at, data.replace(story.coi, "COI")) for kind, at, data in told]


def end(story: CommandStory) -> datetime:
    return max(each.at for each in story.messages)


STORIES = [
    (provide_evidence, "request_evidence"),
    (collect, "schedule_collection"),
    (carry, "book_pickup"),
    (make, "place_order"),
    (run_tests, "request_release_tests"),
    (review, "request_disposition"),
    (condition, "clear_conditioning"),
    (infuse, "clear_infusion"),
]


@pytest.mark.parametrize(("handler", "name"), STORIES)
def test_the_same_seed_and_order_tell_the_same_story(handler: Handler, name: str) -> None:
    first = told(handler, name)
    assert essence(told(handler, name)) == essence(first)
    assert essence(told(handler, name, seed=2)) != essence(first)
    assert essence(told(handler, name, order="ORD-8")) != essence(first)
    assert essence(told(handler, name, visit=2)) != essence(first)


@pytest.mark.parametrize(("handler", "name"), STORIES)
def test_time_lapse_shortens_every_step_alike(handler: Handler, name: str) -> None:
    real, lapsed = told(handler, name), told(handler, name, time_lapse=100)
    for slow, fast in zip(real.messages, lapsed.messages, strict=True):
        assert abs((slow.at - LONG_AGO) / 100 - (fast.at - LONG_AGO)) < timedelta(microseconds=50)


def test_a_repeated_collection_has_a_new_donation_number() -> None:
    first, second = (told(collect, "schedule_collection", visit=visit) for visit in (1, 2))
    donations = {story.messages[-1].body["data"]["donation"] for story in (first, second)}
    assert len(donations) == 2


def test_a_rate_changes_nothing_but_what_it_is_the_rate_of() -> None:
    asked = command("schedule_collection")
    stories = [story_of(Setting("somebody", 1, Rates(collection_fails=rate)), asked, None) for rate in (0, 1)]
    for story in stories:
        collect(story)
    well, badly = (story.messages for story in stories)
    assert [each.at for each in well] == [each.at for each in badly]
    assert badly[-1].body["type"] == "clew.collection.failed.v1"


async def test_latency_is_not_part_of_the_therapys_time(
    city_of: Cities, clew: FakeClew, http: httpx.AsyncClient
) -> None:
    for home, faults in (("quick", Faults()), ("slow", Faults(slow=1, slow_by=0.3))):
        async with city_of(home=home, faults=faults) as city:
            await hand_over(http, city.partners["collection_centre"].url, command("schedule_collection"))
            await clew.hears("sample.collected", count=1 if home == "quick" else 2)
    quick, slow = clew.told("sample.collected")
    assert quick == slow
    assert quick.occurred_at < LONG_AGO + 14 * DAY


def longest(handler: Handler, name: str, details: dict[str, Any] | None = None, protocol: str | None = None) -> float:
    """The longest of many such stories, in hours."""
    stories = (told(handler, name, details, order=order, protocol=protocol) for order in ORDERS)
    return max((end(story) - LONG_AGO).total_seconds() for story in stories) / 3600


Legs = dict[str, tuple[Handler, str, dict[str, Any] | None]]

FROZEN_LEGS: Legs = {
    "enrolment": (provide_evidence, "request_evidence", None),
    "collection": (collect, "schedule_collection", None),
    "to_manufacturer": (carry, "book_pickup", None),
    "manufacture": (make, "place_order", None),
    "to_centre": (carry, "book_pickup", FROZEN),
    "conditioning": (condition, "clear_conditioning", None),
    "infusion": (infuse, "clear_infusion", None),
}
FRESH_LEGS: Legs = {
    "enrolment": (provide_evidence, "request_evidence", None),
    "resection": (collect, "schedule_collection", {"material": "tumour_resection"}),
    "to_manufacturer": (carry, "book_pickup", None),
    "expansion": (make, "place_order", None),
    "to_centre": (carry, "book_pickup", None),
    "lymphodepletion": (condition, "clear_conditioning", None),
    "infusion": (infuse, "clear_infusion", None),
    "interleukin": (reach_milestones, "request_milestones", None),
}
A_SCAN = durations.RECEIPT.most


@pytest.mark.parametrize(
    ("protocol", "legs", "tests"),
    [("autologous-car-t", FROZEN_LEGS, SLOW_TESTS), ("til", FRESH_LEGS, QUICK_TESTS)],
)
def test_a_usual_therapy_stays_within_its_due_times(protocol: str, legs: Legs, tests: dict[str, Any]) -> None:
    stages = published(protocol).by_id
    for stage, (handler, name, details) in legs.items():
        assert longest(handler, name, details, protocol) + A_SCAN < hours(stages[stage].due), stage
    release = longest(run_tests, "request_release_tests", tests) + longest(review, "request_disposition")
    assert release < hours(stages["release"].due)


@pytest.mark.parametrize(("protocol", "collection"), [("autologous-car-t", "collection"), ("til", "resection")])
def test_starting_material_is_used_while_it_is_fresh(protocol: str, collection: str) -> None:
    stage = published(protocol).by_id[collection]
    assert isinstance(stage, CollectionStage)
    assert stage.expires is not None
    on_its_way = longest(carry, "book_pickup") + A_SCAN
    assert on_its_way + durations.MANUFACTURE_START.most < hours(stage.expires)


def test_a_fresh_product_reaches_the_patient_within_three_days() -> None:
    release = longest(run_tests, "request_release_tests", QUICK_TESTS) + longest(review, "request_disposition")
    readiness = max(longest(carry, "book_pickup") + A_SCAN, longest(condition, "clear_conditioning"))
    assert release + readiness + longest(infuse, "clear_infusion") < 72


def test_a_typical_car_t_takes_about_thirty_days_from_vein_to_vein() -> None:
    taken = []
    for order in ORDERS:
        delivered = end(told(carry, "book_pickup", order=order))
        made = end(told(make, "place_order", order=order, as_of=delivered))
        tested = end(told(run_tests, "request_release_tests", SLOW_TESTS, order=order, as_of=made))
        released = end(told(review, "request_disposition", order=order, as_of=tested))
        there = end(told(carry, "book_pickup", FROZEN, order=order, as_of=released))
        ready = end(told(condition, "clear_conditioning", order=order, as_of=released, protocol="autologous-car-t"))
        infused = end(told(infuse, "clear_infusion", order=order, as_of=max(there, ready), protocol="autologous-car-t"))
        taken.append((infused - LONG_AGO) / DAY)
    assert 25 < median(taken) < 33
    assert min(taken) > 20 and max(taken) < 45


def test_the_steps_of_a_story_come_in_their_order() -> None:
    for handler, name in ((collect, "schedule_collection"), (carry, "book_pickup"), (make, "place_order")):
        for order in ORDERS:
            times = [each.at for each in told(handler, name, order=order).messages]
            assert all(before <= after for before, after in pairwise(times))
            assert times[0] >= LONG_AGO


def test_a_handover_that_is_told_twice_is_scanned_once_and_alike() -> None:
    handover = Handover(
        reference="SC-1", coi=new_coi(), order="ORD-7", containers=("DN-1-A",), as_of=LONG_AGO, time_lapse=1
    )
    first, second = (receive(Setting("somebody", 1, Rates()), handover).messages for _ in range(2))
    assert first == second
    assert len(first) == 1


def published(name: str) -> Protocol:
    return read_protocol_yaml((PROTOCOLS / f"{name}.yaml").read_text())


def hours(duration: timedelta) -> float:
    return duration.total_seconds() / 3600


def test_now_and_then_the_courier_uploads_a_loggers_file_of_a_cool_journey() -> None:
    """Every ten minutes from the pick-up to the delivery, inside the limits; and it changes nothing else."""
    asked = command("book_pickup", DETAILS["book_pickup"], coi=new_coi(), order="ORD-7", as_of=LONG_AGO)
    stories = [story_of(Setting("somebody", 1, Rates(logger_file=rate)), asked, None) for rate in (0, 1)]
    for story in stories:
        carry(story)
    without, with_file = (each.messages for each in stories)
    assert with_file[:-1] == without and with_file[-1].target == "readings"
    readings = [Measurement.model_validate(each) for each in with_file[-1].body["readings"]]
    picked_up, delivered = (
        next(each.at for each in without if each.body.get("type", "").startswith(f"clew.shipment.{what}"))
        for what in ("picked_up", "delivered")
    )
    assert all(picked_up <= each.at <= delivered and 2 < each.value < 8 for each in readings)
    assert len({each.at for each in readings}) == len(readings) > 20
    points = sorted((Point(each.at, each.value) for each in readings), key=lambda point: point.at)
    assert gaps("L", points, LONGEST_GAP, picked_up, delivered) == []
