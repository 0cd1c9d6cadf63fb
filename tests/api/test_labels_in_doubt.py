"""While identity is in doubt no bag gets a label: what two people are to compare stays as it is."""

from typing import Any

import pytest

from tests.api.clinic import Clinic, fact
from tests.api.test_holds import doubt, signs, two_patients
from tests.api.test_labels import BY, SIGNED, does, issued, number, refused

LOOKED_ON = {"by": "nurse-17", "verified_by": "nurse-23"}


async def issue_refused(ward: Clinic, coi: str, **asked: Any) -> dict[str, Any]:
    """The problem that labels for the collection are refused with."""
    answer = await ward.http.post(f"/v1/journeys/{coi}/labels", json={"stage": "collection", **BY, **asked})
    assert answer.status_code == 409, answer.text
    problem: dict[str, Any] = answer.json()
    return problem


async def material(ward: Clinic, coi: str, number: int, **changed: Any) -> None:
    """BAG-1 is on record, as it is now."""
    bag = {"id": "BAG-1", "kind": "starting_material", "status": "available", "holder": "collection_centre", **changed}
    hold = "hold-" + "0" * 20
    await ward.record(coi, fact(number, "materials.quarantined", hold=hold, materials=[bag]))


async def test_no_label_is_issued_printed_or_applied_while_identity_is_held(ward: Clinic) -> None:
    ana, ben = await two_patients(ward)
    found = await issued(ward, ben)
    await does(ward, found, "print", numbers=[number(found, 1)], by="nurse-17")
    hold = await doubt(ward, ana, ben)
    before = (await ward.http.get(f"/v1/labels/{found['set']}")).json()
    on_bag = {"number": number(found, 1), "container": "BAG-1", **LOOKED_ON}
    for problem in (
        await issue_refused(ward, ben, containers=["BAG-5"]),
        (await does(ward, found, "print", by="nurse-17", numbers=[number(found, 2)]))[1],
        (await does(ward, found, "apply", **on_bag))[1],
        (await ward.http.get(f"/v1/labels/{found['set']}/sheet", params={"format": "svg"})).json(),
    ):
        assert problem["code"] == "identity_held" and hold in problem["detail"]
    assert (await ward.http.get(f"/v1/labels/{found['set']}")).json() == before
    assert len((await ward.http.get(f"/v1/journeys/{ben}/labels")).json()["items"]) == 1

    await signs(ward, hold, "qa-07")
    await signs(ward, hold, "qp-02")
    assert (await does(ward, found, "apply", **on_bag))[0] == 200
    assert (await does(ward, found, "print", by="nurse-17", numbers=[number(found, 2)]))[0] == 200


async def test_labels_are_taken_out_and_accounted_for_while_identity_is_held(ward: Clinic) -> None:
    ana, ben = await two_patients(ward)
    found = await issued(ward, ben)
    await does(ward, found, "print", by="nurse-17", numbers=[number(found, 1), number(found, 2)])
    await doubt(ward, ana, ben)
    for what, place in (("destroy", 1), ("return", 2), ("void", 3)):
        assert (await does(ward, found, what, numbers=[number(found, place)], **BY))[0] == 200, what
    assert (await does(ward, found, "reconcile", **SIGNED))[0] == 200


@pytest.mark.parametrize(
    "changed", [{"quarantined": True}, {"status": "destroyed"}, {"status": "infused"}], ids=lambda each: str(each)
)
async def test_what_is_put_apart_or_gone_gets_no_label(ward: Clinic, changed: dict[str, Any]) -> None:
    """Not by its own name, nor by a partner's for it; also where the label is blank."""
    (ana, _) = await two_patients(ward)
    found = await issued(ward, ana)
    await does(ward, found, "print", by="nurse-17")
    names = [{"kind": "sgtin", "value": "010950600013435221BAG1", "names": "BAG-1"}]
    await ward.record(ana, fact(2, "hold.placed", reason="x", identifiers=names))
    await material(ward, ana, 3, **changed)
    for place, thing in ((1, "BAG-1"), (3, "BAG-1"), (3, names[0]["value"])):
        on_bag = {"number": number(found, place), "container": thing, **LOOKED_ON}
        assert await refused(ward, found, "apply", **on_bag) == "material_not_available"
        problem = await issue_refused(ward, ana, containers=["BAG-9", thing])
        assert (problem["code"], problem["errors"][0]["pointer"]) == ("material_not_available", "/containers")
    await material(ward, ana, 4)
    assert (await does(ward, found, "apply", number=number(found, 1), container="BAG-1", **LOOKED_ON))[0] == 200
