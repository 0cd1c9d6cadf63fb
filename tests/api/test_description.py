"""The API describes itself whole: every route has words, examples, an owner; nothing comes from elsewhere."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fhir.resources.R4B.operationoutcome import OperationOutcome
from pydantic import TypeAdapter

from api import (
    agreement,
    answers,
    custody_answers,
    custody_examples,
    evidence,
    examples,
    fhir_examples,
    label_examples,
)
from api.app import create_app
from api.callers import CALLERS
from api.cursors import Page
from api.label_answers import LabelSetSummary, LabelSetView
from api.refusals import KINDS
from partners.connectors.reading import read_connector
from schemas.decisions import Decision
from schemas.errors import CODES
from schemas.events import read_event
from schemas.holds import Signing
from schemas.label_desk import ApplyLabel, NewLabelSet, PrintLabels, ReconcileLabels, SettleLabels
from schemas.operations import Said
from schemas.orders import JourneyOrder
from schemas.protocols import read_protocol, read_protocol_yaml
from schemas.readings import Measurement
from schemas.settings import Settings
from schemas.subscriptions import ChangedSubscription, NewSubscription, Replay
from standards.fhir.incoming import read_request
from standards.fhir.ordering import read_order
from tests.api.clinic import Clinic
from tests.standards.fhir.told import model


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(Settings())


@pytest.fixture(scope="module")
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def routes(app: FastAPI) -> Iterator[APIRoute]:
    """Every route of the application, also those that came with a router."""
    ahead = list(app.routes)
    while ahead:
        each = ahead.pop()
        if isinstance(each, APIRoute):
            yield each
        ahead += getattr(getattr(each, "original_router", each), "routes", [])


def calls(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from calls(each)


def test_every_route_says_whom_it_is_for(app: FastAPI) -> None:
    found = {f"{sorted(route.methods or ())} {route.path}": set(calls(route.dependant)) for route in routes(app)}
    assert len(found) > 20, "the routes were not found"
    assert [name for name, called in found.items() if not called & CALLERS] == []


def test_every_route_of_the_design_is_there(document: dict[str, Any]) -> None:
    assert {name for name, _ in operations(document)} == {
        "POST /v1/events",
        "GET /v1/events",
        "POST /v1/events/release",
        "POST /v1/events/dismiss",
        "GET /v1/events/{source}/{event_id}",
        "POST /v1/journeys",
        "GET /v1/journeys",
        "GET /v1/journeys/{coi}",
        "GET /v1/journeys/{coi}/ledger",
        "GET /v1/journeys/{coi}/materials",
        "GET /v1/journeys/{coi}/fhir",
        "GET /fhir/R4/metadata",
        "POST /fhir/R4/ServiceRequest",
        "PUT /fhir/R4/ServiceRequest/{id}",
        "GET /fhir/R4/{kind}",
        "POST /fhir/R4/{kind}/_search",
        "GET /fhir/R4/{kind}/{id}",
        "GET /fhir/R4/{kind}/{id}/_history/{version}",
        "GET /v1/journeys/{coi}/custody",
        "GET /v1/journeys/{coi}/genealogy",
        "GET /v1/materials/{material}/ancestors",
        "GET /v1/materials/{material}/descendants",
        "POST /v1/readings",
        "GET /v1/shipments/{reference}/readings",
        "POST /v1/journeys/{coi}/decisions",
        "GET /v1/journeys/{coi}/identifiers",
        "GET /v1/identifiers/{value}",
        "POST /v1/scan",
        "GET /v1/tasks",
        "GET /v1/deviations",
        "GET /v1/holds",
        "GET /v1/holds/{hold}",
        "POST /v1/holds/{hold}/signatures",
        "POST /v1/journeys/{coi}/labels",
        "GET /v1/journeys/{coi}/labels",
        "GET /v1/labels",
        "GET /v1/labels/{label_set}",
        "GET /v1/labels/{label_set}/sheet",
        "POST /v1/labels/{label_set}/print",
        "POST /v1/labels/{label_set}/apply",
        "POST /v1/labels/{label_set}/destroy",
        "POST /v1/labels/{label_set}/return",
        "POST /v1/labels/{label_set}/void",
        "POST /v1/labels/{label_set}/reconcile",
        "POST /v1/protocols",
        "GET /v1/protocols",
        "GET /v1/protocols/{name}",
        "GET /v1/protocols/{name}/{version}",
        "PUT /v1/partners/{name}",
        "GET /v1/partners",
        "GET /v1/partners/{name}",
        "POST /v1/partners/{name}/messages",
        "POST /v1/connectors",
        "GET /v1/connectors",
        "GET /v1/connectors/{name}",
        "GET /v1/messages",
        "GET /v1/messages/{message_id}",
        "POST /v1/messages/{message_id}/release",
        "POST /v1/messages/{message_id}/dismiss",
        "GET /v1/feed",
        "GET /v1/feed/stream",
        "POST /v1/subscriptions",
        "GET /v1/subscriptions",
        "GET /v1/subscriptions/{subscription}",
        "PATCH /v1/subscriptions/{subscription}",
        "DELETE /v1/subscriptions/{subscription}",
        "POST /v1/subscriptions/{subscription}/enable",
        "POST /v1/subscriptions/{subscription}/replay",
        "POST /v1/subscriptions/{subscription}/rotate-secret",
        "GET /v1/journeys/{coi}/epcis",
        "POST /epcis/v2/capture",
        "GET /epcis/v2/capture",
        "GET /epcis/v2/capture/{job}",
        "POST /epcis/v2/events",
        "GET /epcis/v2/events",
        "GET /epcis/v2/events/{event_id}",
        "GET /epcis/v2/{resource}",
        "GET /epcis/v2/{resource}/{name}/events",
        "GET /v1/asyncapi.json",
        "GET /v1/schemas",
        "GET /v1/schemas/{name}",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "POST /v1/partners/{name}/pause",
        "POST /v1/partners/{name}/resume",
        "POST /v1/partners/{name}/resend",
        "GET /v1/deliveries",
        "GET /v1/deliveries/standings",
        "GET /v1/deliveries/{delivery}",
        "POST /v1/deliveries/{delivery}/resend",
        "POST /v1/deliveries/{delivery}/confirm",
        "POST /v1/deliveries/{delivery}/give-up",
        "GET /v1/checkpoints",
        "GET /v1/checkpoints/latest",
        "GET /v1/checkpoints/keys",
        "GET /v1/checkpoints/consistency",
        "GET /v1/ledger/{position}/proof",
        "GET /v1/journeys/{coi}/dossier",
    }


def test_every_operation_is_named_told_and_shown_by_example(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for name, operation in operations(document):
        assert operation["summary"] and operation["description"] and operation["tags"], name
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for each in [*bodies, *operation["responses"].values()]:
            for media, content in each["content"].items():
                assert content.get("examples") or content.get("example"), f"{name} has no example of {media}"


def test_every_refusal_in_the_description_is_a_problem_with_a_listed_code(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            if int(status) < 400 or " /fhir/" in name:
                continue
            assert list(answer["content"]) == ["application/problem+json"], name
            for each in answer["content"]["application/problem+json"]["examples"].values():
                assert (str(each["value"]["status"]), each["value"]["code"] in CODES) == (status, True)


def test_every_refusal_of_the_fhir_interface_is_an_outcome_with_a_listed_code(document: dict[str, Any]) -> None:
    told = [operation["responses"] for name, operation in operations(document) if " /fhir/" in name]
    refused = [answer for answers in told for status, answer in answers.items() if int(status) >= 400]
    assert refused
    for answer in refused:
        assert list(answer["content"]) == ["application/fhir+json"]
        for each in answer["content"]["application/fhir+json"]["examples"].values():
            OperationOutcome.model_validate(each["value"])
            assert each["value"]["issue"][0]["details"]["coding"][0]["code"] in CODES


@pytest.mark.parametrize(
    ("shown", "kind"),
    [
        (fhir_examples.ORDER, "ServiceRequest"),
        (fhir_examples.REQUEST, "ServiceRequest"),
        (fhir_examples.REVOKED, "ServiceRequest"),
        (fhir_examples.REVOCATION, "ServiceRequest"),
        (fhir_examples.SEARCHSET, "Bundle"),
        (fhir_examples.DOCUMENT, "Bundle"),
        (fhir_examples.CAPABILITY, "CapabilityStatement"),
    ],
)
def test_fhir_examples_are_as_r4_defines_them(shown: dict[str, Any], kind: str) -> None:
    model(kind).model_validate(shown)


def test_the_example_order_can_be_read() -> None:
    assert read_order(read_request(fhir_examples.ORDER)).order == JourneyOrder.model_validate(
        examples.ORDER | {"version": 1}
    )


def test_kinds_are_of_listed_codes() -> None:
    assert set(KINDS) <= set(CODES)


@pytest.mark.parametrize(
    ("shown", "model"),
    [
        (examples.EVENT_RECEIPTS, answers.EventReceipt | answers.BatchReceipt),
        (examples.EVENT, evidence.EventDetail),
        (examples.IDENTIFIER, answers.IdentifierLookup),
        (examples.IDENTIFIER_PAGE, Page[answers.IdentifierView]),
        (examples.SCAN_BODY["application/json"], agreement.ToScan),
        (examples.SCANNED, agreement.Scanned),
        (examples.EVENT_PAGE, Page[answers.EventView]),
        (examples.EVENT_DISMISSED, answers.EventView),
        (examples.EVENT_RELEASED, answers.EventView),
        (examples.DISMISSAL_BODY["application/json"], answers.EventAction),
        (examples.RELEASE_BODY["application/json"], answers.EventAction),
        (examples.ORDER_BODY["application/json"], JourneyOrder),
        (examples.JOURNEY_STARTED, answers.JourneyReceipt),
        (examples.JOURNEY_RECORDED, answers.JourneyReceipt),
        (examples.JOURNEY_PAGE, Page[answers.JourneySummary]),
        (examples.JOURNEY, answers.JourneyDetail),
        (examples.ENTRY_PAGE, Page[answers.EntryView]),
        (examples.FEED, answers.FeedView),
        (examples.NEW_SUBSCRIPTION_BODY["application/json"], NewSubscription),
        (examples.SAID_BODY["application/json"], Said),
        (examples.REPLAY_BODY["application/json"], Replay),
        (examples.SIGNING_BODY["application/json"], Signing),
        (examples.HOLD, answers.HoldView),
        (examples.HOLD_PAGE, Page[answers.HoldView]),
        (examples.SUBSCRIPTION, answers.SubscriptionView),
        (examples.SUBSCRIPTION_CREATED, answers.SubscriptionWithSecret),
        (examples.SUBSCRIPTION_PAGE, Page[answers.SubscriptionView]),
        (examples.CHANGED_SUBSCRIPTION_BODY["application/json"], ChangedSubscription),
        (examples.MESSAGE_LIST, answers.MessageList),
        (examples.MATERIAL_PAGE, Page[answers.MaterialView]),
        (custody_examples.CUSTODY, custody_answers.CustodyList),
        (custody_examples.GENEALOGY, custody_answers.GenealogyView),
        (custody_examples.READINGS_RECEIPT, custody_answers.ReadingsReceipt),
        (custody_examples.SHIPMENT_READINGS, custody_answers.ShipmentReadings),
        (examples.TASK_PAGE, Page[answers.TaskView]),
        (examples.DEVIATION_PAGE, Page[answers.DeviationView]),
        (examples.DECISION_BODY["application/json"], Decision),
        (examples.DECISION_RECEIPT, evidence.DecisionEvidence),
        (examples.PROTOCOL, answers.ProtocolView),
        (examples.PROTOCOL_PAGE, Page[answers.ProtocolSummary]),
        (examples.PARTNER, answers.PartnerView),
        (examples.PARTNER_PAGE, Page[answers.PartnerView]),
        (examples.PARTNER_PAUSED, answers.PartnerView),
        (examples.DELIVERY, answers.DeliveryView),
        (examples.DELIVERY_PAGE, Page[answers.DeliveryView]),
        (examples.DELIVERY_GIVEN_UP, answers.DeliveryView),
        (examples.DELIVERY_DETAIL, answers.DeliveryDetail),
        (examples.STANDINGS, answers.Standings),
        (examples.RESENT, answers.Resent),
        (examples.RESEND_BODY["application/json"], answers.Resend),
        (examples.CONFIRM_BODY["application/json"], answers.Confirmation),
        (examples.CONNECTOR, answers.ConnectorView),
        (examples.CONNECTOR_PAGE, Page[answers.ConnectorSummary]),
        (examples.MESSAGE_RECEIPTS, answers.MessageReceipt),
        (examples.MESSAGE, answers.MessageDetail),
        (examples.MESSAGE_PAGE, Page[answers.MessageView]),
        (examples.MESSAGE_RELEASED, answers.MessageDetail),
        (examples.MESSAGE_DISMISSED, answers.MessageDetail),
        (examples.ACTION_BODY["application/json"], Said),
        (examples.CHECKPOINT, evidence.CheckpointView),
        (examples.CHECKPOINT_PAGE, Page[evidence.CheckpointView]),
        (examples.CHECKPOINT_KEYS, evidence.KeysView),
        (examples.INCLUSION, evidence.InclusionView),
        (examples.CONSISTENCY, evidence.ConsistencyView),
        (examples.READY, answers.Readiness),
        (label_examples.NEW_SET_BODY["application/json"], NewLabelSet),
        (label_examples.PRINT_BODY["application/json"], PrintLabels),
        (label_examples.APPLY_BODY["application/json"], ApplyLabel),
        (label_examples.SETTLE_BODY["application/json"], SettleLabels),
        (label_examples.RECONCILE_BODY["application/json"], ReconcileLabels),
        (label_examples.SET_PAGE, Page[LabelSetSummary]),
        (label_examples.ISSUED, LabelSetView),
        (label_examples.PRINTED, LabelSetView),
        (label_examples.APPLIED, LabelSetView),
        (label_examples.SETTLED, LabelSetView),
        (label_examples.RECONCILED, LabelSetView),
    ],
)
def test_examples_are_what_they_show(shown: dict[str, Any], model: Any) -> None:
    for each in shown.values():
        read = TypeAdapter(model).validate_json(json.dumps(each), by_name=True)
        written = TypeAdapter(model).dump_python(read, mode="json")
        assert set(each) <= set(written), "the example has what the answer has not"


def test_example_events_and_protocols_can_be_read() -> None:
    assert read_event(examples.COLLECTED).subject == examples.COI
    assert read_event(examples.EARLY).type == "shipment.delayed"
    assert read_protocol(examples.PROTOCOL_DOCUMENT) == read_protocol_yaml(examples.PROTOCOL_YAML)


def test_the_example_readings_can_be_read() -> None:
    posted: dict[str, Any] = custody_examples.READINGS_BODY["application/json"]
    for shown in posted.values():
        assert [Measurement.model_validate(each).device for each in shown] == [each["device"] for each in shown]


def test_the_example_connector_can_be_read() -> None:
    assert read_connector(json.dumps(examples.CONNECTOR_DOCUMENT)) == read_connector(examples.CONNECTOR_YAML)


async def test_the_pages_load_nothing_from_elsewhere(desk: Clinic) -> None:
    """A hospital's network lets nothing in."""
    page = (await desk.http.get("/docs")).text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert loaded and not re.search(r"https?://", page)
    for each in loaded:
        assert (await desk.http.get(each)).status_code == 200, each
