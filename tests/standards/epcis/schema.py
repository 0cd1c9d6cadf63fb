"""The standard's own JSON schema of EPCIS 2.0, which is its publisher's and not ours to keep."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

NAME = "epcis-2.0-json-schema.json"
FOLDERS = (os.environ.get("CLEW_STANDARDS"), Path(__file__).parents[4] / "shared" / "standards")


@cache
def _validator() -> Any | None:
    path = next((Path(each) / NAME for each in FOLDERS if each and (Path(each) / NAME).is_file()), None)
    if path is None and FOLDERS[0]:
        pytest.fail(f"{NAME} is not in {FOLDERS[0]}, where CLEW_STANDARDS says that it is")
    return jsonschema_rs.validator_for(json.loads(path.read_text()), validate_formats=True) if path else None


def flaws(document: Any) -> list[str]:
    """What the standard's schema has against a document. Skips the test where the schema is not at hand."""
    if _validator() is None:
        pytest.skip(f"{NAME} is neither in CLEW_STANDARDS nor in ../shared/standards: github.com/gs1/EPCIS has it")
    return known_flaws(document)


def known_flaws(document: Any) -> list[str]:
    """The same for tests that are about something else: nothing where the schema is not at hand."""
    validator = _validator()
    return [f"{each.instance_path}: {each.message}" for each in validator.iter_errors(document)] if validator else []
