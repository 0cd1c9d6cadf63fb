"""The guides and the code say the same: stage kinds, their fields, flaws, commands, messages."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main
import yaml

from api import examples
from api.answers import FeedView
from api.app import create_app
from cli.main import app
from ledger.dossier import form
from ledger.dossier.views import VIEWS
from schemas.commands import COMMANDS, PartnerCommand
from schemas.errors import ProtocolInvalid
from schemas.event_data import HandOver
from schemas.events import CATALOGUE, read_event
from schemas.protocols import Protocol, read_protocol, read_protocol_yaml
from schemas.settings import Settings
from schemas.stages import Stage, StageBase
from tests.docs.pages import ROOT, blocks
from workflows.stages import KINDS

GUIDES = ROOT / "docs" / "guides"
PROTOCOLS = (GUIDES / "protocols.md").read_text(encoding="utf-8")
PARTNERS = (GUIDES / "partners.md").read_text(encoding="utf-8")

_FIELD = re.compile(r"^\| `(\w+)`(★?) \|", re.MULTILINE)
_FLAW = re.compile(r"^\| `(\w+)` \| .* \| `(\[.*\])` \|$", re.MULTILINE)

MODELS: dict[str, type[StageBase]] = {
    get_args(model.model_fields["kind"].annotation)[0]: model for model in get_args(get_args(Stage)[0])
}


def section(text: str, heading: str) -> str:
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"there is no section {heading!r}"
    return found.group(1)


def fields(text: str) -> dict[str, bool]:
    """The fields of a section's table, and whether each is required."""
    return {name: bool(star) for name, star in _FIELD.findall(text)}


def test_every_stage_kind_has_a_section() -> None:
    assert set(re.findall(r"^### `(\w+)`$", PROTOCOLS, re.MULTILINE)) == set(MODELS) == set(KINDS)


@pytest.mark.parametrize("kind", MODELS)
def test_a_stage_kind_is_described_with_all_its_fields(kind: str) -> None:
    common = fields(section(PROTOCOLS, "## Stage kinds"))
    own = {info.alias or name: info.is_required() for name, info in MODELS[kind].model_fields.items()}
    told = common | fields(section(PROTOCOLS, f"### `{kind}`"))
    if kind == "follow_up":
        told["due"] = False
    assert told == own


@pytest.mark.parametrize("kind", MODELS)
def test_a_stage_kind_is_described_with_all_that_it_hears(kind: str) -> None:
    hears = section(PROTOCOLS, f"### `{kind}`").partition("Hears:")[2]
    assert set(re.findall(r"`([\w.]+)`", hears)) == set(KINDS[kind].steps)


def test_the_fields_of_the_document_are_those_of_a_protocol() -> None:
    assert set(fields(section(PROTOCOLS, "## The document"))) == set(Protocol.model_fields)


def test_the_example_is_a_protocol() -> None:
    (example,) = blocks(GUIDES / "protocols.md", "yaml")
    assert read_protocol_yaml(example).protocol == "collection-and-return"


@pytest.mark.parametrize(("code", "stages"), _FLAW.findall(PROTOCOLS))
def test_a_flaw_is_found_as_the_guide_says(code: str, stages: str) -> None:
    document = {"protocol": "flawed", "version": 1, "title": "Flawed", "stages": yaml.safe_load(stages)}
    with pytest.raises(ProtocolInvalid) as refused:
        read_protocol(document)
    assert code in {flaw.code for flaw in refused.value.errors}


def test_every_flaw_of_ours_has_an_example() -> None:
    source = (ROOT / "schemas" / "protocols.py").read_text(encoding="utf-8")
    ours = set(re.findall(r'code="(\w+)"', source)) | set(re.findall(r'_flaw\(protocol, stage, "\w+", "(\w+)"', source))
    assert ours - {"not_yaml"} <= {code for code, _ in _FLAW.findall(PROTOCOLS)}


def test_every_command_is_described_with_what_it_carries() -> None:
    table = section(PARTNERS, "## Serve: take a command")
    first_column = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    assert {name for cell in first_column for name in re.findall(r"`(\w+)`", cell)} == set(COMMANDS)


def test_the_messages_shown_are_messages() -> None:
    command, event = (json.loads(block) for block in blocks(GUIDES / "partners.md", "json"))
    assert PartnerCommand.model_validate(command).model_dump(mode="json", exclude={"traceparent"}) == command
    assert read_event(event).type == "shipment.picked_up"


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "decisions").glob("0*.md")), ids=lambda page: page.stem)
def test_a_decision_is_told_whole_and_enforced_where_it_says(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    parts = ["Context.", "Decision.", "Consequences.", "Alternatives.", "Enforced in"]
    assert re.findall(r"^\*\*(.+?)\*\*", text, re.MULTILINE) == parts
    named = re.findall(r"`((?:\w+/)+(?:[\w-]+\.\w+)?)`", text)
    assert [each for each in named if not (ROOT / each).exists()] == []


def test_the_answer_shown_is_one_of_the_feed_and_every_query_is_told() -> None:
    (shown,) = blocks(GUIDES / "feed.md", "json")
    assert FeedView.model_validate_json(shown).next == 42
    described = create_app(Settings()).openapi()["paths"]["/v1/feed"]["get"]["parameters"]
    told = fields(section((GUIDES / "feed.md").read_text(encoding="utf-8"), "## Read it page by page"))
    assert set(told) == {each["name"] for each in described}


DOSSIER = GUIDES / "dossier.md"


def test_the_members_of_a_dossier_are_those_that_are_told() -> None:
    told = re.findall(r"^\| `([\w.]+)` \|", section(DOSSIER.read_text(encoding="utf-8"), "## The file"), re.MULTILINE)
    signed = {form.README, form.ABOUT, form.ENTRIES, form.OPERATIONS, form.PROOFS, form.CHECKPOINT, form.KEYS}
    made = {form.MANIFEST, form.REPORT, *VIEWS}
    assert set(told) == signed | made
    assert f"`{form.FORMAT}`" in DOSSIER.read_text(encoding="utf-8")


def test_the_checkpoint_shown_is_the_one_of_the_description() -> None:
    (shown,) = blocks(DOSSIER, "note")
    assert shown.split("\n\n")[0] == examples.CHECKPOINT_NOTE.split("\n\n")[0]


def test_the_commands_of_the_dossier_guide_are_commands() -> None:
    typed = re.findall(r"^clew (.+?)(?: +[>#].*)?$", "\n".join(blocks(DOSSIER, "text")), re.MULTILINE)
    assert len(typed) == 6
    for line in typed:
        words = line.split()
        command: Any = typer.main.get_command(app)
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        options = {name for each in command.params for name in each.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


def test_the_guide_to_identity_shows_an_event_and_commands_as_they_are() -> None:
    page = GUIDES / "identity.md"
    (event,) = blocks(page, "json")
    said = read_event(json.loads(event))
    assert said.data == json.loads(event)["data"]
    commands = [line for block in blocks(page, "text") for line in block.splitlines()]
    assert len(commands) == 4
    for line in commands:
        _, *words = line.split()
        command: Any = typer.main.get_command(app)
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        # Raises where a word or an option is not one of the command's.
        command.make_context("clew", list(words))


def test_the_guide_to_identity_names_every_hand_over() -> None:
    table = section((GUIDES / "identity.md").read_text(encoding="utf-8"), "## What is compared")
    named = {name for row in table.splitlines() for name in re.findall(r"`([\w.]+\.\w+)`", row.partition("|")[2])}
    hand_overs = {name for name, model in CATALOGUE.items() if issubclass(model, HandOver)}
    assert named == hand_overs
