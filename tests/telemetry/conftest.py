"""A process whose telemetry is configured, and put back afterwards."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
import structlog

from schemas.settings import Settings
from telemetry import logs

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Configures the log of a service; returns the lines written since, and sees to it that all went to stderr."""
    out, err = StringIO(), StringIO()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stderr", err)
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    logs.configure(Settings(log_level="info"), "worker")

    def read() -> list[dict[str, Any]]:
        assert out.getvalue() == ""
        written = err.getvalue()
        err.seek(0)
        err.truncate()
        return [json.loads(line) for line in written.splitlines()]

    yield read
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
