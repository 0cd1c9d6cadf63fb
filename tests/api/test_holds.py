"""Identity holds, as people see and sign them; and how journeys hear of them whatever is away."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from ledger import holds
from ledger.database import Database
from schemas.settings import Settings
from tests.api.clinic import Clinic, clinic, fact, started
from tests.waiting import until


async def doubt(clinic: Clinic, ana: str, ben: str, number: int = 2) -> str:
    """Ben's label was scanned on Ana's bag."""
    about = [ana, ben]
    await clinic.record(
        ana,
        fact(number, "deviation.opened", deviation=f"D{number}", code="identity_mismatch", about=about, blocks=True),
    )
    found = (await clinic.http.get("/v1/holds", params={"journey": ben})).json()["items"]
    return str(found[0]["id"])


async def two_patients(clinic: Clinic) -> tuple[str, str]:
    ana, ben = await clinic.patient("ORD-ANA"), await clinic.patient("ORD-BEN")
    await clinic.record(ana, started(number="ORD-ANA"))
    await clinic.record(ben, started(number="ORD-BEN"))
    return ana, ben


async def signs(clinic: Clinic, hold: str, by: str, finding: str = "not_crossed") -> httpx.Response:
    body = {"by": by, "reason": "labels_compared", "finding": finding}
    return await clinic.http.post(f"/v1/holds/{hold}/signatures", json=body)


async def test_nothing_that_is_scanned_agrees_while_identity_is_in_doubt(ward: Clinic) -> None:
    ana, ben = await two_patients(ward)
    hold = await doubt(ward, ana, ben)

    async def scanned() -> dict[str, Any]:
        answer = await ward.http.post("/v1/scan", json={"text": ben, "journey": ben})
        found: dict[str, Any] = answer.json()
        return found

    found = await scanned()
    assert (found["agrees"], found["problem"]["code"]) == (None, "identity_held")
    assert hold in found["problem"]["detail"]
    for person in ("qa-07", "qp-02"):
        await signs(ward, hold, person)
    assert (await scanned())["agrees"] is True


async def test_a_hold_is_listed_and_shown_on_the_page_of_each_of_its_journeys(ward: Clinic) -> None:
    ana, ben = await two_patients(ward)
    hold = await doubt(ward, ana, ben)
    shown = (await ward.http.get(f"/v1/holds/{hold}")).json()
    assert (shown["journey"], shown["sides"]) == (ana, sorted([ana, ben]))
    assert (shown["reason"], shown["finding"], shown["signatures"]) == ("identity_mismatch", None, [])
    for coi in (ana, ben):
        assert (await ward.http.get(f"/v1/journeys/{coi}")).json()["identity_holds"] == [shown]

    await signs(ward, hold, "qa-07")
    closed = (await signs(ward, hold, "qp-02")).json()
    assert [each["by"] for each in closed["signatures"]] == ["qa-07", "qp-02"]
    assert (await ward.http.get(f"/v1/journeys/{ben}")).json()["identity_holds"] == []
    listed = {
        status: [each["id"] for each in (await ward.http.get("/v1/holds", params={"status": status})).json()["items"]]
        for status in ("open", "closed")
    }
    assert listed == {"open": [], "closed": [hold]}


async def test_holds_come_in_pages_the_newest_first(ward: Clinic) -> None:
    ana, ben = await two_patients(ward)
    for number in (2, 3, 4):
        await doubt(ward, ana, ben, number)
    found: list[str] = []
    cursor = None
    while True:
        answer = await ward.http.get("/v1/holds", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        found += [each["id"] for each in answer.json()["items"]]
        cursor = answer.json()["next"]
        if cursor is None:
            break
    # They were opened at the same moment, so their names decide.
    assert len(found) == 3 and found == sorted(set(found), reverse=True)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"by": "qa-07", "reason": "x"}, "malformed"),
        ({"by": "qa-07", "reason": "x", "finding": "perhaps"}, "malformed"),
        ({"by": "Maria Muster", "reason": "x", "finding": "crossed"}, "malformed"),
        ({"by": "qa-07", "reason": "x", "finding": "crossed", "also": 1}, "malformed"),
        ([], "malformed"),
    ],
)
async def test_a_signature_that_cannot_be_read_is_refused_and_changes_nothing(
    desk: Clinic, body: object, code: str
) -> None:
    ana, ben = await two_patients(desk)
    hold = await doubt(desk, ana, ben)
    answer = await desk.http.post(f"/v1/holds/{hold}/signatures", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert "Maria" not in answer.text
    assert (await desk.http.get(f"/v1/holds/{hold}")).json()["signatures"] == []


async def test_what_is_no_hold_is_not_found(desk: Clinic) -> None:
    nowhere = "hold-" + "0" * 20
    assert (await signs(desk, nowhere, "qa-07")).json()["code"] == "unknown_hold"
    assert (await desk.http.get(f"/v1/holds/{nowhere}")).json()["code"] == "unknown_hold"
    assert (await desk.http.get("/v1/holds/hold-1")).json()["code"] == "malformed"


async def test_decisions_that_would_move_a_held_journey_are_refused_while_temporal_is_away(ward: Clinic) -> None:
    """The database knows: the journey need not be asked."""
    ana, ben = await two_patients(ward)
    hold = await doubt(ward, ana, ben)
    said = {"id": "d-1", "by": "dr-lindqvist", "reason": "x"}
    answers = {
        "task": said | {"kind": "task", "task": "T1", "choice": "continue"},
        "lift_hold": said | {"kind": "lift_hold"},
        "hold": said | {"kind": "hold"},
        "cancel": said | {"kind": "cancel"},
    }
    expected = {"task": "identity_held", "lift_hold": "identity_held"}
    for kind, body in answers.items():
        refused = await ward.http.post(f"/v1/journeys/{ben}/decisions", json=body)
        assert refused.json()["code"] == expected.get(kind, "temporal_unavailable"), kind
        assert hold in refused.json()["detail"] or kind not in expected


async def untold(database: Database) -> int:
    async with database.reading() as session:
        return len(await holds.untold(session, 10))


async def test_journeys_hear_of_a_hold_when_temporal_is_back(
    ward: Clinic, temporal: Client, settings_for: Callable[[Client], Settings]
) -> None:
    """It holds all the while: what a journey hears only has it look."""
    ana, ben = await two_patients(ward)
    hold = await doubt(ward, ana, ben)
    assert await untold(ward.database) == 2
    async with clinic(ward.database, settings_for(temporal)):

        async def told() -> bool:
            return await untold(ward.database) == 0

        await until(told, "both journeys are told")
    await signs(ward, hold, "qa-07")
    await signs(ward, hold, "qp-02")
    assert await untold(ward.database) == 2
