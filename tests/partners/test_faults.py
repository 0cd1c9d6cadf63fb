"""Each fault does what it says, as often as it is told to, and can be switched while the partner runs."""

import time
from collections import Counter
from datetime import timedelta

import httpx
import pytest

from partners.client import ClewDoor, open_http
from partners.simulator.city import SimulatedPartners
from partners.simulator.config import Faults
from schemas.deliveries import Outcome
from tests.partners.clinic import command, hand_over, tomorrow
from tests.partners.conftest import Cities
from tests.partners.fake_clew import FakeClew, eventually

ORDER = command("place_order")
MANUFACTURE = (
    "manufacture.started",
    *["manufacture.step_completed"] * 4,
    "manufacture.completed",
)


@pytest.fixture
def url(city: SimulatedPartners) -> str:
    return city.partners["manufacturer"].url


async def test_slow_takes_its_time(city: SimulatedPartners, url: str, http: httpx.AsyncClient) -> None:
    city.faults("manufacturer", Faults(slow=1, slow_by=0.3))
    began = time.monotonic()
    await hand_over(http, url, ORDER)
    assert time.monotonic() - began >= 0.3


async def test_down_takes_nothing_until_it_is_up(city: SimulatedPartners, url: str, http: httpx.AsyncClient) -> None:
    city.faults("manufacturer", Faults(down=1, retry_after=3))
    door = ClewDoor(http, url)
    for answered in (await door.send(ORDER), await door.look_up(ORDER)):
        assert (answered.outcome, answered.retry_after) == (Outcome.LATER, timedelta(seconds=3))
    assert city.state("manufacturer")["commands"] == []
    city.faults("manufacturer", Faults())
    await hand_over(http, url, ORDER)


async def test_a_rate_between_strikes_some_of_the_attempts(
    city: SimulatedPartners, url: str, http: httpx.AsyncClient
) -> None:
    city.faults("manufacturer", Faults(down=0.5))
    outcomes = Counter([(await ClewDoor(http, url).look_up(ORDER)).outcome for _ in range(60)])
    assert set(outcomes) == {Outcome.LATER, Outcome.NOT_TAKEN}
    assert min(outcomes.values()) >= 15


async def test_a_partner_can_commit_and_then_say_nothing(city: SimulatedPartners, url: str, clew: FakeClew) -> None:
    city.faults("manufacturer", Faults(commit_then_timeout=1))
    async with open_http(timeout=0.2) as impatient:
        door = ClewDoor(impatient, url)
        assert (await door.send(ORDER)).outcome is Outcome.UNKNOWN
        assert (await door.look_up(ORDER)).outcome is Outcome.TAKEN
    await clew.hears("manufacture.completed")


async def test_duplicates_come_under_the_same_id_and_under_another(
    city: SimulatedPartners, url: str, http: httpx.AsyncClient, clew: FakeClew
) -> None:
    city.faults("manufacturer", Faults(duplicate=1))
    await hand_over(http, url, ORDER)
    completed = await clew.hears("manufacture.completed", count=3)
    assert [event == completed[0] for event in completed] == [True, True, False]
    assert completed[2].data == completed[0].data
    assert completed[2].id != completed[0].id


async def test_reorder_swaps_neighbours_and_changes_no_time(
    city: SimulatedPartners, url: str, http: httpx.AsyncClient, clew: FakeClew
) -> None:
    city.faults("manufacturer", Faults(reorder=1))
    await hand_over(http, url, ORDER)
    await eventually(lambda: len(clew.wire) == len(MANUFACTURE))
    arrived = [event.id for event in clew.events]
    happened = [event.id for event in sorted(clew.events, key=lambda event: event.occurred_at)]
    swapped = [happened[place] for place in (1, 0, 3, 2, 5, 4)]
    assert arrived == swapped


async def test_late_is_late_on_the_wire_only(
    city: SimulatedPartners, url: str, http: httpx.AsyncClient, clew: FakeClew
) -> None:
    lapse = 36_000
    city.faults("manufacturer", Faults(late=1, late_by=timedelta(hours=5)))
    began = time.monotonic()
    await hand_over(http, url, command("place_order", time_lapse=lapse))
    (started, *_) = await clew.hears("manufacture.started")
    assert time.monotonic() - began >= 5 * 3600 / lapse
    assert started.occurred_at < ORDER.as_of + timedelta(days=1)


