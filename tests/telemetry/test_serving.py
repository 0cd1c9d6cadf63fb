"""The page that operators scrape, and the answer that an orchestrator waits for."""

from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import httpx
import pytest

from schemas.errors import Unavailable
from telemetry.metrics import RELAY_WAITING
from telemetry.serving import serve_metrics


def url(server: ThreadingHTTPServer, path: str) -> str:
    return f"http://127.0.0.1:{server.server_port}{path}"


@pytest.fixture
def ready() -> list[bool]:
    return [False]


@pytest.fixture
def server(ready: list[bool]) -> Iterator[ThreadingHTTPServer]:
    server = serve_metrics(0, ready=lambda: ready[0])
    yield server
    server.shutdown()
    server.server_close()


def test_it_is_alive_before_it_is_ready(server: ThreadingHTTPServer, ready: list[bool]) -> None:
    assert httpx.get(url(server, "/healthz")).status_code == 200
    assert httpx.get(url(server, "/readyz")).status_code == 503
    ready[0] = True
    assert httpx.get(url(server, "/readyz")).status_code == 200


def test_its_metrics_include_those_of_the_core(server: ThreadingHTTPServer) -> None:
    RELAY_WAITING.set(3)
    second = serve_metrics(0, also=url(server, "/metrics"))
    page = httpx.get(url(second, "/metrics")).text
    second.shutdown()
    second.server_close()
    assert page.count("clew_relay_waiting 3.0") == 2


def test_metrics_are_there_even_while_the_core_is_not() -> None:
    alone = serve_metrics(0, also="http://127.0.0.1:9/metrics")
    page = httpx.get(url(alone, "/metrics"))
    alone.shutdown()
    alone.server_close()
    assert page.status_code == 200
    assert "clew_relay_waiting" in page.text


def test_a_port_in_use_is_told_with_its_setting(server: ThreadingHTTPServer) -> None:
    with pytest.raises(Unavailable, match="CLEW_WORKER_METRICS_PORT"):
        serve_metrics(server.server_port)
