"""`kill -9` between the append that opens an identity hold and the telling of the other journey: nothing is lost."""

from typing import Any

import pytest

from schemas.base import iso
from schemas.events import wire_type
from tests.faults.afterwards import nothing_was_lost_or_done_twice
from tests.faults.site import API, WORKER, Site
from tests.faults.test_killed import dies_after_an_append
from tests.waiting import until
from tests.worker.neighbours import Partner
from tests.workflows.pure import FIRST_DAY

pytestmark = pytest.mark.timeout(300)

PATIENCE = 90
PROTOCOL = {
    "protocol": "bags-in-doubt",
    "version": 1,
    "title": "A collection, and somebody who watches",
    "stages": [
        {"id": "collection", "kind": "collection", "at": "collection_centre", "material": "leukapheresis", "due": "5d"},
        {"id": "watch", "kind": "milestone", "after": ["collection"], "milestones": ["seen"], "due": "5d"},
    ],
}


class Unit:
    """An apheresis unit that puts the same label on two patients' bags."""

    def __init__(self, site: Site, partner: Partner) -> None:
        self.site, self.partner = site, partner

    async def opens(self) -> None:
        await self.partner.server.start()
        address = {"url": self.partner.server.url}
        (await self.site.http.put(f"/v1/partners/{self.partner.name}", json=address)).raise_for_status()
        (await self.site.http.post("/v1/protocols", json=PROTOCOL)).raise_for_status()

    async def admits(self, order: str) -> str:
        parties = dict.fromkeys(("collection_centre", "treatment_centre"), self.partner.name)
        body = {"protocol": PROTOCOL["protocol"], "order": order, "parties": parties}
        answer = await self.site.http.post("/v1/journeys", json=body)
        answer.raise_for_status()
        return str(answer.json()["coi"])

    async def says(self, coi: str, event_type: str, **data: Any) -> None:
        event = {
            "specversion": "1.0",
            "id": f"{coi}/{event_type}",
            "source": "/units/one",
            "type": wire_type(event_type),
            "subject": coi,
            "time": iso(FIRST_DAY),
            "data": data,
        }
        headers = {"content-type": "application/cloudevents+json"}
        answer = await self.site.http.post("/v1/events", json=event, headers=headers)
        assert answer.status_code == 202, answer.text

    async def collects(self, coi: str, bag: str) -> None:
        sample = {"donation": f"D-{coi}", "containers": [{"id": bag}], "ended_at": iso(FIRST_DAY)}
        await self.says(coi, "sample.collected", **sample, verified_by=["nurse-1", "nurse-2"])

    async def status(self, coi: str) -> tuple[str, list[bool]]:
        page = (await self.site.http.get(f"/v1/journeys/{coi}")).raise_for_status().json()
        return page["status"], [each["quarantined"] for each in page["materials"]]


async def test_a_worker_that_dies_before_the_other_patient_is_told_leaves_the_hold_standing(site: Site) -> None:
    unit = Unit(site, Partner("apheresis-one"))
    await unit.opens()
    ana, ben = await unit.admits("HOLD-ANA"), await unit.admits("HOLD-BEN")
    await unit.collects(ana, "BAG-TWICE")
    await until(lambda: is_so(unit, ana, ("running", [False])), "Ana's bag", PATIENCE)
    await until(lambda: len(unit.partner.taken) == 2, "both collections are asked for", PATIENCE)
    # Once she has heard more, Temporal has what she made of her bag; before that the worker's death would undo it.
    await unit.says(ana, "patient.status_changed", status="stable")
    await until(lambda: has_heard(site, ana), "Ana's bag is more than her dead worker's word", PATIENCE)

    await site.kill(WORKER)
    await unit.collects(ben, "BAG-TWICE")
    await until(lambda: is_delivered(site, ben), "Temporal has what was said of Ben", PATIENCE)
    await site.kill(API)
    await dies_after_an_append(site, appends=1)
    await site.start(WORKER, API)

    await until(lambda: is_so(unit, ana, ("held", [True])), "Ana's journey is held, and her bag apart", PATIENCE)
    await until(lambda: is_held(unit, ben), "Ben's journey too", PATIENCE)
    (hold,) = await open_holds(site)
    assert sorted(hold["sides"]) == sorted([ana, ben])
    # Where what the dead worker judged is judged anew, the label is found on two bags once more.
    await until(lambda: is_signed(site, ben), "two people have signed, and Ben's bag is on record", PATIENCE)
    await until(lambda: is_so(unit, ana, ("running", [False])), "Ana's journey goes on", PATIENCE)
    await nothing_was_lost_or_done_twice(site)
    await unit.partner.server.stop()


async def is_so(unit: Unit, coi: str, expected: tuple[str, list[bool]]) -> bool:
    return await unit.status(coi) == expected


async def is_delivered(site: Site, coi: str) -> bool:
    events = (await site.http.get("/v1/events", params={"journey": coi})).json()["items"]
    return any(each["delivered_at"] for each in events)


async def has_heard(site: Site, coi: str) -> bool:
    events = (await site.http.get("/v1/events", params={"journey": coi})).json()["items"]
    return {each["status"] for each in events} == {"applied"}


async def is_held(unit: Unit, coi: str) -> bool:
    return (await unit.status(coi))[0] == "held"


async def open_holds(site: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await site.http.get("/v1/holds", params={"status": "open"})).json()["items"]
    return found


async def is_signed(site: Site, coi: str) -> bool:
    for hold in await open_holds(site):
        for person in ("qa-07", "qp-02"):
            body = {"by": person, "reason": "label_reprinted", "finding": "not_crossed"}
            (await site.http.post(f"/v1/holds/{hold['id']}/signatures", json=body)).raise_for_status()
    (event,) = (await site.http.get("/v1/events", params={"journey": coi})).json()["items"]
    return event["status"] == "applied" and not await open_holds(site)