async def test_fields_of_the_partners_own_are_left_behind_by_whoever_reads_the_event(
    city: SimulatedPartners, url: str, http: httpx.AsyncClient, clew: FakeClew
) -> None:
    city.faults("manufacturer", Faults(unknown_fields=1))
    await hand_over(http, url, ORDER)
    (started, *_) = await clew.hears("manufacture.started")
    assert "patient_name" in clew.wire[0]["data"]
    assert "Example" not in started.model_dump_json()


async def test_without_faults_everything_is_said_once_and_in_order(
    url: str, http: httpx.AsyncClient, clew: FakeClew
) -> None:
    await hand_over(http, url, ORDER)
    await eventually(lambda: len(clew.wire) >= len(MANUFACTURE))
    assert tuple(event.type for event in clew.events) == MANUFACTURE
    assert "patient_name" not in str(clew.wire)


async def test_an_operator_sees_and_sets_the_faults(city: SimulatedPartners, url: str) -> None:
    async with httpx.AsyncClient(base_url=url) as http:
        assert (await http.get("/faults")).json() == Faults().model_dump(mode="json")
        wished = Faults(duplicate=0.25, late_by=timedelta(hours=2))
        assert (await http.put("/faults", json=wished.model_dump(mode="json"))).is_success
        assert Faults.model_validate((await http.get("/faults")).json()) == wished
        assert (await http.put("/faults", json={"duplicate": 2})).status_code == 422
        assert (await http.put("/faults", json={"mood": 1})).status_code == 422
        assert (await http.get("/healthz")).is_success
        assert (await http.get("/state")).json() == city.state("manufacturer")


async def test_what_clew_cannot_take_now_is_sent_until_it_can(
    city: SimulatedPartners, url: str, http: httpx.AsyncClient, clew: FakeClew
) -> None:
    clew.answer = 503
    await hand_over(http, url, ORDER)
    await eventually(lambda: len(clew.refused) >= 2)
    clew.answer = 202
    await eventually(lambda: len(clew.wire) >= len(MANUFACTURE))
    assert tuple(event.type for event in clew.events) == MANUFACTURE


@pytest.mark.parametrize("answer", [409, 422])
async def test_what_clew_will_never_take_is_counted_and_not_repeated(
    answer: int, city: SimulatedPartners, url: str, http: httpx.AsyncClient, clew: FakeClew
) -> None:
    clew.answer = answer
    await hand_over(http, url, ORDER)
    await eventually(lambda: city.state("manufacturer")["rejected_events"] == len(MANUFACTURE))
    assert len(clew.refused) == len(MANUFACTURE)


async def test_a_restart_goes_on_where_it_was(city_of: Cities, http: httpx.AsyncClient, clew: FakeClew) -> None:
    """A partner that is stopped in the middle has forgotten nothing and repeats nothing."""
    order = command("place_order", as_of=tomorrow() - timedelta(days=3), time_lapse=1)
    async with city_of() as city:
        taken = await hand_over(http, city.partners["manufacturer"].url, order)
        await clew.hears("manufacture.step_completed")
        await eventually(lambda: city.state("manufacturer")["waiting"] == len(MANUFACTURE) - 2)

    async with city_of() as city:
        assert await hand_over(http, city.partners["manufacturer"].url, order) == taken
        state = city.state("manufacturer")
        assert (state["waiting"], state["repeated_effects"]) == (len(MANUFACTURE) - 2, 0)
    assert tuple(event.type for event in clew.events) == MANUFACTURE[:2]


async def test_what_falls_due_while_it_is_down_is_said_after_the_restart(
    city_of: Cities, http: httpx.AsyncClient, clew: FakeClew
) -> None:
    clew.answer = 503
    async with city_of() as city:
        await hand_over(http, city.partners["manufacturer"].url, ORDER)
    clew.answer = 202
    async with city_of():
        await clew.hears("manufacture.completed")
    assert tuple(event.type for event in clew.events) == MANUFACTURE
