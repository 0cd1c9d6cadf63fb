"""Labels, while processes die: what the desk noted reaches its journey, and no stage ends before its account."""

from typing import Any

from tests.faults.afterwards import inbox
from tests.faults.site import API, TEMPORAL, Site
from tests.faults.ward import Ward
from tests.waiting import until


async def does(site: Site, path: str, **said: Any) -> dict[str, Any]:
    answer = await site.http.post(path, json=said)
    assert answer.is_success, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def dies_before_anything_is_relayed(site: Site) -> None:
    """The API is gone before Temporal is back: nobody was told yet what it had committed."""
    await site.kill(API)
    await site.start(TEMPORAL)
    await site.start(API)


async def test_what_the_label_desk_noted_is_not_lost_with_the_api(site: Site) -> None:
    ward = Ward(site, "label-ward", milestones=2, in_turn=True)
    await ward.opens()
    await ward.admits("ORD-LABELS")
    (coi,) = ward.patients
    await site.kill(TEMPORAL)
    by = {"by": "nurse-17", "reason": "planned"}
    issued = await does(site, f"/v1/journeys/{coi}/labels", stage="m01", blank=2, **by)
    await dies_before_anything_is_relayed(site)

    async def applied(event_type: str) -> bool:
        rows = [row for row in await inbox(site.database) if (row.journey, row.type) == (coi, event_type)]
        return [row.status for row in rows] == ["applied"]

    await until(lambda: applied("labels.issued"), "the journey's word on its labels", 60)
    await ward.reports(coi, ["m01", "m02"])
    await until(lambda: ward.hears(coi, "m01", "applied"), "the first milestone", 60)
    await until(lambda: ward.hears(coi, "m02", "held"), "the second, which comes early", 60)
    path = f"/v1/labels/{issued['set']}"
    await does(site, f"{path}/void", numbers=[each["number"] for each in issued["labels"]], **by)
    await site.kill(TEMPORAL)
    await does(site, f"{path}/reconcile", by="nurse-17", witnessed_by="nurse-23")
    await dies_before_anything_is_relayed(site)
    await ward.sees_all_off()
    assert await applied("labels.reconciled")
