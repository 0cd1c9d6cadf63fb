"""Refusals: each by a listed code, with a status, and never with what was sent."""

import ast
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

import schemas
from schemas import errors
from schemas.errors import CODES, ClewError, ConnectorInvalid, Flaw, Invalid, ProtocolInvalid, flaws_of, pointer

HOUSE = Path(schemas.__file__).parent.parent
PACKAGES = (
    "schemas",
    "standards",
    "workflows",
    "activities",
    "ledger",
    "partners",
    "telemetry",
    "worker",
    "api",
    "cli",
    "bench",
)
KINDS = [*ClewError.__subclasses__(), ProtocolInvalid, ConnectorInvalid]
REFUSALS = {"ClewError", *(each.__name__ for each in KINDS)}


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((HOUSE / package).rglob("*.py")):
            with uncollected():
                tree = ast.parse(path.read_text())
            yield path, tree


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage: what is collected may log a traceback, and Python 3.11 cannot parse for it while it parses
    (python/cpython#106905)."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def refusals_imported_by(tree: ast.Module) -> set[str]:
    """The refusals of ours that a module speaks of: other packages have an `Unavailable` of their own."""
    imports = [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom) and each.module == "schemas.errors"]
    return REFUSALS & {alias.asname or alias.name for each in imports for alias in each.names}


def codes_raised() -> Iterator[tuple[str, str]]:
    """Every code that the source gives to a refusal or to an `ApplicationError`, and where."""
    for path, tree in sources():
        ours = refusals_imported_by(tree)
        for call in [each for each in ast.walk(tree) if isinstance(each, ast.Call)]:
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            given = [call.args[0]] if name in ours and call.args else []
            given += [each.value for each in call.keywords if name == "ApplicationError" and each.arg == "type"]
            for each in given:
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    yield each.value, f"{path.relative_to(HOUSE)}:{call.lineno}"


def test_every_code_that_the_source_raises_is_listed() -> None:
    raised = list(codes_raised())
    assert len(raised) > 30
    assert [(code, where) for code, where in raised if code not in CODES] == []


def test_every_code_that_is_listed_is_spoken_somewhere() -> None:
    """A code that nothing raises is a promise that nothing keeps."""
    spoken = {
        each.value
        for path, tree in sources()
        if path != Path(errors.__file__)
        for each in ast.walk(tree)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }
    assert set(CODES) - spoken == set()


def test_a_code_that_is_not_listed_cannot_be_raised() -> None:
    with pytest.raises(AssertionError, match="unlisted"):
        Invalid("no_such_code", "…")


def test_only_what_is_away_is_worth_another_try() -> None:
    tree = {each.__name__: (each.status, each.retry_can_help) for each in ClewError.__subclasses__()}
    assert tree == {
        "Invalid": (422, False),
        "BadRequest": (400, False),
        "Unproven": (401, False),
        "Conflict": (409, False),
        "NotFound": (404, False),
        "Outdated": (412, False),
        "Forbidden": (403, False),
        "TooLarge": (413, False),
        "Unavailable": (503, True),
    }


def test_the_tree_drawn_in_the_module_is_the_tree_that_is() -> None:
    drawn = errors.__doc__ or ""
    for each in ClewError.__subclasses__():
        assert each.__name__.ljust(17) + f"  {each.status}" in drawn
    assert drawn.count("─ ") == len(KINDS)


def test_a_pointer_is_escaped_as_rfc_6901_says() -> None:
    assert pointer([]) == ""
    assert pointer(["stages", 3, "a/b", "m~n"]) == "/stages/3/a~1b/m~0n"


def test_flaws_say_where_and_never_what() -> None:
    class Form(BaseModel):
        age: int

    with pytest.raises(ValidationError) as caught:
        Form.model_validate({"age": "Ana Lindqvist"})
    (flaw,) = flaws_of(caught.value, under="/data")
    assert flaw == Flaw(pointer="/data/age", code="int_parsing", detail=flaw.detail)
    assert "Ana" not in flaw.model_dump_json()
