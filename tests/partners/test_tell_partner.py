"""The activity: a command reaches its partner once, whatever happens to the answers."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import SQLModel
from starlette.middleware.base import RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.partners import LONGEST_PAUSE, PartnerActivities
from ledger.database import Database
from ledger.tables import PartnerRow
from partners.client import PartnerClient, open_client
from partners.simulator.city import SimulatedPartners
from partners.simulator.config import PARTIES, Faults
from schemas.commands import Acknowledgement, PartnerCommand
from tests.partners.clinic import command
from tests.partners.fake_clew import FakeClew, eventually

BOOKING = command("book_pickup")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
async def database(tmp_path: Path, city: SimulatedPartners) -> AsyncIterator[Database]:
    """Knows the partners of the city."""
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'clew.db'}")
    async with opened.writing() as session:
        await session.run_sync(lambda sync: SQLModel.metadata.create_all(sync.connection()))
        for role, name in PARTIES.items():
            session.add(PartnerRow(name=name, url=city.partners[role].url, updated_at=datetime.now(UTC)))
    yield opened
    await opened.close()


async def told(
    database: Database, client: PartnerClient, attempt: int, asked: PartnerCommand = BOOKING
) -> Acknowledgement:
    """The activity as Temporal runs it, at a given attempt."""
    environment = ActivityEnvironment()
    environment.info = replace(ActivityEnvironment.default_info(), attempt=attempt)
    activities = PartnerActivities(database, client)
    answer = await environment.run(activities.tell_partner, asked)
    assert isinstance(answer, Acknowledgement)
    return answer


async def failure(
    database: Database, client: PartnerClient, attempt: int = 1, asked: PartnerCommand = BOOKING
) -> ApplicationError:
    with pytest.raises(ApplicationError) as failed:
        await told(database, client, attempt, asked)
    return failed.value


async def test_a_partner_takes_a_command(database: Database, client: PartnerClient, clew: FakeClew) -> None:
    taken = await told(database, client, attempt=1)
    (booked,) = await clew.hears("shipment.booked")
    assert booked.subject == taken.reference


async def test_a_lost_answer_is_looked_up_and_nothing_is_sent_again(
    database: Database, client: PartnerClient, city: SimulatedPartners, clew: FakeClew
) -> None:
    city.faults("courier", Faults(commit_then_timeout=1))
    async with open_client(timeout=0.3) as impatient:
        lost = await failure(database, impatient)
    assert lost.type == "partner_unavailable"
    assert not lost.non_retryable

    # The courier still hangs after each command: only a look-up can bring the answer.
    taken = await told(database, client, attempt=2)
    (booked,) = await clew.hears("shipment.booked")
    assert taken.reference == booked.subject
    (asked,) = city.state("courier")["commands"]
    assert (asked["received"], asked["looked_up"], asked["effects"]) == (1, 1, 1)


async def test_a_second_attempt_sends_what_was_never_taken(
    database: Database, client: PartnerClient, city: SimulatedPartners
) -> None:
    async with city.partners["courier"].unreachable():
        assert (await failure(database, client)).type == "partner_unavailable"
    await told(database, client, attempt=2)
    (asked,) = city.state("courier")["commands"]
    assert (asked["received"], asked["effects"]) == (1, 1)


async def test_nothing_is_sent_while_the_outcome_cannot_be_looked_up(
    database: Database, client: PartnerClient, city: SimulatedPartners
) -> None:
    city.faults("courier", Faults(down=1))
    assert (await failure(database, client, attempt=2)).type == "partner_unavailable"
    assert city.state("courier")["commands"] == []


@pytest.mark.parametrize(("asked", "waits"), [(7, timedelta(seconds=7)), (9_999_999, LONGEST_PAUSE)])
async def test_a_partner_that_asks_for_time_gets_it_within_reason(
    asked: int, waits: timedelta, database: Database, client: PartnerClient, city: SimulatedPartners
) -> None:
    city.faults("courier", Faults(down=1, retry_after=asked))
    away = await failure(database, client)
    assert (away.type, away.next_retry_delay) == ("partner_unavailable", waits)
    assert not away.non_retryable


async def test_a_partner_that_names_no_time_is_tried_as_usual(
    database: Database, client: PartnerClient, city: SimulatedPartners
) -> None:
    city.faults("courier", Faults(down=1))
    assert (await failure(database, client)).next_retry_delay is None


async def test_a_refusal_is_not_tried_again(database: Database, client: PartnerClient) -> None:
    refused = await failure(database, client, asked=command("book_pickup", {}))
    assert refused.type == "partner_refused"
    assert refused.non_retryable


async def test_a_partner_that_nobody_registered_may_still_be(database: Database, client: PartnerClient) -> None:
    unknown = await failure(database, client, asked=BOOKING.model_copy(update={"partner": "another-courier"}))
    assert unknown.type == "unknown_partner"
    assert not unknown.non_retryable


async def test_the_command_stays_in_the_trace_of_the_event_that_led_to_it(
    database: Database, client: PartnerClient, city: SimulatedPartners
) -> None:
    seen: list[str] = []

    @city.partners["courier"].partner.app.middleware("http")
    async def look(request: Request, go_on: RequestResponseEndpoint) -> Response:
        seen.append(request.headers["traceparent"])
        return await go_on(request)

    await told(
        database, client, attempt=1, asked=BOOKING.model_copy(update={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    )
    await eventually(lambda: seen)
    assert [each.split("-")[1] for each in seen] == [TRACE]
