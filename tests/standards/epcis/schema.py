"""The standard's own JSON schema of EPCIS 2.0, which is its publisher's and not ours to keep."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

NAME = "epcis-2.0-json-schema.json"
GIVEN = os.environ.get("CLEW_STANDARDS")
FOLDER = Path(GIVEN) if GIVEN else Path(__file__).parents[4] / "shared" / "standards"


@cache
def _validator() -> Any | None:
    path = FOLDER / NAME
    if path.is_file():
        return jsonschema_rs.validator_for(json.loads(path.read_text()), validate_formats=True)
    if GIVEN:
        pytest.fail(f"{NAME} is not in {GIVEN}, where CLEW_STANDARDS says that it is")
    return None


def flaws(document: Any) -> list[str]:
    """What the standard's schema has against a document. Skips the test where the schema is not at hand."""
    if _validator() is None:
        pytest.skip(f"{NAME} is neither in CLEW_STANDARDS nor in ../shared/standards: github.com/gs1/EPCIS has it")
    return known_flaws(document)


def known_flaws(document: Any) -> list[str]:
    """The same for tests that are about something else: nothing where the schema is not at hand."""
    validator = _validator()
    return [f"{each.instance_path}: {each.message}" for each in validator.iter_errors(document)] if validator else []
