"""Commands reach partners in their own form, and what came of them is never guessed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from partners.connectors.door import ConnectorDoor, connector_door
from partners.connectors.reading import read_connector
from schemas.commands import PartnerCommand
from schemas.deliveries import Outcome
from schemas.errors import Unavailable
from tests.partners.clinic import command
from tests.partners.foreign import SECRET, ForeignSystem, Forgetful, Hospital, Laboratory, Manufacturer

DOCUMENTS = Path(__file__).parents[2] / "partners" / "connectors" / "documents"

PICK_UP = {
    "from": "apheresis-east",
    "to": "cellworks",
    "cargo": "starting_material",
    "containers": ["BAG-1", "BAG-2"],
    "temperature": {"min": 2, "max": 8},
}
BOOKING = command("book_pickup").model_copy(update={"details": PICK_UP})
ORDER = command("place_order").model_copy(update={"details": {"containers": ["BAG-1"]}})
TESTS = command("request_release_tests").model_copy(update={"details": {"batch": "LOT-1", "tests": ["sterility"]}})
MILESTONES = command("request_milestones").model_copy(update={"details": {"milestones": ["interleukin_started"]}})

PARTNERS: dict[str, tuple[type[ForeignSystem], PartnerCommand, str]] = {
    "swiftcold": (ForeignSystem, BOOKING, "SC-1"),
    "assayhub": (Laboratory, TESTS, "REQ-1"),
    "cellforge": (Manufacturer, ORDER, "4711"),
    "fhir-r4": (Hospital, MILESTONES, "sr-1"),
}

BODIES: dict[str, Any] = {
    "swiftcold": {
        "customer_ref": BOOKING.order,
        "from_site": "apheresis-east",
        "to_site": "cellworks",
        "pieces": [{"barcode": "BAG-1", "handling": "bio"}, {"barcode": "BAG-2", "handling": "bio"}],
        "range_f": {"low": 35.6, "high": 46.4},
    },
    "assayhub": {"lot": "LOT-1", "panel": [{"analyte": "STERILITY"}]},
    "cellforge": {
        "order": {"customer_order": ORDER.order, "patient_pseudonym": ORDER.coi, "inputs": [{"label": "BAG-1"}]}
    },
    "fhir-r4": {"code": {"coding": [{"system": "urn:clew:milestone", "code": "interleukin_started"}]}},
}


def door_of(name: str, system: ForeignSystem, http: httpx.AsyncClient) -> ConnectorDoor:
    document = read_connector((DOCUMENTS / f"{name}.yaml").read_text(encoding="utf-8"))
    return connector_door(document, system.server.url, http, lambda _name: [SECRET, "the-old-one"])


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        yield client


@pytest.fixture(params=sorted(PARTNERS))
async def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
async def system(name: str) -> AsyncIterator[ForeignSystem]:
    foreign = PARTNERS[name][0]()
    await foreign.server.start()
    yield foreign
    await foreign.server.stop()


@pytest.fixture
def door(name: str, system: ForeignSystem, http: httpx.AsyncClient) -> ConnectorDoor:
    return door_of(name, system, http)


async def test_a_command_goes_out_in_the_partners_form_and_is_found_again(
    name: str, system: ForeignSystem, door: ConnectorDoor
) -> None:
    _, told, reference = PARTNERS[name]
    assert (await door.look_up(told)).outcome is Outcome.NOT_TAKEN
    for answered in (await door.send(told), await door.look_up(told)):
        assert (answered.outcome, answered.problem) == (Outcome.TAKEN, None)
        assert answered.acknowledgement is not None and answered.acknowledgement.reference == reference
    (body,) = system.taken.values()
    assert BODIES[name].items() <= body.items()


async def test_a_lost_answer_never_becomes_a_second_command(
    name: str, system: ForeignSystem, door: ConnectorDoor
) -> None:
    _, told, reference = PARTNERS[name]
    system.loses_answers = True
    assert (await door.send(told)).outcome is Outcome.UNKNOWN
    again = await door.send(told)
    assert again.outcome is Outcome.TAKEN and again.acknowledgement is not None
    assert (again.acknowledgement.reference, len(system.taken)) == (reference, 1)


async def test_statuses_mean_what_the_document_says(name: str, system: ForeignSystem, door: ConnectorDoor) -> None:
    told = PARTNERS[name][1]
    for status, outcome in (
        (503, Outcome.LATER),
        (422, Outcome.REFUSED),
        (500, Outcome.UNKNOWN),
        (302, Outcome.UNKNOWN),
    ):
        system.broken = Response("Mrs Example", status_code=status, headers={"Retry-After": "7"})
        answered = await door.send(told)
        assert (answered.outcome, answered.status, answered.kept) == (outcome, status, "Mrs Example")
        assert answered.retry_after == timedelta(seconds=7)
        assert "Example" not in str(answered.problem)
    system.broken = Response(status_code=500)
    assert (await door.look_up(told)).outcome is Outcome.UNKNOWN


@pytest.fixture
async def courier(http: httpx.AsyncClient) -> AsyncIterator[ForeignSystem]:
    foreign = ForeignSystem()
    await foreign.server.start()
    yield foreign
    await foreign.server.stop()


@pytest.mark.parametrize("said", [PlainTextResponse("<html>"), JSONResponse({}), Response(), JSONResponse([])])
async def test_an_answer_that_says_nothing_is_not_taken_for_a_no(
    courier: ForeignSystem, http: httpx.AsyncClient, said: Response
) -> None:
    """Taken for a no, the courier would be sent twice."""
    courier.broken = said
    assert (await door_of("swiftcold", courier, http).look_up(BOOKING)).outcome is Outcome.UNKNOWN


async def test_a_partner_that_contradicts_itself_is_a_persons_to_judge(http: httpx.AsyncClient) -> None:
    forgetful = Forgetful()
    await forgetful.server.start()
    try:
        forgetful.taken[BOOKING.key] = {}
        answered = await door_of("swiftcold", forgetful, http).send(BOOKING)
    finally:
        await forgetful.server.stop()
    assert answered.outcome is Outcome.REFUSED and "does not find it" in str(answered.problem)


async def test_what_a_document_cannot_say_is_refused_and_what_it_cannot_ask_is_told(
    courier: ForeignSystem, http: httpx.AsyncClient
) -> None:
    door = door_of("swiftcold", courier, http)
    assert (await door.send(ORDER)).outcome is Outcome.REFUSED
    assert (await door.look_up(ORDER)).outcome is Outcome.NO_LOOK_UP
    unwritable = BOOKING.model_copy(update={"details": PICK_UP | {"temperature": {"min": "cold"}}})
    assert (await door.send(unwritable)).outcome is Outcome.REFUSED
    assert courier.taken == {}


async def test_without_our_secret_or_the_partner_a_command_waits(
    courier: ForeignSystem, http: httpx.AsyncClient
) -> None:
    def none(_name: str) -> list[str]:
        raise Unavailable("secret_missing", "The file of secrets holds no api of coldline.")

    document = read_connector((DOCUMENTS / "swiftcold.yaml").read_text(encoding="utf-8"))
    door = connector_door(document, courier.server.url, http, none)
    assert [(await door.send(BOOKING)).outcome, (await door.look_up(BOOKING)).outcome] == [Outcome.LATER] * 2
    away = connector_door(document, "http://127.0.0.1:1", http, lambda _name: [SECRET])
    assert (await away.send(BOOKING)).outcome is Outcome.LATER


async def test_a_value_cannot_change_where_a_request_goes(courier: ForeignSystem, http: httpx.AsyncClient) -> None:
    courier.broken = Response(status_code=404)
    door = door_of("swiftcold", courier, http)
    form = read_connector((DOCUMENTS / "swiftcold.yaml").read_text(encoding="utf-8")).outbound
    assert form is not None
    for word, path in (("..", "/a/%2E%2E/b"), ("x/../y?z#", "/a/x%2F..%2Fy%3Fz%23/b")):
        told = BOOKING.model_copy(update={"details": PICK_UP | {"to": word}})
        plain = form.commands["book_pickup"].model_copy(update={"path": "/a/{details.to}/b"})
        assert door.request(plain, told).url.raw_path.decode() == path
