"""The guide to identifiers is true: its commands say what it shows, its event is one, its tables are whole."""

import json
import re
import shlex

import pytest

from cli.main import run
from schemas.events import read_event
from schemas.identity import IdentifierKind, isbt_coi, read_coi
from schemas.settings import Settings
from tests.docs.pages import ROOT, blocks
from tests.docs.test_guides import section

PAGE = ROOT / "docs" / "guides" / "identifiers.md"
GUIDE = PAGE.read_text(encoding="utf-8")
(SESSION,) = blocks(PAGE, "console")
TYPED = [part.split("\n", 1) for part in SESSION.removeprefix("$ ").split("\n$ ")]


@pytest.mark.parametrize(("command", "shown"), TYPED, ids=[command for command, _ in TYPED])
def test_a_command_says_what_the_guide_shows(
    command: str, shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLEW_API_URL", raising=False)
    run(shlex.split(command)[1:])
    assert capsys.readouterr().out.strip() == shown.strip()


def test_the_event_shown_is_one() -> None:
    (shown,) = blocks(PAGE, "json")
    assert read_event(json.loads(shown)).type == "identifier.assigned"


def test_every_kind_is_told() -> None:
    table = section(GUIDE, "## A name of a partner's own")
    kinds = {
        name
        for row in table.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert kinds == {kind.value for kind in IdentifierKind}


def test_every_issuer_is_told_with_an_id_of_its_own() -> None:
    table = section(GUIDE, "## Who issues the id")
    told = dict(re.findall(r"^\| `([\w-]+)`[^|]*\| `(\w+)` \|", table, re.MULTILINE))
    assert [read_coi(each) for each in told.values()] == list(told.values())
    for issuer in told:
        Settings.model_validate({"coi_issuer": issuer, "isbt_facility": "A9999"})
    assert told["isbt128-040"] == isbt_coi("A9999", 2026, 5)
