"""Partners that are away, refuse, or are given up, while journeys need them: nothing is lost, nothing done twice."""

import asyncio
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from ledger.tables import DeliveryRow
from schemas.base import iso
from schemas.events import wire_type
from tests.faults.afterwards import entries_that_count, nothing_was_lost_or_done_twice
from tests.faults.site import Site
from tests.ledger.scribe import MORNING
from tests.waiting import until
from tests.worker.neighbours import DOWN, OK, REFUSES, Partner

pytestmark = pytest.mark.timeout(300)

SEED = 200
JOURNEYS = 200
LABORATORY = "drill-laboratory"
STAGES = [
    {"id": "known", "kind": "milestone", "at": "laboratory", "milestones": ["known"], "due": "90d"},
    *(
        {
            "id": name,
            "kind": "milestone",
            "after": ["known"],
            "at": "treatment_centre",
            "milestones": [name],
            "due": "9d",
        }
        for name in ("first", "second")
    ),
]
BY = {"by": "operator-3", "reason": "spoke_to_them"}


@pytest.fixture
async def hospital(site: Site) -> AsyncIterator[Partner]:
    """A treatment centre of which two things are asked at once, as soon as its laboratory knows the patient."""
    partner, laboratory = Partner("drill-hospital"), Partner(LABORATORY)
    for each in (partner, laboratory):
        await each.server.start()
        address = {"url": each.server.url, "at_once": 8}
        (await site.http.put(f"/v1/partners/{each.name}", json=address)).raise_for_status()
    protocol = {"protocol": "two-things", "version": 1, "title": "Two things at once", "stages": STAGES}
    (await site.http.post("/v1/protocols", json=protocol)).raise_for_status()
    yield partner
    for each in (partner, laboratory):
        await each.server.stop()


async def admitted(site: Site, hospital: Partner, order: str) -> str:
    """A patient whom the laboratory knows: the hospital is asked for both things."""
    parties = {"treatment_centre": hospital.name, "laboratory": LABORATORY}
    answer = await site.http.post("/v1/journeys", json={"protocol": "two-things", "order": order, "parties": parties})
    answer.raise_for_status()
    coi = str(answer.json()["coi"])
    await reached(site, [coi], "known")
    return coi


async def deliveries(site: Site, hospital: Partner) -> list[DeliveryRow]:
    query = select(DeliveryRow).where(col(DeliveryRow.partner) == hospital.name).order_by(col(DeliveryRow.number))
    async with site.database.reading() as session:
        return list((await session.execute(query)).scalars())


async def told(site: Site, hospital: Partner, cois: set[str]) -> list[str]:
    """The keys of the commands that these journeys know the hospital to have taken."""
    entries = [each for each in await entries_that_count(site.database) if each.type == "partner.told"]
    return [each.data["key"] for each in entries if each.journey in cois and each.data["partner"] == hospital.name]


async def reached(site: Site, cois: list[str], *milestones: str) -> None:
    """Say so, of each, in one batch."""
    events = [
        {
            "specversion": "1.0",
            "id": f"{coi}/{milestone}",
            "source": "/drill",
            "type": wire_type("milestone.reached"),
            "subject": coi,
            "time": iso(MORNING),
            "data": {"milestone": milestone},
        }
        for coi in cois
        for milestone in milestones
    ]
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    (await site.http.post("/v1/events", json=events, headers=headers)).raise_for_status()


async def both_are_reached(site: Site, cois: list[str]) -> None:
    """The hospital reports both milestones of each, and the journeys end."""
    await reached(site, cois, "first", "second")

    async def ended() -> bool:
        found = await asyncio.gather(*(site.http.get(f"/v1/journeys/{coi}") for coi in (cois[0], cois[-1])))
        return all(each.json()["status"] == "completed" for each in found)

    await until(ended, "the end of the first journey and of the last", 120)


