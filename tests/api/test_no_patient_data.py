"""A patient's name sent by mistake stays in the inbox: invariant 6."""

from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from temporalio.client import Client

from ledger.tables import InboxRow
from tests.api.clinic import Clinic, booked, collected, spelt_out
from tests.api.probe import Probe
from tests.waiting import until
from workflows.names import journey_workflow_id

NAME = "Jane Doe"


async def test_a_name_in_an_unknown_field_goes_no_further_than_the_inbox(
    house: Clinic, temporal: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    coi = await house.patient()
    event = collected(coi, patient_name=NAME)
    event["data"]["patient"] = {"name": NAME}
    with capture_logs() as logs:
        answer = await house.say(event)

        async def delivered() -> bool:
            return bool(await temporal.get_workflow_handle(journey_workflow_id(coi)).query(Probe.heard))

        await until(delivered, "the event")
    assert answer.status_code == 202
    async with house.database.reading() as session:
        row = (await session.execute(select(InboxRow))).scalars().one()
    assert row.body == event, "the message is kept whole"
    history = await temporal.get_workflow_handle(journey_workflow_id(coi)).fetch_history()
    told = spelt_out(history.to_json())
    assert "BAG-1" in told, "the search looked where the event is"
    seen = [str(row.event), told, str(logs), *capsys.readouterr(), answer.text]
    seen += [(await house.http.get(path)).text for path in ("/v1/events", f"/v1/journeys/{coi}", "/metrics")]
    assert [each for each in seen if NAME in each or "patient_name" in each] == []


@pytest.mark.parametrize(
    "event",
    [
        booked(NAME),
        booked("SHIP-1", id=NAME),
        booked("SHIP-1", time=NAME),
        booked("SHIP-1", type=NAME),
        booked("SHIP-1", data={"reference": NAME}),
        booked("SHIP-1", data=NAME),
        [booked("SHIP-1"), NAME],
    ],
)
async def test_a_refusal_repeats_nothing_of_what_was_sent(
    desk: Clinic, event: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with capture_logs() as logs:
        answer = await desk.say(event)
    assert answer.status_code == 422
    assert NAME not in answer.text + str(logs) + "".join(capsys.readouterr())


async def test_a_contradiction_names_no_content(desk: Clinic) -> None:
    await desk.say(booked("SHIP-1"))
    answer = await desk.say(booked("SHIP-2", patient_name=NAME))
    assert answer.status_code == 409
    assert NAME not in answer.text and "SHIP" not in answer.text
