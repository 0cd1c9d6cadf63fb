"""What the descriptions for programs say is what is really said.

`asyncapi-3.0.0.json` is the AsyncAPI Initiative's own schema (github.com/asyncapi/spec-json-schemas 6.11.1,
Apache-2.0), without its explanations and examples.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from api.messages import asyncapi, schemas
from ledger.announced import entry_type
from ledger.database import Database
from ledger.feed import Only, read_feed
from ledger.operations import put_operation
from schemas.events import CATALOGUE, DESKS, read_event, wire_type
from schemas.facts import FACTS, Batch, Fact
from schemas.operations import OPERATIONS, OnEvent
from tests.api.clinic import Clinic, collected
from tests.ledger.scribe import MORNING, put
from tests.schemas.examples import EXAMPLES
from tests.workflows.neighbours import Therapy, therapy
from workflows import course

OFFICIAL = json.loads((Path(__file__).parent / "asyncapi-3.0.0.json").read_text(encoding="utf-8"))
WHEN = datetime(2026, 3, 2, 10, tzinfo=UTC)

FROM_PARTNERS = [name for name in CATALOGUE if name not in DESKS]
"""What partners say, and Clew's own desks do not."""


def complaints(name: str, message: Any) -> list[str]:
    """What the schema of a message finds wrong with one."""
    validator = jsonschema_rs.validator_for(schemas()[name])
    return [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(message)]


@pytest.fixture(scope="module")
def ana() -> Therapy:
    """A therapy in which a collection fails, a batch is rejected and a person decides."""
    fails = [("schedule_collection", 1), ("request_disposition", 1)]
    return therapy(fails=fails, batch_rejected="remake").whole()


def test_the_document_is_what_asyncapi_allows() -> None:
    validator = jsonschema_rs.validator_for(OFFICIAL)
    document = asyncapi("0.1.0")
    assert [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(document)] == []
    assert not validator.is_valid({**document, "operations": {"takeEvents": {"action": "hear"}}})


async def test_every_message_of_the_document_has_its_schema_where_it_says(desk: Clinic) -> None:
    document = (await desk.http.get("/v1/asyncapi.json")).json()
    messages = document["components"]["messages"]
    sent = document["channels"]["subscriptions"]["messages"]
    assert set(sent) == {entry_type(name) for name in (*CATALOGUE, *FACTS, *OPERATIONS)}
    around = {name: messages.pop(name)["payload"]["properties"]["data"]["$ref"] for name in sent}
    assert around == {entry_type(name): f"/v1/schemas/{name}" for name in (*CATALOGUE, *FACTS, *OPERATIONS)}
    assert set(messages) == set(schemas())
    assert set(document["channels"]["events"]["messages"]) == {wire_type(name) for name in FROM_PARTNERS}
    assert set(document["channels"]["feed"]["messages"]) == {*CATALOGUE, *FACTS, *OPERATIONS}
    listed = {each["url"] for each in (await desk.http.get("/v1/schemas")).json()["items"]}
    assert {each["payload"]["$ref"] for each in messages.values()} == listed
    for url in sorted(listed):
        schema = (await desk.http.get(url)).json()
        jsonschema_rs.meta.validate(schema)
        assert schema["$id"] == url


async def test_a_message_that_nobody_sends_is_refused(desk: Clinic) -> None:
    answer = await desk.http.get("/v1/schemas/clew.sample.collected.v9")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_message")


@pytest.mark.parametrize("name", FROM_PARTNERS)
def test_an_event_that_we_read_is_as_its_schema_says(name: str) -> None:
    event = collected("ORD-1", type=wire_type(name), data=EXAMPLES[name])
    read_event(event)
    assert complaints(wire_type(name), event) == []


def test_the_schema_of_an_event_finds_what_we_would_refuse() -> None:
    event = collected("ORD-1")
    for name in ("subject", "time", "data"):
        assert complaints("clew.sample.collected.v1", {key: event[key] for key in event if key != name})
    assert complaints("clew.sample.collected.v1", {**event, "type": "clew.batch.released.v1"})
    assert complaints("clew.sample.collected.v1", {**event, "data": {**event["data"], "containers": []}})


async def test_what_a_therapy_puts_on_the_feed_is_as_its_schemas_say(database: Database, ana: Therapy) -> None:
    state = ana.journey.state
    begins = Fact(
        seq=1,
        type="journey.started",
        occurred_at=MORNING,
        actor="clew",
        data=course.started(state).model_dump(mode="json"),
    )
    facts = (begins, *(fact.model_copy(update={"seq": fact.seq + 1}) for fact in ana.journey.facts))
    await put(database, Batch(coi=state.start.coi, facts=facts))
    async with database.writing() as session:
        said = OnEvent(source="//nobody.example", event="evt-1", reason="wrong_number")
        await put_operation(session, "inbox", "event.dismissed", said, "operator-3", MORNING)
    async with database.reading() as session:
        page = await read_feed(session, 0, len(facts) + 1, Only())
    assert len(page.entries) == len(facts) + 1 > 60
    wrong = {entry.type: found for entry in page.entries if (found := complaints(entry.type, json.loads(entry.json)))}
    assert wrong == {}
    assert complaints("stage.began", json.loads(page.entries[0].json))
