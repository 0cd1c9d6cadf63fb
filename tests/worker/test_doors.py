"""Partners that keep their own form get their commands in it, by the connector that they are registered with."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from ledger import connectors
from ledger.database import Database
from ledger.registry import register_partner
from partners.connectors.reading import read_connector
from partners.secrets import Secrets
from schemas.deliveries import DeliveryStatus
from schemas.partners import PartnerAddress
from tests.partners.clinic import DETAILS, command
from tests.partners.foreign import SECRET, ForeignSystem
from tests.waiting import until
from tests.worker.neighbours import Journeys, Office
from worker.dispatch.dispatcher import Dispatcher
from worker.dispatch.doors import Doors

DOCUMENT = Path(__file__).parents[2] / "partners" / "connectors" / "documents" / "swiftcold.yaml"
BOOKING = command("book_pickup", {**DETAILS["book_pickup"], "cargo": "starting_material"})


@pytest.fixture
async def foreign() -> AsyncIterator[ForeignSystem]:
    system = ForeignSystem()
    await system.server.start()
    yield system
    await system.server.stop()


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    file = tmp_path / "secrets.yaml"
    file.write_text(f"{BOOKING.partner}:\n  api: [{SECRET}]\n")
    file.chmod(0o600)
    return file


def held(file: Path, text: str) -> str:
    """Change what is in the file of secrets; what was in it."""
    before = file.read_text()
    file.write_text(text)
    return before


async def publish(database: Database, text: str) -> None:
    async with database.writing() as session:
        now = datetime.now(UTC)
        await connectors.publish(session, read_connector(text), by="operator-3", reason="agreed_with_partner", now=now)


@pytest.fixture
async def clew(
    database: Database, http: httpx.AsyncClient, foreign: ForeignSystem, secrets: Path
) -> AsyncIterator[Office]:
    """A worker that knows a courier by its connector."""
    await publish(database, DOCUMENT.read_text(encoding="utf-8"))
    async with database.writing() as session:
        address = PartnerAddress(url=foreign.server.url, connector="swiftcold")
        await register_partner(session, BOOKING.partner, address, datetime.now(UTC))
    journeys = Journeys(database)
    dispatcher = Dispatcher(database, Doors(database, http, Secrets(secrets)).to, journeys)
    async with dispatcher.running(grace=2):
        yield Office(database, journeys, dispatcher)


async def test_a_command_goes_out_in_the_partners_form(clew: Office, foreign: ForeignSystem) -> None:
    await clew.asks(BOOKING)
    await until(lambda: BOOKING.key in clew.journeys.heard, "the outcome of the booking", 15)
    told = clew.journeys.heard[BOOKING.key]
    assert (told.status, told.reference) == (DeliveryStatus.DELIVERED, "SC-1")
    assert [piece["barcode"] for piece in foreign.taken[BOOKING.key]["pieces"]] == ["DN-1-A", "DN-1-B"]


async def test_a_lost_answer_is_looked_up_as_the_connector_says(clew: Office, foreign: ForeignSystem) -> None:
    foreign.loses_answers = True
    await clew.asks(BOOKING)
    await until(lambda: BOOKING.key in clew.journeys.heard, "the outcome of the booking", 15)
    assert [each.kind for each in await clew.attempts(BOOKING)] == ["send", "look_up"]
    assert list(foreign.taken) == [BOOKING.key]


async def test_a_newer_version_counts_from_the_next_attempt_on(
    clew: Office, foreign: ForeignSystem, database: Database
) -> None:
    await clew.asks(BOOKING)
    await until(lambda: BOOKING.key in clew.journeys.heard, "the outcome of the first booking", 15)
    older = DOCUMENT.read_text(encoding="utf-8")
    newer = older.replace("\nversion: 1\n", "\nversion: 2\n").replace("customer_ref:", "client_ref:")
    assert newer != older
    await publish(database, newer)
    again = command("book_pickup", BOOKING.details, visit=2)
    await clew.asks(again)
    await until(lambda: again.key in clew.journeys.heard, "the outcome of the second booking", 15)
    assert foreign.taken[again.key]["client_ref"] == BOOKING.order


async def test_a_partner_whose_secret_is_missing_is_asked_when_it_is_there(
    clew: Office, foreign: ForeignSystem, secrets: Path
) -> None:
    before = held(secrets, "nobody:\n  api: [x]\n")
    await clew.asks(BOOKING)

    async def fails() -> bool:
        return (await clew.delivery(BOOKING)).status == DeliveryStatus.FAILING

    await until(fails, "a delivery that fails for want of a secret", 10)
    assert foreign.taken == {}
    held(secrets, before)
    await until(lambda: BOOKING.key in clew.journeys.heard, "the outcome of the booking", 15)
