"""One JSON object a line on standard error, for our lines, uvicorn's and Temporal's alike.

Fields: `time`, `level`, `service`, `event`, `logger`; `journey`, `trace_id` and `span_id` where known; then the
line's own. Standard output is left to what a program reads.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from opentelemetry import trace

from schemas.settings import Settings
from telemetry.redaction import describe

Line = MutableMapping[str, Any]

_CHATTY = ("httpx", "httpcore", "aiosqlite", "alembic", "opentelemetry", "sqlalchemy.engine", "asyncio")
_JOURNEY_PREFIX = "journey/"


def configure(settings: Settings, service: str) -> None:
    """Send every log line of this process to standard error. `service`: `api`, `worker`, `partners`, …"""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _trace_ids,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            pass_foreign_args=True,
            foreign_pre_chain=[*shared, _from_temporal, _from_uvicorn, _from_asyncio],
            processors=[
                _service(service),
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_exception_text,
                structlog.processors.JSONRenderer(sort_keys=False, default=_by_type),
            ],
        )
    )
    _take_over(handler, settings.log_level.upper())


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose lines take fields: `log.info("event_received", type=...)`."""
    found: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return found


def _take_over(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "temporalio"):
        taken = logging.getLogger(name)
        taken.handlers.clear()
        taken.propagate = True
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _service(service: str) -> structlog.types.Processor:
    def add(_logger: Any, _method: str, line: Line) -> Line:
        first = {"time": line.pop("time"), "level": line.pop("level"), "service": service, "event": line.pop("event")}
        return {**first, **line}

    return add


def _trace_ids(_logger: Any, _method: str, line: Line) -> Line:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        line["trace_id"] = trace.format_trace_id(context.trace_id)
        line["span_id"] = trace.format_span_id(context.span_id)
    return line


def _from_temporal(_logger: Any, _method: str, line: Line) -> Line:
    """The journey's id, and what a Temporal line is about, from the context that the SDK hangs on its records."""
    record = line["_record"]
    about = getattr(record, "temporal_workflow", None) or getattr(record, "temporal_activity", None)
    if about:
        line["journey"] = str(about.get("workflow_id", "")).removeprefix(_JOURNEY_PREFIX)
        line.update({key: about[key] for key in ("activity_type", "attempt", "run_id") if key in about})
    return line


def _from_uvicorn(_logger: Any, _method: str, line: Line) -> Line:
    """An access line in fields, without the query: people type what they look for into it."""
    arguments = line.pop("positional_args", ())
    if line["_record"].name == "uvicorn.access" and isinstance(arguments, tuple) and len(arguments) == 5:
        _client, method, path, _version, status = arguments
        line.update(event="request", method=method, path=str(path).partition("?")[0], status=status)
    line.pop("color_message", None)
    return line


def _from_asyncio(_logger: Any, _method: str, line: Line) -> Line:
    """The first line only: the others quote the exception."""
    if line["_record"].name == "asyncio":
        line["event"] = str(line["event"]).partition("\n")[0]
    return line


def _without_exception_text(_logger: Any, _method: str, line: Line) -> Line:
    found = line.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        line["exception"] = describe(error)
    return line


def _by_type(value: Any) -> str:
    """For what is not JSON: its type. Its text could be anything."""
    return f"<{type(value).__name__}>"
