"""One shape of line, whoever speaks; and never what could be a patient's."""

import asyncio
import logging

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from pydantic import BaseModel, ValidationError

from schemas.errors import NotFound
from telemetry.logs import logger
from tests.telemetry.conftest import Lines

NAME = "Ana Brezovnik"


class Age(BaseModel):
    age: int


def test_our_line_has_its_place_time_and_journey(lines: Lines) -> None:
    structlog.contextvars.bind_contextvars(journey="CLEW1")
    logger("relay").info("event_delivered", type="sample.collected")
    (line,) = lines()
    assert list(line)[:4] == ["time", "level", "service", "event"]
    assert line["level"] == "info"
    assert line["service"] == "worker"
    assert line["event"] == "event_delivered"
    assert line["journey"] == "CLEW1"
    assert line["type"] == "sample.collected"
    assert line["time"].endswith("Z")


def test_a_line_within_a_span_carries_its_trace(lines: Lines) -> None:
    with TracerProvider().get_tracer("test").start_as_current_span("receive") as span:
        logger("api").info("event_received")
        logging.getLogger("uvicorn.error").warning("slow")
    trace_id = trace.format_trace_id(span.get_span_context().trace_id)
    assert [line["trace_id"] for line in lines()] == [trace_id, trace_id]


def test_an_access_line_of_uvicorn_tells_the_path_without_the_query(lines: Lines) -> None:
    access = logging.getLogger("uvicorn.access")
    access.info('%s - "%s %s HTTP/%s" %d', "10.0.0.1:5", "GET", f"/v1/journeys?q={NAME}", "1.1", 200)
    (line,) = lines()
    assert (line["event"], line["method"], line["path"], line["status"]) == ("request", "GET", "/v1/journeys", 200)
    assert NAME not in str(line)


def test_a_line_of_temporal_names_the_journey(lines: Lines) -> None:
    about = {"workflow_id": "journey/CLEW1", "activity_type": "tell_partner", "attempt": 3, "activity_id": "7"}
    logging.getLogger("temporalio.activity").warning(
        "Completing activity as failed", extra={"temporal_activity": about}
    )
    (line,) = lines()
    assert (line["journey"], line["activity_type"], line["attempt"]) == ("CLEW1", "tell_partner", 3)


def test_an_exception_is_told_by_type_place_and_cause_but_not_by_its_text(lines: Lines) -> None:
    try:
        try:
            Age.model_validate({"age": NAME})
        except ValidationError as error:
            raise RuntimeError(f"cannot read {NAME}") from error
    except RuntimeError:
        logger("api").exception("failed")
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    ours, theirs = lines()
    for line in (ours, theirs):
        assert NAME not in str(line)
        assert line["exception"]["type"] == "RuntimeError"
        assert line["exception"]["causes"] == ["pydantic_core._pydantic_core.ValidationError"]
        assert line["exception"]["where"][-1].startswith("test_logs.py:")


def test_a_refusal_is_told_by_its_code(lines: Lines) -> None:
    try:
        raise NotFound("unknown_journey", f"no journey of {NAME}")
    except NotFound:
        logger("api").exception("failed")
    (line,) = lines()
    assert line["exception"]["code"] == "unknown_journey"
    assert NAME not in str(line)


async def test_a_lost_exception_of_a_task_is_not_quoted(lines: Lines) -> None:
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    future.set_exception(ValueError(NAME))
    loop.default_exception_handler({"message": "Task exception was never retrieved", "future": future})
    future.exception()
    (line,) = lines()
    assert line["event"] == "Task exception was never retrieved"
    assert NAME not in str(line)


def test_a_value_that_is_not_json_is_told_by_its_type(lines: Lines) -> None:
    logger("api").info("odd", value=Age(age=7))
    assert lines()[0]["value"] == "<Age>"


@pytest.mark.parametrize("chatty", ["httpx", "sqlalchemy.engine"])
def test_libraries_that_would_tell_every_request_are_quiet(lines: Lines, chatty: str) -> None:
    logging.getLogger(chatty).info("HTTP Request: GET http://partner/commands?key=…")
    assert lines() == []
