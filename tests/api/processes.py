"""The API in a process of its own, as it runs in production, and as it can be killed."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
SERVE = """
import asyncio
from api.main import serve
from schemas.settings import Settings
asyncio.run(serve(Settings()))
"""


class Api:
    """A process that serves the API on a port of its own."""

    def __init__(self, home: Path, temporal_address: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ,
            "CLEW_HOME": str(home),
            "CLEW_API_PORT": str(port),
            "CLEW_TEMPORAL_ADDRESS": temporal_address,
            "CLEW_RELAY_INTERVAL": "0.05",
        }
        self._process = subprocess.Popen([sys.executable, "-c", SERVE], env=environment, cwd=ROOT)

    def is_ready(self) -> bool:
        """Whether it can acknowledge events by now."""
        try:
            return httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        """Told to stop, it puts everything in order first."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()

    def kill(self) -> None:
        """`kill -9`: it gets no chance to put anything in order."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


@contextmanager
def api_process(home: Path, temporal_address: str) -> Iterator[Api]:
    """An API over the database in this home, killed at the end."""
    api = Api(home, temporal_address)
    try:
        yield api
    finally:
        api.kill()


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
