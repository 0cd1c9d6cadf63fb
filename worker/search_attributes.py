"""Makes a namespace fit for journeys: the search attributes, and closed journeys kept long enough to be read."""

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from workflows.names import SEARCH_ATTRIBUTES

RETENTION = timedelta(days=30)
"""How long a closed journey's history stays readable at the least. The ledger keeps the record; this is for operators.

The embedded server's own default of one day would delete a demonstration's journeys overnight.
"""


async def prepare_namespace(client: Client) -> None:
    """Register what is missing; harmless if repeated, and if two workers do it at once."""
    await register_search_attributes(client)
    await keep_closed_journeys(client)


async def register_search_attributes(client: Client) -> None:
    """Add the search attributes that the namespace does not have yet."""
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = {
        key.name: IndexedValueType.ValueType(int(key.indexed_value_type))
        for key in SEARCH_ATTRIBUTES
        if key.name not in known.custom_attributes
    }
    if not missing:
        return
    request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
    try:
        await client.operator_service.add_search_attributes(request)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise


async def keep_closed_journeys(client: Client) -> None:
    """Raise the namespace's retention to `RETENTION` where it is shorter; a longer one is the operator's choice."""
    service = client.workflow_service
    found = await service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    if found.config.workflow_execution_retention_ttl.ToTimedelta() >= RETENTION:
        return
    ttl = Duration()
    ttl.FromTimedelta(RETENTION)
    config = NamespaceConfig(workflow_execution_retention_ttl=ttl)
    await service.update_namespace(UpdateNamespaceRequest(namespace=client.namespace, config=config))
