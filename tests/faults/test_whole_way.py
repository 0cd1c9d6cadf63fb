"""One journey through all of Clew, and what can be seen of it afterwards: no patient's name, and one trace an event."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

from ledger.tables import EntryRow, InboxRow
from partners.simulator.city import SimulatedPartners
from standards.fhir.told import TYPES
from tests.faults.afterwards import inbox, nothing_was_lost_or_done_twice
from tests.faults.gossip import NAME, Gossip
from tests.faults.neighbourhood import all_treated, journeys_of, neighbourhood
from tests.faults.site import API, TEMPORAL, WORKER, Site
from tests.faults.spans import CLIENT, SERVER, Span
from tests.standards.fhir.told import hold_to_standard, of_type
from tests.waiting import until
from workflows.names import journey_workflow_id

pytestmark = pytest.mark.timeout(300)

SEED = 78


@dataclass(frozen=True)
class Told:
    """A journey that is over, told by partners who gossip."""

    site: Site
    city: SimulatedPartners
    gossip: Gossip
    coi: str


@pytest.fixture(scope="module")
async def told(running: Site, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    await running.made_whole()
    home = tmp_path_factory.mktemp("whole")
    async with (
        Gossip(running.url) as gossip,
        neighbourhood(running, home, SEED, protocol="autologous-car-t", api_url=gossip.url) as city,
    ):
        await all_treated(running, city, within=200)
        await nothing_was_lost_or_done_twice(running, city)
        (coi,) = await journeys_of(running, city)
        yield Told(running, city, gossip, coi)


async def test_a_name_that_partners_slip_in_is_nowhere_but_in_the_inbox(told: Told) -> None:
    await all_that_can_go_wrong_with_a_name_in_it(told)
    places = await everything_that_can_be_seen(told)

    # Each place is read as it is: it knows of the journey, or of what the process did.
    assert [place for place, (content, sign) in places.items() if sign not in content] == []
    assert [_around(content) for content, _ in places.values() if NAME.encode() in content] == []
    bodies = [json.dumps(row.body) for row in await inbox(told.site.database) if row.journey == told.coi]
    assert len(bodies) > 30 and all(NAME in body for body in bodies)


def _around(content: bytes) -> bytes:
    """Where the name was found."""
    at = content.index(NAME.encode())
    return content[max(0, at - 200) : at + 50]


async def all_that_can_go_wrong_with_a_name_in_it(told: Told) -> None:
    """Requests that are refused, each with the name where the mistake is."""
    http, event = told.site.http, {"Content-Type": "application/cloudevents+json"}
    envelope = {"specversion": "1.0", "id": "x", "source": "/x", "type": "clew.milestone.reached.v1", "subject": "X"}
    refused = [
        await http.post("/v1/events", content=f'{{"{NAME}', headers=event),
        await http.post("/v1/events", json=envelope | {"time": NAME}, headers=event),
        await http.post("/v1/events", json=envelope | {"type": NAME}, headers=event),
        await http.post("/v1/events", json=[NAME], headers={"Content-Type": f"text/{NAME}"}),
        await http.post("/v1/journeys", json={"order": f"{NAME} ?", NAME: NAME}),
        await http.post(f"/v1/journeys/{told.coi}/decisions", json={"kind": NAME, "by": NAME, "reason": NAME}),
        await http.get(f"/v1/journeys/{NAME}"),
        await http.get("/v1/journeys", params={"q": NAME, "cursor": NAME}),
        await http.get(f"/{NAME}"),
        await http.post("/fhir/R4/ServiceRequest", json={"resourceType": NAME, "subject": NAME, "id": NAME}),
        await http.get("/fhir/R4/ServiceRequest", params={NAME: NAME}, headers={"Prefer": "handling=strict"}),
        await http.get("/fhir/R4/ServiceRequest", params={"_lastUpdated": NAME}),
        await http.get(f"/fhir/R4/{NAME}/{NAME}"),
    ]
    assert [answer.status_code for answer in refused if not 400 <= answer.status_code < 500] == []


async def everything_that_can_be_seen(told: Told) -> dict[str, tuple[bytes, bytes]]:
    """Every place where Clew leaves something, with a sign that it is the right one."""
    site, coi = told.site, told.coi.encode()
    await until(lambda: any(told.coi.encode() in each for each in site.spans.raw), "the journey's spans")
    places = {
        "history": (await histories(told), coi),
        "visibility": (await described(told), coi),
        "ledger": (await ledger_of(told), coi),
        "fhir": (await page(f"{site.url}/v1/journeys/{told.coi}/fhir"), coi),
        "spans": (b"\n".join(site.spans.raw), coi),
        "worker's log": (site.log(WORKER).read_bytes(), coi),
        "api's log": (site.log(API).read_bytes(), b'"service": "api"'),
        "temporal's log": (site.log(TEMPORAL).read_bytes(), b""),
        "api's metrics": (await page(f"{site.url}/metrics"), b"clew_events_received"),
        "worker's metrics": (await page(_worker_metrics(site)), b"clew_commands_sent"),
    }
    for file in site.settings.home.glob("temporal.db*"):
        places[file.name] = (file.read_bytes(), b"")
    everything = b"".join(content for place, (content, _) in places.items() if place.startswith("temporal.db"))
    return {**places, "temporal.db and its journal": (everything, coi)}


async def histories(told: Told) -> bytes:
    """All events of the journey's run as they are stored: payloads, headers, memo, summaries, failures."""
    handle = (await told.site.temporal()).get_workflow_handle(journey_workflow_id(told.coi))
    return b"".join([event.SerializeToString() async for event in handle.fetch_history_events()])


