"""The guide to labels: its commands are run as they stand, its tables and its picture are the code's."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.label_examples import SET
from cli.main import run
from ledger.migrate import migrate
from schemas.labels import WORDS, LabelStatus, label_number
from tests.api.clinic import PARTIES, PROTOCOL
from tests.api.processes import Api, api_process, free_port
from tests.databases import now, sqlite_url
from tests.docs.label_picture import PICTURE, picture
from tests.docs.pages import ROOT, blocks
from tests.docs.test_guides import section
from tests.waiting import until

PAGE = ROOT / "docs" / "guides" / "labels.md"
GUIDE = PAGE.read_text(encoding="utf-8")
_ROW = re.compile(r"^\| `([\w]+)` \| (.*) \|$", re.MULTILINE)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Api]:
    """An API with a protocol and its parties; nothing listens where its Temporal should be."""
    now(migrate(sqlite_url(tmp_path / "clew.db")))
    with api_process(tmp_path, f"127.0.0.1:{free_port()}") as api:
        now(until(api.is_ready, "the process", seconds=60))
        yield api


def ordered(url: str) -> str:
    """The chain-of-identity id of a patient's journey."""
    with httpx.Client(base_url=url, trust_env=False) as http:
        yaml = {"content-type": "application/yaml"}
        http.post("/v1/protocols", content=PROTOCOL.read_bytes(), headers=yaml).raise_for_status()
        for name in PARTIES.values():
            http.put(f"/v1/partners/{name}", json={"url": "http://127.0.0.1:9"}).raise_for_status()
        order = {"protocol": "autologous-car-t", "order": "ORD-1", "parties": PARTIES}
        return str(http.post("/v1/journeys", json=order).raise_for_status().json()["coi"])


def test_its_commands_do_what_it_says(
    serving: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLEW_API_URL", serving.url)
    coi = ordered(serving.url)
    issue, *rest = (shlex.split(line)[1:] for line in blocks(PAGE, "sh")[0].splitlines())
    assert run([coi if re.fullmatch(r"CLEW\w{17}", each) else each for each in issue]) == 0
    name = capfd.readouterr().out.split()[0]
    known = {SET: name} | {label_number(SET, place): label_number(name, place) for place in (1, 2, 3)}
    for command in rest:
        plain = [each.replace(" ", "") for each in command]
        meant = [coi if re.fullmatch(r"CLEW\w{17}", each) else known.get(each, each) for each in plain]
        assert run(meant) == 0, capfd.readouterr().err
    assert (tmp_path / "labels.pdf").read_bytes().startswith(b"%PDF-")
    told = capfd.readouterr().out
    assert f"{name}  collection  reconciled" in told
    assert told.count("applied") >= 2 and "destroyed" in told


def test_the_picture_is_what_the_code_draws() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(), "draw it again: python -m tests.docs.label_picture"


def test_what_stands_in_its_tables_is_what_the_code_has() -> None:
    assert dict(_ROW.findall(section(GUIDE, "## What stands on it"))) == {
        each.value: words for each, words in WORDS.items()
    }
    assert {name for name, _ in _ROW.findall(section(GUIDE, "## From issue to account"))} == set(LabelStatus)
