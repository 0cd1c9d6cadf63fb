"""Temporal as the API sees it: there, or away for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import Client, RPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from schemas.errors import Unavailable

Result = TypeVar("Result")
Connect = Callable[[], Awaitable[Client]]
"""Makes a client that connects with its first call."""

_AWAY = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.ABORTED,
        RPCStatusCode.UNKNOWN,
    }
)


class TemporalLink:
    """One client for the process, made when it is first needed."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._client: Client | None = None
        self.state: Literal["unknown", "reachable", "away"] = "unknown"

    async def call(self, work: Callable[[Client], Awaitable[Result]], within: float) -> Result:
        """What `work` returns. Raises `Unavailable` (`temporal_unavailable`) if Temporal does not answer in time.

        Anything that Temporal does answer, a refusal too, goes to the caller as it is.
        """
        try:
            async with asyncio.timeout(within):
                result = await work(await self._connected())
        # RuntimeError: what a client that is not connected yet raises when nothing listens.
        except (TimeoutError, RuntimeError, OSError, RPCTimeoutOrCancelledError) as error:
            raise self._away() from error
        except RPCError as error:
            if error.status in _AWAY or _no_namespace(error):
                raise self._away() from error
            self.state = "reachable"
            raise
        self.state = "reachable"
        return result

    async def probe(self, within: float) -> None:
        """Ask whether Temporal serves; `state` has the answer."""
        try:
            await self.call(lambda client: client.service_client.check_health(), within)
        except (Unavailable, RPCError):
            self.state = "away"

    async def _connected(self) -> Client:
        if self._client is None:
            self._client = await self._connect()
        return self._client

    def _away(self) -> Unavailable:
        self.state = "away"
        return Unavailable("temporal_unavailable", "Temporal does not answer.")


def _no_namespace(error: RPCError) -> bool:
    """A server that has just started does not know its namespaces yet: no word on any workflow."""
    details = error.grpc_status.details
    return any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in details)