async def described(told: Told) -> bytes:
    handle = (await told.site.temporal()).get_workflow_handle(journey_workflow_id(told.coi))
    return (await handle.describe()).raw_description.SerializeToString()


async def ledger_of(told: Told) -> bytes:
    """Every column of the entries, and of the inbox all but the body."""
    async with told.site.database.reading() as session:
        entries = (await session.execute(select(EntryRow).where(col(EntryRow.journey) == told.coi))).scalars().all()
        rows = (await session.execute(select(InboxRow).where(col(InboxRow.journey) == told.coi))).scalars().all()
    seen: list[dict[str, Any]] = [each.model_dump() for each in entries]
    seen += [row.model_dump(exclude={"body"}) for row in rows]
    return json.dumps(seen, default=str).encode()


async def page(url: str) -> bytes:
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.get(url)).content


def _worker_metrics(site: Site) -> str:
    return f"http://127.0.0.1:{site.settings.worker_metrics_port}/metrics"


async def test_one_trace_leads_from_a_partners_event_to_the_command_that_it_caused(told: Told) -> None:
    event = await the_event(told, "sample.collected")
    trace = str(event.event["traceparent"]).split("-")[1]
    key = f"{told.coi}/to_manufacturer/book_pickup/1"

    def complete() -> bool:
        return any(each.name == "tell book_pickup" for each in told.site.spans.of(trace))

    await until(complete, "the spans of the command")
    spans = told.site.spans.of(trace)
    received = only(spans, "clew-api", kind=SERVER, name="POST /v1/events")
    relayed = only(spans, "clew-api", name="SignalWorkflow:sample.collected")
    heard = only(spans, "clew-worker", name="HandleSignal:sample.collected")
    told_ = [each for each in spans if each.name == "tell book_pickup"]
    called = [each for each in spans if each.service == "clew-worker" and each.sent.kind == CLIENT]
    assert {received.trace, relayed.trace, heard.trace} == {trace}
    assert told_ and all(each.service == "clew-worker" for each in told_)
    assert {each.parent for each in called} & {each.id for each in told_}
    # The partner is called in that trace, by the span that we see.
    sent = told.gossip.commands[key]["traceparent"].split("-")
    assert sent[1] == trace
    assert sent[2] in {each.id for each in called}


async def test_the_whole_therapy_is_told_in_fhir(told: Told) -> None:
    document = json.loads(await page(f"{told.site.url}/v1/journeys/{told.coi}/fhir"))
    resources = [each["resource"] for each in document["entry"]]
    for each in resources:
        hold_to_standard(each)
    assert {each["resourceType"] for each in resources} >= set(TYPES) - {"Task"}
    (order,) = of_type(resources, "ServiceRequest")
    assert order["status"] == "completed"
    given = [each for each in of_type(resources, "Procedure") if each["code"]["coding"][0]["code"] == "infusion"]
    assert given and {each["status"] for each in given} == {"completed"}


async def the_event(told: Told, event_type: str) -> InboxRow:
    (found,) = [row for row in await inbox(told.site.database) if (row.journey, row.type) == (told.coi, event_type)]
    return found


def only(spans: list[Span], service: str, name: str, kind: int | None = None) -> Span:
    found = [each for each in spans if (each.service, each.name) == (service, name) and kind in (None, each.sent.kind)]
    assert len(found) == 1, sorted((each.service, each.name) for each in spans)
    return found[0]
