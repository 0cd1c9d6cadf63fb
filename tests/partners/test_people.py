"""Patients are enrolled, some leave; people decide what they are asked."""

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from partners.simulator.city import SimulatedPartners
from partners.simulator.config import PARTIES, SimulatorConfig
from partners.simulator.onboarding import patients
from schemas.identity import new_coi
from schemas.orders import JourneyOrder
from tests.partners.clinic import LONG_AGO, command, hand_over, tomorrow
from tests.partners.conftest import Cities
from tests.partners.fake_clew import FakeClew, eventually

A_MOMENT = 1_000_000
OFFERS = {
    "batch_rejected": ("remake", "recollect", "stop"),
    "settle_material": ("destroy", "retain", "return"),
    "partner_refused": ("send_again", "stop"),
    "exception": ("continue", "repeat", "stop"),
    "something_new": ("this", "that"),
}


async def test_the_partners_introduce_themselves(city: SimulatedPartners, clew: FakeClew) -> None:
    await city.ready()
    assert clew.partners == {PARTIES[role]: city.partners[role].url for role in PARTIES}


async def test_patients_are_enrolled_once_however_often_the_city_starts(city_of: Cities, clew: FakeClew) -> None:
    for _ in range(2):
        async with city_of(journeys=3, time_lapse=100) as city:
            await city.ready()
            await eventually(lambda: len(clew.journeys) == 3)
            await eventually(lambda: city.state("treatment_centre")["waiting"] == 0)
            assert city.state("treatment_centre")["patients"] == 3
    assert clew.placed == 3
    assert {JourneyOrder.model_validate(each).time_lapse for each in clew.journeys.values()} == {100}


async def test_some_orders_are_sent_in_fhir_and_say_the_same(city_of: Cities, clew: FakeClew) -> None:
    async with city_of(journeys=8, time_lapse=100, rates={"orders_in_fhir": 0.5}) as city:
        await eventually(lambda: len(clew.journeys) == 8)
        await eventually(lambda: city.state("treatment_centre")["waiting"] == 0)
    assert 0 < len(clew.requested) < 8
    orders = [JourneyOrder.model_validate(each) for each in clew.journeys.values()]
    assert {(each.time_lapse, tuple(each.parties.items())) for each in orders} == {(100, tuple(PARTIES.items()))}


def test_the_mix_of_protocols_is_drawn_from_the_seed(clew: FakeClew, tmp_path: Any) -> None:
    def mix(seed: int) -> list[str]:
        protocols = {"autologous-car-t": 3, "til": 1}
        config = SimulatorConfig(api_url=clew.url, home=tmp_path, seed=seed, journeys=40, protocols=protocols)
        return [patient.protocol for patient in patients(config)]

    assert mix(1) == mix(1) != mix(2)
    assert 20 < Counter(mix(1))["autologous-car-t"] < 40


async def test_a_patient_who_leaves_is_spoken_of_no_more(
    city_of: Cities, clew: FakeClew, http: httpx.AsyncClient
) -> None:
    async with city_of(journeys=1, rates={"patient_withdraws": 1}, time_lapse=A_MOMENT) as city:
        await eventually(lambda: clew.cois)
        ((order, coi),) = clew.cois.items()
        centre = city.partners["treatment_centre"].url
        await hand_over(
            http, centre, command("request_evidence", coi=coi, order=order, as_of=tomorrow() + timedelta(days=9))
        )
        assert city.state("treatment_centre")["waiting"] >= 2
        (left,) = await clew.hears("patient.withdrawn")
        assert left.subject == coi
        await eventually(lambda: city.state("treatment_centre")["waiting"] == 0)

        late = command("clear_conditioning", coi=coi, order=order)
        await hand_over(http, centre, late)
        assert city.state("treatment_centre")["waiting"] == 0
    assert [event.type for event in clew.events] == ["patient.withdrawn"]


async def test_a_patient_who_stays_never_withdraws(city_of: Cities, clew: FakeClew) -> None:
    async with city_of(journeys=4, time_lapse=A_MOMENT) as city:
        await eventually(lambda: len(clew.cois) == 4)
        await eventually(lambda: city.state("treatment_centre")["waiting"] == 0)
    assert clew.told("patient.withdrawn") == []


async def test_the_onboarding_takes_patients_from_outside(city: SimulatedPartners, clew: FakeClew) -> None:
    patient = JourneyOrder(protocol="til", order="ORD-X1", parties=PARTIES)
    async with httpx.AsyncClient(base_url=city.partners["treatment_centre"].url) as http:
        answers = [await http.post("/patients", json=patient.model_dump(mode="json")) for _ in range(2)]
        refused = await http.post("/patients", json={"protocol": "til"})
    assert [answer.status_code for answer in answers] == [201, 200]
    assert refused.status_code == 422
    await eventually(lambda: "ORD-X1" in clew.journeys)


def a_task(question: str, number: int, coi: str) -> dict[str, Any]:
    choices = [{"choice": choice, "then": "what follows"} for choice in OFFERS[question]]
    opened = LONG_AGO.isoformat()
    return {
        "id": f"{question}.{number}",
        "journey": coi,
        "question": question,
        "stage": "release",
        "role": "manufacturer",
        "choices": choices,
        "opened_at": opened,
        "due_at": opened,
        "status": "open",
    }


@pytest.mark.parametrize("question", sorted(OFFERS))
async def test_people_choose_among_what_is_offered(question: str, city: SimulatedPartners, clew: FakeClew) -> None:
    clew.tasks = [a_task(question, number, new_coi()) for number in range(12)]
    await eventually(lambda: len(clew.decisions) == 12)
    assert {decision["choice"] for decision in clew.decisions} <= set(OFFERS[question])
    assert len({decision["id"] for decision in clew.decisions}) == 12
    assert {decision["kind"] for decision in clew.decisions} == {"task"}


async def test_a_partner_that_refuses_is_asked_twice_more_and_then_left(
    city: SimulatedPartners, clew: FakeClew
) -> None:
    coi = new_coi()
    for number in range(3):
        clew.tasks = [a_task("partner_refused", number, coi)]
        await eventually(partial(clew.has_decided, number + 1))
    assert [decision["choice"] for decision in clew.decisions] == ["send_again", "send_again", "stop"]


async def test_a_task_is_not_decided_before_people_had_time_for_it(city_of: Cities, clew: FakeClew) -> None:
    async with city_of(time_lapse=1) as city:
        early = a_task("exception", 1, new_coi())
        clew.tasks = [early | {"opened_at": tomorrow().isoformat()}, a_task("exception", 2, new_coi())]
        await eventually(lambda: len(clew.decisions) == 1)
        await city.ready()
    assert clew.decisions[0]["task"] == "exception.2"


async def test_the_same_task_gets_the_same_decision_in_another_city(city_of: Cities, clew: FakeClew) -> None:
    coi = new_coi()
    clew.tasks = [a_task("batch_rejected", number, coi) for number in range(10)]
    told = []
    for home in ("first", "second"):
        clew.decisions.clear()
        async with city_of(home=home, seed=5):
            await eventually(lambda: len(clew.decisions) == 10)
        told.append(list(clew.decisions))
    assert told[0] == told[1]
    assert len({decision["choice"] for decision in told[0]}) > 1
