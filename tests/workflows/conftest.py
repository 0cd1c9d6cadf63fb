"""Temporal servers for the journey's tests, and a clinic on each."""

import shutil
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from tests.workflows.clinic import Clinic
from tests.workflows.fakes import FakeLedger, FakePartners
from tests.workflows.sandbox import sandbox
from worker.search_attributes import register_search_attributes
from workflows.journey import Journey
from workflows.names import JOURNEY_QUEUE, PARTNER_QUEUE, SEARCH_ATTRIBUTES

IDENTITY = "clinic"
"""What histories say of who wrote them: recorded ones must not name a machine."""


def server_binary(name: str) -> str:
    """A Temporal server that the development environment installs."""
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    assert found is not None, f"{name} is not installed: pip install -e '.[dev]'"
    return found


@asynccontextmanager
async def working(
    client: Client, ledger: FakeLedger, partners: FakePartners, cached: int = 1000
) -> AsyncIterator[None]:
    """Workers with fakes at the edges. A defect in the journey's code fails the journey, so that a test sees it."""
    journeys = Worker(
        client,
        task_queue=JOURNEY_QUEUE,
        workflows=[Journey],
        activities=[ledger.append_facts],
        workflow_runner=sandbox(),
        workflow_failure_exception_types=[Exception],
        max_cached_workflows=cached,
        identity=IDENTITY,
    )
    calls = Worker(client, task_queue=PARTNER_QUEUE, activities=[partners.tell_partner], identity=IDENTITY)
    async with journeys, calls:
        yield


@asynccontextmanager
async def time_skipping_server() -> AsyncIterator[WorkflowEnvironment]:
    """A server whose clock jumps to the next timer."""
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=server_binary("temporal-test-server"),
        data_converter=pydantic_data_converter,
        identity=IDENTITY,
    ) as environment:
        # This server cannot list what is registered, so nothing is looked up first.
        await environment.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=environment.client.namespace,
                search_attributes={
                    key.name: IndexedValueType.ValueType(int(key.indexed_value_type)) for key in SEARCH_ATTRIBUTES
                },
            )
        )
        yield environment


@asynccontextmanager
async def real_server(*options: str) -> AsyncIterator[WorkflowEnvironment]:
    """The server that `clew up` starts, in memory."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=server_binary("temporal"),
        data_converter=pydantic_data_converter,
        identity=IDENTITY,
        dev_server_extra_args=list(options),
    ) as environment:
        await register_search_attributes(environment.client)
        yield environment


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[WorkflowEnvironment]:
    """One real server for the whole run."""
    async with real_server() as environment:
        yield environment


@pytest.fixture
async def patient_clinic() -> AsyncIterator[Clinic]:
    """A clinic whose tests let weeks go by, with a time-skipping server of its own: journeys of other tests would
    keep the clock from jumping."""
    async with time_skipping_server() as environment:
        clinic = Clinic(environment.client, skip=environment.sleep)
        async with working(environment.client, clinic.ledger, clinic.partners):
            yield clinic
            await clinic.closes()


@pytest.fixture
async def clinic(server: WorkflowEnvironment) -> AsyncIterator[Clinic]:
    """A clinic where partners speak as soon as they are asked."""
    clinic = Clinic(server.client)
    async with working(server.client, clinic.ledger, clinic.partners):
        yield clinic
        await clinic.closes()
