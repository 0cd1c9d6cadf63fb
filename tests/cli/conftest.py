"""`clew` as a person runs it: in a home of its own, on ports that nobody else uses."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from cli.stack.ports import free_ports
from ledger.migrate import migrate
from partners.simulator.config import PARTIES

PORTS = ("API_PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT", "PARTNERS_PORT", "WORKER_METRICS_PORT")
READY_WITHIN = 90.0
GONE_WITHIN = 25.0


def until(condition: Callable[[], Any], within: float, what: str) -> Any:
    """The first true value of the condition; fails with `what` when the time is over."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    pytest.fail(f"after {within:.0f} seconds: {what}")


@dataclass
class Up:
    """A running `clew up`, what it has said so far, and every process that it started."""

    process: subprocess.Popen[str]
    output: Path
    seen: dict[int, psutil.Process] = field(default_factory=dict)

    @property
    def said(self) -> str:
        return self.output.read_text()

    def children(self) -> list[psutil.Process]:
        """All processes below it, now; each is remembered, so that it can be looked for when `clew up` is gone."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        self.seen |= {each.pid: each for each in found}
        return found

    def child(self, command: str) -> psutil.Process | None:
        """The process that runs this `clew` command (not its guard), while there is one."""
        return next((each for each in self.children() if _runs(each, command)), None)

    def left_over(self) -> list[psutil.Process]:
        """Which of the processes that were ever seen are still there; psutil tells a re-used pid apart."""
        return [each for each in self.seen.values() if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]

    def api(self) -> str:
        """The API's URL, as soon as it is printed."""
        until(lambda: "/docs" in self.said or self.process.poll() is not None, READY_WITHIN, f"not up: {self.said}")
        assert self.process.poll() is None, self.said
        return self.said.split("API documentation", 1)[1].split()[0].removesuffix("/docs")

    def signal(self, number: signal.Signals) -> int:
        """Send it a signal, to it alone, and wait for its end."""
        self.children()
        self.process.send_signal(number)
        return self.process.wait(GONE_WITHIN)


def _runs(process: psutil.Process, command: str) -> bool:
    try:
        line = process.cmdline()
    except psutil.Error:
        return False
    return line[1:] == ["-P", "-m", "cli.main", command]


@dataclass
class Machine:
    """A machine with Clew on it: a home, and an environment that points to it."""

    folder: Path
    started: list[Up] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CLEW_")}
        return kept | {"CLEW_HOME": str(self.home)} | {f"CLEW_{port}": "0" for port in PORTS}

    def clew(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end. `settings`: environment variables without their prefix."""
        given = {f"CLEW_{name}": value for name, value in settings.items()}
        command = [sys.executable, "-P", "-m", "cli.main", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment | given, capture_output=True, text=True, timeout=200
        )

    def json(self, *arguments: str) -> Any:
        """The JSON document that a command prints."""
        answer = self.clew(*arguments, "--json")
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    def up(self, *arguments: str) -> Up:
        output = self.folder / f"up-{len(self.started)}.txt"
        with output.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "cli.main", "up", *arguments],
                cwd=self.folder,
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.started.append(Up(process, output))
        return self.started[-1]


@contextmanager
def api_in(home: Path, **settings: str) -> Iterator[str]:
    """The URL of an API in a home, whose Temporal server is not there. `settings`: variables without their prefix."""
    asyncio.run(migrate(f"sqlite+aiosqlite:///{home / 'clew.db'}"))
    port, nowhere = free_ports(2)
    given = {"HOME": str(home), "API_PORT": str(port), "TEMPORAL_ADDRESS": f"127.0.0.1:{nowhere}", **settings}
    environment = os.environ | {f"CLEW_{name}": value for name, value in given.items()}
    with (home / "api.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli.main", "api"], env=environment, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    until(lambda: _answers(f"{url}/readyz"), READY_WITHIN, (home / "api.log").read_text())
    yield url
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    for up in machine.started:
        if up.process.poll() is None:
            up.signal(signal.SIGTERM)
        for orphan in up.left_over():
            orphan.kill()


@contextmanager
def api_with_partners(home: Path) -> Iterator[str]:
    """The same, with every partner of the simulated city known to it."""
    with api_in(home) as url:
        for name in PARTIES.values():
            httpx.put(f"{url}/v1/partners/{name}", json={"url": "http://127.0.0.1:9"}).raise_for_status()
        yield url
