"""`clew scan`: a symbol is read where there is no API, and looked up where there is one."""

import io
import json

import pytest

from cli.main import run

SGTIN = "010950600013435221BAG1"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no API."""
    monkeypatch.delenv("CLEW_API_URL", raising=False)
    monkeypatch.setenv("CLEW_API_PORT", "9")


def test_a_symbol_is_read_without_an_api(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", f"]d2{SGTIN}<GS>10LOT-7", "--json"]) == 0
    item, batch = json.loads(capsys.readouterr().out)["parts"]
    assert (item["kind"], item["check"], batch["value"]) == ("sgtin", "passed", "LOT-7")


def test_a_person_is_told_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", "=A99992112345677"]) == 1
    said = capsys.readouterr().out
    assert "the flags say 77 where 63 was expected: scan it again [wrong_check_character]" in said
    assert "A9999211" not in said


def test_a_scanner_can_write_to_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that what is on a wristband stands in no list of processes."""
    monkeypatch.setattr("sys.stdin", io.StringIO("LINDQVIST ANNA\n"))
    assert run(["scan", "-"]) == 0
    assert "LINDQVIST" not in capsys.readouterr().out


def test_a_journey_is_asked_about_over_the_api(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", SGTIN, "--journey", "CLEWYDWJ67KE69S6NHBXI"]) == 3
    assert "api_unavailable" in capsys.readouterr().err
