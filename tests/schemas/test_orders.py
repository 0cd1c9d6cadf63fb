"""Orders: every role of the protocol is bound to an organisation before a journey starts."""

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.errors import Invalid
from schemas.identity import Role, new_coi
from schemas.orders import JourneyOrder, JourneyStart, journey_start
from tests.workflows.clinic import PARTIES, shipped_protocol
from tests.workflows.pure import FIRST_DAY


def order(**more: Any) -> JourneyOrder:
    parties = {role.value: name for role, name in PARTIES.items()}
    return JourneyOrder.model_validate({"protocol": "til", "order": "ORD-1", "parties": parties, **more})


def test_an_order_becomes_a_start_that_carries_its_protocol_for_life() -> None:
    coi, protocol = new_coi(), shipped_protocol("til")
    start = journey_start(order(time_lapse=1000), coi, protocol, FIRST_DAY)
    assert (start.coi, start.order, start.time_lapse) == (coi, "ORD-1", 1000)
    again = JourneyStart.model_validate_json(start.model_dump_json(by_alias=True))
    assert again == start
    assert again.protocol.hash == protocol.hash
    assert start.party(Role.COURIER) == "swift-courier"


@pytest.mark.parametrize("role", list(Role))
def test_a_role_that_is_bound_to_nobody_is_named(role: Role) -> None:
    parties = {each.value: name for each, name in PARTIES.items() if each is not role}
    with pytest.raises(Invalid) as caught:
        journey_start(order(parties=parties), new_coi(), shipped_protocol("til"), FIRST_DAY)
    assert caught.value.code == "party_missing"
    assert [flaw.pointer for flaw in caught.value.errors] == [f"/parties/{role.value}"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"parties": {}},
        {"parties": {"surgeon": "st-marys"}},
        {"parties": {"courier": "Swift Courier Ltd."}},
        {"order": "Ana Lindqvist"},
        {"time_lapse": 0.5},
        {"time_lapse": 0},
        {"version": 0},
        {"protocol": "TIL"},
        {"patient": "Ana Lindqvist"},
    ],
)
def test_an_order_that_cannot_be_read_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        order(**wrong)
