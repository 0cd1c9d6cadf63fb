"""`clew partner check` needs neither API nor database; the other commands are the API's routes in words."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.main import run
from tests.api.neighbours import DOCUMENTS, SHIPPED
from tests.cli.test_commands import Clew, api, clew
from tests.docs.pages import ROOT, blocks

__all__ = ["api", "clew"]


def document(name: str) -> str:
    return str(DOCUMENTS / f"{name}.yaml")


def sample(name: str) -> str:
    return str(DOCUMENTS / f"{name}.sample.json")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_connector_is_sound_and_its_sample_becomes_events(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["partner", "check", document(name), "--sample", sample(name), "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["connector"] == name and found["events"]
    assert run(["partner", "check", document(name), "--sample", sample(name)]) == 0
    said = capfd.readouterr().out
    assert all(f"{each['type']} {each['id']} of {each['subject']}" in said for each in found["events"])


def test_a_flaw_is_told_as_compilers_do(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    flawed = tmp_path / "flawed.yaml"
    text = Path(document("swiftcold")).read_text(encoding="utf-8")
    flawed.write_text(text.replace("=details.from", "=details.sender"), encoding="utf-8")
    line = text.splitlines().index("        from_site: =details.from") + 1
    assert run(["partner", "check", str(flawed)]) == 1
    (told,) = capfd.readouterr().err.splitlines()
    assert told.startswith(f"{flawed}:{line}:20: /outbound/commands/book_pickup/body/from_site: details has no sender")
    assert run(["partner", "check", str(flawed), "--json"]) == 1
    (flaw,) = json.loads(capfd.readouterr().err)["errors"]
    assert (flaw["line"], flaw["column"], flaw["code"]) == (line, 20, "unknown_name")


def test_a_sample_that_would_be_quarantined_says_on_which_value(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    strange = tmp_path / "strange.json"
    strange.write_text(Path(sample("swiftcold")).read_text(encoding="utf-8").replace("13:40", "noon"), encoding="utf-8")
    assert run(["partner", "check", document("swiftcold"), "--sample", str(strange)]) == 1
    said = capfd.readouterr().err
    assert "/inbound/events/1/time" in said and '"02.03.2026 noon"' in said


def test_a_command_is_shown_as_it_would_go_out(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = tmp_path / "command.json"
    command.write_text(blocks(ROOT / "docs" / "guides" / "partners.md", "json")[0], encoding="utf-8")
    assert run(["partner", "check", document("swiftcold"), "--command", str(command), "--json"]) == 0
    asked = json.loads(capfd.readouterr().out)["request"]
    assert (asked["method"], asked["path"], asked["body"]["to_site"]) == ("POST", "/v2/shipments", "cellworks")
    assert asked["headers"]["x-request-id"].endswith("/book_pickup/1")
    assert run(["partner", "check", document("swiftcold"), "--command", str(command)]) == 0
    assert "POST /v2/shipments" in capfd.readouterr().out
    assert run(["partner", "check", document("assayhub"), "--command", str(command)]) == 2


def test_messages_are_seen_to_from_the_command_line(clew: Clew, api: str, tmp_path: Path) -> None:
    published = clew("partner", "publish", "--shipped", "--by", "operator-3", "--json")
    assert [each["name"] for each in published] == SHIPPED
    open_to_all = tmp_path / "open.yaml"
    text = Path(document("cellforge")).read_text(encoding="utf-8").replace("connector: cellforge", "connector: open")
    verify = "{by: api_key, secret: webhook, header: X-Cellforge-Key}"
    open_to_all.write_text(text.replace(verify, "{by: nothing}"), encoding="utf-8")
    clew("partner", "publish", str(open_to_all), "--by", "operator-3", "--json")
    httpx.put(f"{api}/v1/partners/mes", json={"url": "http://mes.example", "connector": "open"}).raise_for_status()
    ids = [post(api, {"order": number})["id"] for number in (1, 2)]
    listed = clew("message", "list", "--status", "quarantined", "--partner", "mes", "--json")
    assert {each["id"] for each in listed} == set(ids)
    shown = clew("message", "show", ids[0], "--json")
    assert shown["problem"]["pointer"] == "/inbound/each" and json.loads(shown["body"]) == {"order": 1}
    word = ("--by", "operator-3", "--reason", "test_message", "--json")
    assert clew("message", "release", ids[0], *word)["status"] == "quarantined"
    assert clew("message", "dismiss", ids[0], *word)["status"] == "dismissed"
    assert [each["id"] for each in clew("message", "list", "--status", "dismissed", "--json")] == ids[:1]


def post(api: str, message: Any) -> dict[str, Any]:
    answer = httpx.post(f"{api}/v1/partners/mes/messages", json=message)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found
