"""What happened is followed into what it causes, by the trace that its event came with."""

import gc
import logging

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.waiting import until
from tests.workflows import therapy
from tests.workflows.clinic import Clinic
from tests.workflows.conftest import working

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_a_journey_leaves_a_workers_memory_quietly_while_a_partner_is_asked(
    server: WorkflowEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    clinic = Clinic(server.client)
    clinic.partners.down = {"schedule_collection"}
    with caplog.at_level(logging.ERROR):
        async with working(server.client, clinic.ledger, clinic.partners):
            ana = await clinic.enrols()
            await ana.told("request_evidence")
            for evidence in therapy.evidence_of(ana):
                event = ana.event("evidence.provided", evidence=evidence, reference=f"DOC-{evidence}")
                await ana.send(event.model_copy(update={"traceparent": TRACE}))
            await until(
                lambda: any("schedule_collection" in key for key in clinic.partners.tried), "a partner is asked"
            )
            await clinic.closes()
        gc.collect()
    assert [record.message for record in caplog.records if record.name.startswith("opentelemetry")] == []
