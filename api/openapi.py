"""The API's own description: complete, and without anything that only the framework says."""

from typing import Any

from fastapi import FastAPI

from api.problems import Problem

SUMMARY = "The orchestrator of cell and gene therapy journeys, from vein to vein."
DESCRIPTION = """\
Partners say what happened (`POST /v1/events`, CloudEvents 1.0); Clew keeps it, brings it to the patient's journey and
says what became of it. People see where every journey is, and decide what only people may decide.

Every refusal is an RFC 9457 problem document with a stable `code`. Lists come in pages: pass `next` as `cursor`.
"""

_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")

TAGS = [
    {"name": "events", "description": "What partners say."},
    {"name": "journeys", "description": "The patients' therapies, and their record."},
    {"name": "materials", "description": "Where material came from, who had it, and what was measured meanwhile."},
    {"name": "decisions", "description": "What people have to decide, and what is not as it should be."},
    {"name": "labels", "description": "Labels, each with a number, until every one is accounted for."},
    {"name": "holds", "description": "Whose cells are in doubt, and what two people found."},
    {"name": "protocols", "description": "Which stages, in which order, under which limits."},
    {"name": "partners", "description": "Where organisations' systems are reached."},
    {"name": "connectors", "description": "How partners' own forms are read and written, and what they sent."},
    {"name": "feed", "description": "The ledger as it goes on."},
    {"name": "fhir", "description": "HL7 FHIR R4: journeys as resources, and orders as ServiceRequests."},
    {"name": "epcis", "description": "Custody in the words of GS1 EPCIS 2.0: asked for, and told."},
    {"name": "messages", "description": "What events and entries look like, for programs."},
    {"name": "proof", "description": "What can be held against us: checkpoints, proofs, dossiers."},
    {"name": "operation", "description": "For those who run Clew."},
]


def describe_api(app: FastAPI) -> None:
    """Have the application serve the description that this module makes."""
    app.summary, app.description, app.openapi_tags = SUMMARY, DESCRIPTION, TAGS
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(plain())
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    """With our problem document in place of the framework's own error."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FRAMEWORKS_OWN:
        schemas.pop(name, None)
    for operation in (each for path in document["paths"].values() for each in path.values()):
        if any(name in str(operation["responses"].get("422")) for name in _FRAMEWORKS_OWN):
            del operation["responses"]["422"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    return document
