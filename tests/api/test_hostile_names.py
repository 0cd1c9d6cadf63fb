"""A NUL byte where a name is asked for: no text of PostgreSQL can hold one, so nothing bears such a name."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.api.clinic import Clinic

NUL = ("%00", "a%00b")
WAITS = {"wait"}
"""Parameters that would have the test wait for what never comes."""


def asked(described: dict[str, Any], coi: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every described request with a NUL in one of its places: method, address, body."""
    for path, methods in described.items():
        names = re.findall(r"{(\w+)}", path)
        for method, operation in methods.items():
            body = _body(operation)
            given = {name: coi if name == "coi" else "x" for name in names}
            for nul in NUL:
                for name in names:
                    yield method.upper(), path.format(**{**given, name: nul}), body
                for parameter in operation.get("parameters", ()):
                    if parameter["in"] == "query" and parameter["name"] not in WAITS:
                        yield method.upper(), f"{path.format(**given)}?{parameter['name']}={nul}", body


def _body(operation: dict[str, Any]) -> dict[str, Any]:
    """The body that the description gives as its example."""
    for media, each in operation.get("requestBody", {}).get("content", {}).items():
        examples = (
            [each["example"]] if "example" in each else [one["value"] for one in each.get("examples", {}).values()]
        )
        for example in examples:
            content = example if isinstance(example, str) else json.dumps(example)
            return {"content": content, "headers": {"content-type": media}}
    return {}


async def test_no_name_with_a_nul_breaks_a_request(ward: Clinic) -> None:
    coi = await ward.patient()
    described = (await ward.http.get("/openapi.json")).json()["paths"]
    requests = list(asked({path: each for path, each in described.items() if path != "/v1/feed/stream"}, coi))
    assert len(requests) > 100
    broken = []
    for method, url, body in requests:
        answer = await ward.http.request(method, url, **body)
        # Temporal is away here, and what needs it may say so.
        if answer.status_code >= 500 and answer.json().get("code") != "temporal_unavailable":
            broken.append((method, url, answer.text))
    assert broken == []


async def test_what_cannot_be_the_name_of_a_delivery_is_malformed(ward: Clinic) -> None:
    by = {"by": "operator-3", "reason": "courier_closed"}
    for name in ("%00", "D0", "D0123456789abcdeF"):
        asked = [await ward.http.get(f"/v1/deliveries/{name}")]
        asked += [
            await ward.http.post(f"/v1/deliveries/{name}/{word}", json=by) for word in ("resend", "confirm", "give-up")
        ]
        assert [(each.status_code, each.json()["code"]) for each in asked] == [(422, "malformed")] * 4, name
