"""The connection to Temporal that every process makes in the same way."""

import asyncio
from datetime import timedelta

from temporalio.client import Client, KeepAliveConfig
from temporalio.contrib.opentelemetry import OpenTelemetryPlugin
from temporalio.contrib.pydantic import pydantic_data_converter

from schemas.errors import Unavailable
from schemas.settings import Settings

CONNECT_WITHIN = 5.0
"""Seconds: a server that is just starting refuses its first requests."""

_CONNECT_TIMEOUT = timedelta(seconds=3)
_PAUSE = 0.2


def address(settings: Settings) -> str:
    """`host:port` of the server: the one that is set, or where the embedded one listens."""
    return settings.temporal_address or f"127.0.0.1:{settings.temporal_port}"


async def connect(settings: Settings, *, lazy: bool = False) -> Client:
    """A client that speaks our models and carries traces. Raises `Unavailable` (`temporal_unavailable`).

    `lazy`: connects with its first call, so it is there even while the server is away; a worker cannot use it.
    """
    if lazy:
        return await _client(settings, lazy=True)
    try:
        async with asyncio.timeout(CONNECT_WITHIN):
            return await _first_answer(settings)
    except TimeoutError:
        raise Unavailable("temporal_unavailable", f"Temporal does not answer at {address(settings)}.") from None


async def _first_answer(settings: Settings) -> Client:
    while True:
        try:
            return await _client(settings, lazy=False)
        # What the SDK raises when nothing listens.
        except RuntimeError:
            await asyncio.sleep(_PAUSE)


async def _client(settings: Settings, *, lazy: bool) -> Client:
    return await Client.connect(
        address(settings),
        namespace=settings.temporal_namespace,
        data_converter=pydantic_data_converter,
        plugins=[OpenTelemetryPlugin(add_temporal_spans=True)],
        keep_alive_config=KeepAliveConfig(interval_millis=10_000, timeout_millis=5_000),
        connect_timeout=_CONNECT_TIMEOUT,
        lazy=lazy,
    )
