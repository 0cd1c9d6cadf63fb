"""A label of ours that is scanned leads to its journey, and says whether anybody may rely on it."""

from typing import Any

import pytest

from schemas.labels import label_number
from tests.api.clinic import Clinic
from tests.api.test_identifiers import scan
from tests.api.test_labels import BY, does, issued, number

LOOKED_ON = {"by": "nurse-17", "verified_by": "nurse-23"}

SPELLINGS = ["{}", "(93){}", "(8004)4012345{}", "]d293{}"]


async def with_a_label(ward: Clinic) -> tuple[str, str, dict[str, Any]]:
    """Ana, whose first label is on BAG-1; Ben, who has none."""
    ana, ben = await ward.patient("ORD-ANA"), await ward.patient("ORD-BEN")
    found = await issued(ward, ana)
    await does(ward, found, "print", by="nurse-17")
    await does(ward, found, "apply", number=number(found, 1), container="BAG-1", **LOOKED_ON)
    return ana, ben, found


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_a_label_agrees_with_its_own_journey_and_not_with_another(desk: Clinic, spelling: str) -> None:
    ana, ben, found = await with_a_label(desk)
    text = spelling.format(number(found, 1))
    shown = await scan(desk, text, ana)
    assert (shown["journeys"], shown["agrees"], shown["parts"][0]["problem"]) == ([ana], True, None)
    leads_to = {"kind": "label", "value": number(found, 1), "names": "BAG-1", "journey": ana}
    assert shown["parts"][0]["leads_to"] == leads_to
    assert (await scan(desk, text, ben))["agrees"] is False


async def test_a_label_of_another_journey_beside_this_ones_id_does_not_agree(ward: Clinic) -> None:
    ana, ben, found = await with_a_label(ward)
    shown = await scan(ward, f"(93){number(found, 1)}(91){ben}", ben)
    assert (shown["journeys"], shown["agrees"]) == (sorted([ana, ben]), False)


@pytest.mark.parametrize(
    ("what", "code"), [("destroy", "label_destroyed"), ("return", "label_returned"), ("void", "label_void")]
)
async def test_a_label_that_should_not_be_there_is_a_problem(desk: Clinic, what: str, code: str) -> None:
    ana, ben, found = await with_a_label(desk)
    assert (await does(desk, found, what, numbers=[number(found, 3)], **BY))[0] == 200
    for text in (number(found, 3), f"(93){number(found, 3)}(91){ana}"):
        shown = await scan(desk, text, ana)
        assert (shown["agrees"], shown["parts"][0]["problem"]["code"]) == (None, code)
        assert (await scan(desk, text, ben))["agrees"] is False


async def test_a_label_that_nobody_printed_or_issued_is_a_problem(desk: Clinic) -> None:
    ana = await desk.patient()
    found = await issued(desk, ana)
    nobodys = label_number("LSAAAAAAAAAA", 1)
    for name, code in ((number(found, 1), "label_not_printed"), (nobodys, "unknown_label")):
        shown = await scan(desk, f"(93){name}(91){ana}", ana)
        assert (shown["agrees"], shown["parts"][0]["problem"]["code"]) == (None, code)
