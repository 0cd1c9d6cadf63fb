"""What OpenAPI says of a route beside its types: examples of every body, and every refusal."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from api.problems import PROBLEM_JSON, Problem, problem_type
from api.refusals import KINDS
from schemas.errors import CODES

Examples = Mapping[str, Any]
"""A sentence on each example, to the example."""

_WITHOUT_KIND = {"unsupported_media_type": (415, "The route does not read this content type")}


def answer(status: int, description: str, examples: Examples, *, location: bool = False) -> dict[int | str, Any]:
    """An answer of a route, with its examples."""
    found: dict[str, Any] = {
        "description": description,
        "content": {"application/json": {"examples": named(examples)}},
    }
    if location:
        found["headers"] = {"Location": {"description": "Where to look it up.", "schema": {"type": "string"}}}
    return {status: found}


def problems(*codes: str) -> dict[int | str, Any]:
    """The refusals of a route, by status, each code with an example."""
    by_status: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for code in codes:
        problem = _example(code)
        by_status[problem["status"]].append(problem)
    return {status: _refused(examples) for status, examples in by_status.items()}


def request_body(examples: Mapping[str, Any], schemas: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`Examples` of a request's body, by media type; with schemas where no type in the signature gives one."""
    content: dict[str, Any] = {media: {"examples": named(each)} for media, each in examples.items()}
    for media, schema in (schemas or {}).items():
        content[media]["schema"] = schema
    return {"requestBody": {"required": True, "content": content}}


def named(examples: Examples) -> dict[str, Any]:
    """Examples as OpenAPI wants them."""
    return {
        f"example{number}": {"summary": summary, "value": value}
        for number, (summary, value) in enumerate(examples.items(), start=1)
    }


def _example(code: str) -> dict[str, Any]:
    if code in _WITHOUT_KIND:
        status, title = _WITHOUT_KIND[code]
        retry_can_help = False
    else:
        kind = KINDS[code]
        status, title, retry_can_help = kind.status, kind.title, kind.retry_can_help
    problem = Problem(
        type=problem_type(code),
        title=title,
        status=status,
        detail=CODES[code],
        code=code,
        retry_can_help=retry_can_help,
    )
    return problem.model_dump(mode="json", exclude_none=True)


def _refused(examples: list[dict[str, Any]]) -> dict[str, Any]:
    refused: dict[str, Any] = {
        "description": " · ".join(f"`{each['code']}`: {each['detail']}" for each in examples),
        "content": {
            PROBLEM_JSON: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": named({each["code"]: each for each in examples}),
            }
        },
    }
    if any(each["retry_can_help"] for each in examples):
        refused["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}}
    return refused
