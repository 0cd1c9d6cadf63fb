"""`docs/reference.md` and the code say the same: nothing is missing in either."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from prometheus_client.metrics import MetricWrapperBase

from api.app import create_app
from cli.main import app
from schemas.commands import COMMANDS
from schemas.errors import CODES
from schemas.events import CATALOGUE, wire_type
from schemas.facts import FACTS, EventStatus, JourneyStatus
from schemas.identity import Role
from schemas.operations import OPERATIONS
from schemas.settings import Settings
from telemetry import metrics

REFERENCE = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")

_ROW = re.compile(r"^\| `([^`]+)` \| (.*) \|$", re.MULTILINE)


def documented(section: str) -> dict[str, str]:
    """The rows of a section's tables: what is named in the first column, and the rest of the row."""
    found = re.search(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", REFERENCE, re.MULTILINE | re.DOTALL)
    assert found is not None, f"the reference has no section {section!r}"
    return dict(_ROW.findall(found.group(1)))


def routes() -> set[str]:
    described = create_app(Settings()).openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}


def commands(command: Any = None, name: str = "clew") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by what a person types."""
    command = command or typer.main.get_command(app)
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, each in inner.items():
        yield from commands(each, f"{name} {word}")


def counted() -> set[str]:
    return {each._name for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)}


@pytest.mark.parametrize(
    ("section", "names"),
    [
        ("Settings", {f"CLEW_{name.upper()}" for name in Settings.model_fields}),
        ("Commands", {name for name, _ in commands()}),
        ("Routes", routes()),
        ("Events", {wire_type(name) for name in CATALOGUE} | {status.value for status in EventStatus}),
        ("Commands to partners", set(COMMANDS)),
        ("Roles", {role.value for role in Role}),
        ("Journey statuses", {status.value for status in JourneyStatus}),
        ("Facts of the journey's own", set(FACTS)),
        ("Operators' actions", set(OPERATIONS)),
        ("Refusals", set(CODES)),
        ("Metrics", counted()),
    ],
)
def test_a_section_lists_what_there_is_and_nothing_else(section: str, names: set[str]) -> None:
    assert set(documented(section)) == names


def test_a_setting_is_documented_with_its_default_and_its_own_words() -> None:
    for name, field in Settings.model_fields.items():
        default = "unset" if field.default is None else f"`{field.default}`"
        assert documented("Settings")[f"CLEW_{name.upper()}"] == f"{default} | {field.description}"


def test_an_event_is_documented_with_all_its_fields() -> None:
    for name, model in CATALOGUE.items():
        row = documented("Events")[wire_type(name)]
        for field, info in model.model_fields.items():
            assert f"`{field}`{'★' if info.is_required() else ''}" in row, f"{name}: {field}"


def test_refusals_and_commands_to_partners_are_documented_in_the_words_of_the_code() -> None:
    assert documented("Refusals") == CODES
    assert documented("Commands to partners") == COMMANDS


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda each: each if isinstance(each, str) else "")
def test_every_command_has_an_example_of_itself_in_its_help(name: str, command: Any) -> None:
    assert re.search(r"Examples?:\n", command.help), name
    assert f"  {name}" in command.help or f" {name}\n" in f"{command.help}\n", name
