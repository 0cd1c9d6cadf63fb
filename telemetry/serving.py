"""`/healthz`, `/readyz` and `/metrics` of a process that has no HTTP of its own."""

import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from schemas.errors import Unavailable

_TIMEOUT = 2.0


def serve_metrics(
    port: int, *, host: str = "127.0.0.1", ready: Callable[[], bool] = lambda: True, also: str | None = None
) -> ThreadingHTTPServer:
    """Serve from a thread of its own until `shutdown()`. `also`: URL of a second page of metrics to append.

    `ready` is asked at each `/readyz`, from that thread. Raises `Unavailable` (`port_in_use`).
    """
    try:
        server = ThreadingHTTPServer((host, port), _handler(ready, also))
    except OSError as error:
        raise Unavailable(
            "port_in_use", f"Port {port}, for the metrics, cannot be listened on; CLEW_WORKER_METRICS_PORT sets it."
        ) from error
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def _handler(ready: Callable[[], bool], also: str | None) -> type[BaseHTTPRequestHandler]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, _metrics(also), CONTENT_TYPE_LATEST)
            elif self.path == "/readyz":
                self._answer(*((200, b"ready\n") if ready() else (503, b"not ready\n")))
            elif self.path == "/healthz":
                self._answer(200, b"alive\n")
            else:
                self._answer(404, b"")

        def _answer(self, status: int, body: bytes, content_type: str = "text/plain") -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Scrapes are not news."""

    return Page


def _metrics(also: str | None) -> bytes:
    ours = generate_latest()
    if also is None:
        return ours
    try:
        with urllib.request.urlopen(also, timeout=_TIMEOUT) as answer:
            theirs: bytes = answer.read()
    except OSError:
        return ours
    return ours + theirs
