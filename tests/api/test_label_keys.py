"""Labels that are asked for twice with one key are issued once."""

import asyncio
from typing import Any

import httpx

from ledger.verify import verify
from tests.api.clinic import Clinic
from tests.api.test_labels import BY, does, told

WANTED: dict[str, Any] = {"stage": "collection", "containers": ["BAG-1"], "blank": 1, **BY}


async def asks(ward: Clinic, coi: str, key: str | None, **changed: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key is not None else {}
    return await ward.http.post(f"/v1/journeys/{coi}/labels", json=WANTED | changed, headers=headers)


async def test_the_same_request_twice_is_one_set_as_it_is_now(ward: Clinic) -> None:
    ana, ben = await ward.patient("ORD-ANA"), await ward.patient("ORD-BEN")
    first, beside = await asyncio.gather(asks(ward, ana, "night-shift-1"), asks(ward, ana, "night-shift-1"))
    assert (first.status_code, beside.json()) == (201, first.json())
    found = first.json()
    await does(ward, found, "print", by="nurse-17")
    again = await asks(ward, ana, "night-shift-1")
    assert (again.status_code, again.json()["set"]) == (201, found["set"])
    assert [each["prints"] for each in again.json()["labels"]] == [1, 1]
    assert len(await told(ward, "labels.issued")) == 1
    other = await asks(ward, ana, "night-shift-1", blank=2)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    his = await asks(ward, ben, "night-shift-1", containers=["BAG-2"])
    assert (his.status_code, his.json()["set"] != found["set"]) == (201, True)
    assert (await verify(ward.database, projections=True)).ok


async def test_without_a_key_or_with_another_one_it_is_another_set(desk: Clinic) -> None:
    coi = await desk.patient()
    answers = [await asks(desk, coi, key) for key in (None, None, "a", "b")]
    assert len({each.json()["set"] for each in answers}) == 4
    assert (await asks(desk, coi, "no blanks please")).status_code == 422
