"""Every refusal under the FHIR interface as an OperationOutcome, whoever refused: the problem document, translated.

Done around everything, because a refusal can come before any route is found: too long a body, no such path, a defect.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import PROBLEM_JSON
from standards.fhir import systems
from standards.fhir.capability import MEDIA_TYPE
from standards.fhir.systems import Element

FHIR = "/fhir/R4"
PROBLEM = systems.ours("problem")

_ISSUE_OF = {
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    409: "conflict",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
    503: "transient",
}
"""FHIR's issue type (R4, value set issue-type) by status; what can be read only wrongly is `invalid`."""

_ELSEWHERE = ("query", "header", "path")
_TYPE = re.compile(rf"{FHIR}/([A-Z][A-Za-z]{{0,60}})(?:/|$)")


class OperationOutcomes:
    """Translates problem documents on their way out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_fhir(scope):
            await self.app(scope, receive, send)
            return
        held: Message | None = None
        body = b""

        async def translated(message: Message) -> None:
            nonlocal held, body
            if message["type"] == "http.response.start" and _is_problem(message):
                held = message
            elif held is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body"):
                    answer = _translated(body, scope["path"])
                    MutableHeaders(raw=held["headers"]).update(
                        {"content-type": MEDIA_TYPE, "content-length": str(len(answer))}
                    )
                    await send(held)
                    await send({"type": "http.response.body", "body": answer})

        await self.app(scope, receive, translated)


def outcome(problem: dict[str, Any], kind: str = "") -> Element:
    """A problem document as an OperationOutcome. `kind`: the type of the resource that was sent, for expressions."""
    issue = "exception" if problem["status"] >= 500 and problem["status"] != 503 else _ISSUE_OF.get(problem["status"])
    return {"resourceType": "OperationOutcome", "issue": list(_issues(problem, issue or "invalid", kind))}


def ignored(names: tuple[str, ...]) -> Element:
    """What a search says that was asked for more than it knows."""
    issues = [
        {
            "severity": "warning",
            "code": "not-supported",
            "details": _details("unknown_search_parameter", "The parameter was ignored."),
            "expression": [f"http.{name}"],
        }
        for name in names
    ]
    return {"resourceType": "OperationOutcome", "issue": issues}


def _issues(problem: dict[str, Any], issue: str, kind: str) -> Iterator[Element]:
    first: Element = {"severity": "error", "code": issue, "details": _details(problem["code"], problem["detail"])}
    if problem.get("trace_id"):
        first["diagnostics"] = f"trace {problem['trace_id']}"
    yield first
    for flaw in problem.get("errors", ()):
        yield {
            "severity": "error",
            "code": issue,
            "details": _details(problem["code"], flaw["detail"]),
            "expression": [expression(flaw["pointer"], kind)],
        }


def expression(place: str, kind: str) -> str:
    """A JSON pointer as FHIRPath: `/identifier/0/value` is `ServiceRequest.identifier[0].value`."""
    parts = place.removeprefix("/").split("/") if place else []
    if parts and parts[0] in _ELSEWHERE:
        return ".".join(["http", *parts[1:]])
    named = [f"[{part}]" if part.isdecimal() else f".{part}" for part in parts]
    return f"{kind or 'Resource'}{''.join(named)}"


def _details(code: str, text: str) -> Element:
    return {"coding": [{"system": PROBLEM, "code": code}], "text": text}


def _is_fhir(scope: Scope) -> bool:
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return f"{path}/".startswith(f"{FHIR}/")


def _is_problem(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith(PROBLEM_JSON)


def _translated(body: bytes, path: str) -> bytes:
    found = _TYPE.search(path)
    return json.dumps(outcome(json.loads(body), found[1] if found else "")).encode()
