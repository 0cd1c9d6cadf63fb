"""Every refusal is a problem document, whoever refuses; and a defect tells nothing of what was sent."""

import httpx
import pytest
from fastapi import FastAPI, Request
from structlog.testing import capture_logs

from api import problems
from api.middleware import BodyLimit, Failsafe
from tests.api.clinic import Clinic

MEMBERS = {"type", "title", "status", "detail", "code", "errors", "retry_can_help"}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing/here", 404, "unknown_route"),
        ("GET", "/v1/journeys/x/y/z", 404, "unknown_route"),
        ("DELETE", "/v1/journeys", 405, "method_not_allowed"),
        ("PATCH", "/v1/events", 405, "method_not_allowed"),
        ("POST", "/v1/journeys", 422, "malformed"),
    ],
)
async def test_every_refusal_is_a_problem(desk: Clinic, method: str, path: str, status: int, code: str) -> None:
    answer = await desk.http.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() >= MEMBERS
    assert answer.json()["type"] == f"urn:clew:problem:{code}"


async def test_a_wrong_method_is_told_the_right_ones(desk: Clinic) -> None:
    answer = await desk.http.delete("/v1/events")
    assert answer.headers["allow"] == "GET, OPTIONS, POST"


async def test_broken_json_is_told_from_wrong_json(desk: Clinic) -> None:
    headers = {"content-type": "application/json"}
    broken = await desk.http.post("/v1/journeys", content=b"{", headers=headers)
    assert (broken.status_code, broken.json()["code"]) == (422, "not_json")


async def test_a_defect_says_nothing_of_what_was_sent() -> None:
    """An exception's text may hold what somebody sent: it is neither answered nor logged."""
    app = FastAPI()
    for each in (BodyLimit, Failsafe):
        app.add_middleware(each)
    problems.install(app)

    @app.get("/defect")
    async def defect(request: Request) -> None:
        raise ValueError(f"cannot read {request.query_params['patient']}")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://clew.example") as http:
        with capture_logs() as logs:
            answer = await http.get("/defect", params={"patient": "Jane Doe"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert logs and "Jane" not in answer.text + str(logs)
