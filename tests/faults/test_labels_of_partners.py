"""A partner's own identifier, on the whole way: told once, kept over a dead worker, and never two patients'."""

from functools import partial
from typing import Any

import pytest

from ledger.invariants import broken_invariants
from ledger.verify import verify
from schemas.events import wire_type
from tests.faults.site import Site
from tests.faults.ward import Ward
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)

GSRN, AS_SCANNED = "950600013435200015", "]d28018950600013435200015"


async def assigns(ward: Ward, event_id: str, subject: str, value: str, kind: str, names: str) -> None:
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": ward.source,
        "type": wire_type("identifier.assigned"),
        "subject": subject,
        "time": "2026-03-02T11:00:00Z",
        "data": {"kind": kind, "value": value, "names": names},
    }
    headers = {"content-type": "application/cloudevents+json"}
    answer = await ward.site.http.post("/v1/events", json=event, headers=headers)
    assert answer.status_code == 202, answer.text


async def leads(site: Site, value: str, coi: str) -> bool:
    answer = await site.http.get(f"/v1/identifiers/{value}")
    return answer.status_code == 200 and answer.json()["journey"] == coi


async def agrees(site: Site, text: str, coi: str) -> Any:
    return (await site.http.post("/v1/scan", json={"text": text, "journey": coi})).json()["agrees"]


async def is_held(site: Site, coi: str) -> bool:
    return bool((await site.http.get(f"/v1/journeys/{coi}")).json()["status"] == "held")


async def test_a_partners_number_leads_to_one_patient_whatever_dies(site: Site) -> None:
    ward = Ward(site, "ward-labels", milestones=1)
    await ward.opens()
    for order in ("ORD-LABELS-1", "ORD-LABELS-2"):
        await ward.admits(order)
    ana, ben = ward.patients

    await site.kill("worker")
    await assigns(ward, "label-1", "ORD-LABELS-1", GSRN, "gsrn", "ORD-LABELS-1")
    assert await agrees(site, AS_SCANNED, ana) is None
    await site.start("worker")
    await until(partial(leads, site, GSRN, ana), "the number in the crosswalk", 90)
    assert [await agrees(site, AS_SCANNED, coi) for coi in (ana, ben)] == [True, False]

    await site.restart_killed("worker")
    await assigns(ward, "label-2", GSRN, "LAB-ANA", "order", GSRN)
    await until(partial(leads, site, "LAB-ANA", ana), "a name given under a name", 90)

    await assigns(ward, "label-3", "ORD-LABELS-2", GSRN, "gsrn", "ORD-LABELS-2")
    await until(partial(is_held, site, ben), "the other patient's journey, stopped", 90)
    assert await agrees(site, AS_SCANNED, ben) is False
    assert (await verify(site.database, projections=True)).first_bad is None
    assert [each for each in await broken_invariants(site.database) if ana in each or ben in each] == []
