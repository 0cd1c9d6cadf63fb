"""The operator's desk over HTTP: what waits for partners, and what a person does about it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.deliveries import Asker, put
from ledger.lanes import Tried, Turn, take_turn
from ledger.tables import DeliveryRow
from schemas.deliveries import AttemptKind, Outcome
from schemas.identity import new_coi
from tests.api.clinic import Clinic
from tests.partners.clinic import command

BY = {"by": "operator-3", "reason": "courier_closed"}
COURIER = "coldline"


async def pickup(ward: Clinic, *outcomes: Outcome, partner: str = COURIER) -> str:
    """The id of a delivery after these attempts."""
    order = command("book_pickup", coi=new_coi()).model_copy(update={"partner": partner})
    async with ward.database.writing() as session:
        row = await put(session, order, Asker("journey", "run", "1"), datetime.now(UTC))
    for outcome in outcomes:
        await attempt(ward, row, outcome)
    return row.id


async def attempt(ward: Clinic, row: DeliveryRow, outcome: Outcome) -> None:
    now = datetime.now(UTC)
    tried = Tried(row.number, AttemptKind.SEND, now, outcome, "no", 503, "back at noon", 0.25)
    async with ward.database.writing() as session:
        assert await take_turn(session, Turn(row.partner, "worker", lambda _: 0, tried=[tried]), now)


async def act(ward: Clinic, path: str, **said: Any) -> Any:
    answer = await ward.http.post(path, json={**BY, **said})
    return answer.json() if answer.is_success else (answer.status_code, answer.json()["code"])


async def ledger(ward: Clinic) -> list[tuple[str, str]]:
    return [(each["type"], each["actor"]) for each in (await ward.http.get("/v1/feed")).json()["items"]]


async def test_what_waits_is_listed_by_what_is_asked_for(ward: Clinic) -> None:
    failing, waiting = await pickup(ward, Outcome.LATER), await pickup(ward)
    other = await pickup(ward, partner="qc-lab")

    async def listed(**query: str) -> list[str]:
        return [each["id"] for each in (await ward.http.get("/v1/deliveries", params=query)).json()["items"]]

    assert await listed() == [failing, waiting, other]
    assert await listed(status="failing") == [failing]
    assert await listed(partner="qc-lab") == [other]
    first = (await ward.http.get("/v1/deliveries", params={"limit": "2"})).json()
    assert [each["id"] for each in first["items"]] == [failing, waiting]
    assert await listed(cursor=first["next"]) == [other]
    shown = first["items"][0]
    assert await listed(journey=shown["journey"]) == [failing]
    assert (shown["attempts"], shown["reason"]) == (1, "no")
    assert 0 <= shown["age"] < 60


async def test_a_delivery_is_shown_with_what_its_partner_answered(ward: Clinic) -> None:
    shown = (await ward.http.get(f"/v1/deliveries/{await pickup(ward, Outcome.LATER, Outcome.LATER)}")).json()
    assert shown["details"]["containers"] == ["DN-1-A", "DN-1-B"]
    assert [(each["number"], each["outcome"], each["answer"]) for each in shown["tried"]] == [
        (2, "later", "back at noon"),
        (1, "later", "back at noon"),
    ]


async def test_how_it_stands_with_partners(ward: Clinic) -> None:
    await pickup(ward, Outcome.LATER)
    await pickup(ward)
    (standing,) = (await ward.http.get("/v1/deliveries/standings")).json()["items"]
    assert (standing["partner"], standing["failing"], standing["waiting"]) == (COURIER, 1, 1)
    assert standing["resting_until"] is not None


async def test_one_is_resent_with_other_details(ward: Clinic) -> None:
    delivery = await pickup(ward, Outcome.LATER)
    resent = await act(ward, f"/v1/deliveries/{delivery}/resend", details={"containers": ["DN-9"]})
    assert (resent["status"], resent["changed"]) == ("failing", True)
    assert (await ward.http.get(f"/v1/deliveries/{delivery}")).json()["details"] == {"containers": ["DN-9"]}
    assert await ledger(ward) == [("delivery.changed", "operator-3"), ("delivery.resent", "operator-3")]


async def test_one_of_unknown_outcome_is_confirmed(ward: Clinic) -> None:
    delivery = await pickup(ward, Outcome.UNKNOWN)
    settled = await act(ward, f"/v1/deliveries/{delivery}/confirm", reference="CL-7")
    assert (settled["status"], settled["reference"], settled["next_attempt_at"]) == ("delivered", "CL-7", None)


async def test_one_is_given_up_and_not_twice(ward: Clinic) -> None:
    delivery = await pickup(ward)
    given_up = await act(ward, f"/v1/deliveries/{delivery}/give-up")
    assert (given_up["status"], given_up["reason"]) == ("given_up", "courier_closed")
    assert await act(ward, f"/v1/deliveries/{delivery}/give-up") == (409, "delivery_settled")
    assert await ledger(ward) == [("delivery.given_up", "operator-3")]


async def test_a_partner_is_paused_resumed_and_all_of_it_resent(ward: Clinic) -> None:
    await pickup(ward)
    paused = await act(ward, f"/v1/partners/{COURIER}/pause")
    assert (paused["paused_by"], paused["paused_reason"]) == ("operator-3", "courier_closed")
    assert (await act(ward, f"/v1/partners/{COURIER}/resume"))["paused_at"] is None
    assert await act(ward, f"/v1/partners/{COURIER}/resend") == {"partner": COURIER, "resent": 1}
    assert [kind for kind, _ in await ledger(ward)] == ["partner.paused", "partner.resumed", "partner.resent"]


async def test_a_new_address_leaves_a_partner_paused(ward: Clinic) -> None:
    await act(ward, f"/v1/partners/{COURIER}/pause")
    put_again = await ward.http.put(f"/v1/partners/{COURIER}", json={"url": "http://elsewhere", "rate": 5})
    assert put_again.json()["paused_by"] == "operator-3"
    assert (put_again.json()["url"], put_again.json()["rate"]) == ("http://elsewhere", 5)


async def test_what_is_asked_wrongly_is_refused_by_name_and_changes_nothing(ward: Clinic) -> None:
    delivery, refused = await pickup(ward), await pickup(ward, Outcome.REFUSED)
    assert await act(ward, "/v1/deliveries/D0123456789abcdef/give-up") == (404, "unknown_delivery")
    assert await act(ward, "/v1/partners/nobody/pause") == (404, "unknown_partner")
    assert await act(ward, f"/v1/deliveries/{delivery}/confirm") == (409, "delivery_not_unknown")
    assert await act(ward, f"/v1/deliveries/{delivery}/resend", details=[]) == (422, "malformed")
    assert await act(ward, f"/v1/deliveries/{delivery}/give-up", reason="Ana Example is ill") == (422, "malformed")
    assert await ledger(ward) == []
    # Its journey has no open task about it, so nobody would hear what becomes of it.
    assert await act(ward, f"/v1/deliveries/{refused}/resend") == (409, "delivery_settled")


@pytest.mark.parametrize("body", [{"url": "http://x", "at_once": 0}, {"url": "http://x", "rate": 0}])
async def test_a_pace_that_lets_nothing_through_is_refused(desk: Clinic, body: dict[str, Any]) -> None:
    answer = await desk.http.put(f"/v1/partners/{COURIER}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