async def test_a_partner_that_is_down_while_200_journeys_need_it(site: Site, hospital: Partner) -> None:
    hospital.mood = DOWN
    numbers = list(range(JOURNEYS))
    Random(SEED).shuffle(numbers)
    cois: list[str] = []
    for some in (numbers[first : first + 20] for first in range(0, JOURNEYS, 20)):
        cois += await asyncio.gather(*(admitted(site, hospital, f"DOWN-{number}") for number in some))

    async def all_wait() -> bool:
        return len(await deliveries(site, hospital)) == 2 * JOURNEYS

    await until(all_wait, "400 commands that wait for one hospital", 90)
    assert hospital.taken == []
    assert len(hospital.asked) < 40, "while it is down, one command knocks for all"

    hospital.mood = OK
    (await site.http.post(f"/v1/partners/{hospital.name}/resend", json=BY)).raise_for_status()

    async def all_told() -> bool:
        return len(await told(site, hospital, set(cois))) == 2 * JOURNEYS

    await until(all_told, "400 acknowledgements on the ledger", 120)
    rows = await deliveries(site, hospital)
    assert sorted(hospital.taken) == sorted(row.key for row in rows)
    for coi in cois:
        asked = [row.key for row in rows if row.journey == coi]
        assert [key for key in hospital.taken if key.startswith(f"{coi}/")] == asked
    await both_are_reached(site, cois)
    await nothing_was_lost_or_done_twice(site)


async def open_task(site: Site, coi: str, question: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    async def asked() -> bool:
        tasks = (await site.http.get("/v1/tasks", params={"journey": coi, "status": "open"})).json()["items"]
        found[:] = [each for each in tasks if each["question"] == question]
        return bool(found)

    await until(asked, f"the task {question}", 20)
    return found[0]


async def test_a_refused_command_is_changed_and_sent_again_from_the_desk(site: Site, hospital: Partner) -> None:
    hospital.mood = REFUSES
    coi = await admitted(site, hospital, "REFUSED-1")
    await open_task(site, coi, "partner_refused")
    hospital.mood = OK
    for row in await deliveries(site, hospital):
        if row.journey == coi:
            details = {"milestones": row.payload["details"]["milestones"], "ward": "4W"}
            await open_task_about(site, coi, row.stage)
            again = await site.http.post(f"/v1/deliveries/{row.id}/resend", json={**BY, "details": details})
            assert again.status_code == 200, again.text

    async def both_told() -> bool:
        return len(await told(site, hospital, {coi})) == 2

    await until(both_told, "both commands taken", 30)
    assert [body["details"]["ward"] for body in hospital.bodies[-2:]] == ["4W", "4W"]  # type: ignore[index]
    assert set(hospital.sent.values()) == {2}
    await both_are_reached(site, [coi])


async def open_task_about(site: Site, coi: str, stage: str) -> None:
    async def there() -> bool:
        tasks = (await site.http.get("/v1/tasks", params={"journey": coi, "status": "open"})).json()["items"]
        return any(each["stage"] == stage for each in tasks)

    await until(there, f"a task about {stage}", 20)


async def test_a_command_that_was_given_up_is_asked_about_and_can_be_sent_again(site: Site, hospital: Partner) -> None:
    hospital.mood, hospital.retry_after = DOWN, "1"
    coi = await admitted(site, hospital, "GIVEN-UP-1")

    async def waits() -> bool:
        return len([row for row in await deliveries(site, hospital) if row.journey == coi]) == 2

    await until(waits, "two commands that wait", 20)
    first = next(row for row in await deliveries(site, hospital) if row.journey == coi)
    given_up: list[int] = []

    async def is_given_up() -> bool:
        answer = await site.http.post(f"/v1/deliveries/{first.id}/give-up", json=BY)
        given_up.append(answer.status_code)
        return answer.status_code == 200

    await until(is_given_up, "a moment between two attempts", 10)
    task = await open_task(site, coi, "delivery_given_up")
    assert [each["choice"] for each in task["choices"]] == ["send_again", "stop"]
    hospital.mood = OK
    decision = {"kind": "task", "id": "again-1", "task": task["id"], "choice": "send_again", **BY}
    (await site.http.post(f"/v1/journeys/{coi}/decisions", json=decision)).raise_for_status()

    async def both_told() -> bool:
        return len(await told(site, hospital, {coi})) == 2

    await until(both_told, "both commands taken", 100)
    await both_are_reached(site, [coi])
    await nothing_was_lost_or_done_twice(site)
