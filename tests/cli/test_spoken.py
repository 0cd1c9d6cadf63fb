"""What commands say to people, who give no `--json`; and what they are told when they slip."""

import typing
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from cli import options
from cli.main import run
from schemas.errors import flaws_of
from schemas.orders import JourneyOrder
from tests.cli.conftest import api_with_partners

Clew = Callable[..., tuple[int, str, str]]

COI = "CLEWYDWJ67KE69S6NHBXI"
"""A well-formed id of nobody."""

OF_A_PERSON = ("--by", "qa-07", "--reason", "labels_compared")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an API whose partners are known and whose Temporal server is not there."""
    with api_with_partners(tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture
def clew(api: str, capfd: pytest.CaptureFixture[str]) -> Clew:
    """Runs a command: its exit code, what it printed, what it said beside that."""

    def answer(*arguments: str, at: str = api) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run([*arguments, "--api", at])
        said = capfd.readouterr()
        return code, said.out, said.err

    return answer


@pytest.fixture
def journey(clew: Clew) -> str:
    clew("protocol", "publish", "--shipped")
    code, coi, said = clew("journey", "start", "ORD-SPOKEN")
    assert code == 0, said
    return coi.strip()


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """A server that is not ours, and answers everything with a page for people."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html>log in</html>")

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_event_that_was_taken_is_named_and_sent_again_is_the_same(clew: Clew, journey: str) -> None:
    said = ("--type", "milestone.reached", "--subject", journey, "--data", '{"milestone": "slot_agreed"}')
    for _ in range(2):
        code, printed, _ = clew("event", "send", *said, "--id", "m-1", "--at", "2026-03-02T15:00:00Z")
        assert (code, printed) == (0, "//cli m-1: received\n")
    assert clew("event", "list", "--journey", journey)[1].count("m-1") == 1


@pytest.mark.parametrize("listed", ["journey", "event", "delivery", "message", "task", "hold", "partner", "protocol"])
def test_every_list_can_be_read(clew: Clew, journey: str, listed: str) -> None:
    code, printed, said = clew(listed, "list")
    assert code == 0, said
    assert printed.splitlines()[0].isupper()


def test_an_id_is_read_as_it_is_printed(clew: Clew, journey: str) -> None:
    in_groups = " ".join(journey[place : place + 4] for place in range(0, len(journey), 4)).lower()
    code, printed, said = clew("journey", "show", in_groups)
    assert code == 0 and journey in printed, said


def test_an_id_that_was_mistyped_is_told_so_before_anybody_is_asked(clew: Clew, journey: str) -> None:
    slip = journey[:-2] + ("0" if journey[-2] != "0" else "1") + journey[-1]
    code, _, said = clew("journey", "show", slip)
    assert code == 2 and "check character" in said
    code, _, said = clew("journey", "show", "ORD-SPOKEN")
    assert code == 2 and "clew journey list --search" in said


@pytest.mark.parametrize("name", ["", ".", "..", "\udcff", "a/b", "a?b", "hold-1"])
@pytest.mark.parametrize(
    "command",
    [
        ("hold", "show"),
        ("delivery", "show"),
        ("message", "show"),
        ("label", "show"),
        ("subscription", "show"),
        ("reading", "show"),
        ("material", "ancestors"),
        ("dossier",),
        ("epcis", "export"),
    ],
    ids=" ".join,
)
def test_no_name_leads_somewhere_else(clew: Clew, command: tuple[str, ...], name: str) -> None:
    code, printed, said = clew(*command, name)
    assert code in (1, 2) and printed == "", said
    assert "[http_" not in said and "[internal]" not in said


@pytest.mark.parametrize(
    "command", [("journey", "list"), ("fhir", "export", COI), ("dossier", COI, "--output", "kept")], ids=" ".join
)
def test_an_answer_that_is_not_clews_is_said_and_never_written(
    clew: Clew, elsewhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept").write_text("what was there")
    code, printed, said = clew(*command, at=elsewhere)
    assert (code, printed) == (3, "") and "is not Clew's API" in said
    assert (tmp_path / "kept").read_text() == "what was there"


def test_a_slip_is_told_in_words(clew: Clew, journey: str) -> None:
    """No regular expression, and no word of the library that found it."""
    person = ("--by", "John Smith", "--reason", "because I say so")
    for command in (("journey", "decide", journey, "hold", *person), ("hold", "sign", "xyz", "crossed", *OF_A_PERSON)):
        code, _, said = clew(*command)
        assert code == 1 and "it should be" in said
        assert "pattern" not in said and "Value error" not in said


def test_a_form_is_said_in_words_wherever_it_stands() -> None:
    with pytest.raises(ValidationError) as refused:
        JourneyOrder.model_validate({"protocol": "til", "order": "ORD 1", "parties": {"courier": "A"}})
    told = [flaw.detail for flaw in flaws_of(refused.value)]
    assert [each.split(" ", 3)[:3] for each in told] == [["it", "should", "be"]] * 2


def test_choices_are_those_of_the_api(api: str) -> None:
    described = httpx.get(f"{api}/openapi.json").json()
    schemas = described["components"]["schemas"]

    def of(path: str) -> set[str]:
        (status,) = [each for each in described["paths"][path]["get"]["parameters"] if each["name"] == "status"]
        (choice, _) = status["schema"]["anyOf"]
        return set(choice["enum"] if "enum" in choice else schemas[choice["$ref"].rpartition("/")[2]]["enum"])

    for path, choices in (
        ("/v1/journeys", options.JourneyStatus),
        ("/v1/events", options.EventStatus),
        ("/v1/deliveries", options.DeliveryStatus),
        ("/v1/messages", options.MessageStatus),
        ("/v1/tasks", options.TaskStatus),
    ):
        assert set(typing.get_args(choices)) == of(path), path


def test_which_clew_this_is(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capfd.readouterr().out.startswith("clew ")


def test_an_argument_that_is_no_text_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", "\udcff"]) == 2
    assert "UTF-8" in capfd.readouterr().err


@pytest.mark.parametrize("url", ["nonsense", "mysql+nosuchdriver://x/y"])
def test_a_database_that_cannot_be_reached_is_told_by_its_setting(
    url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLEW_DATABASE_URL", url)
    assert run(["verify"]) == 1
    said = capfd.readouterr().err
    assert "CLEW_DATABASE_URL" in said and "[bad_setting]" in said


@pytest.mark.parametrize("option", ["--dossier", "--key", "--checkpoint"])
def test_a_file_that_is_not_there_is_no_file_that_was_tampered_with(
    option: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for missing in (tmp_path / "nope", tmp_path):
        assert run(["verify", option, str(missing)]) == 2
        assert "Wrong" not in capfd.readouterr().out


def test_a_file_without_keys_trusts_nobody(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("keys.txt", "a.zip"):
        (tmp_path / name).write_text("\n")
    assert run(["verify", "--dossier", str(tmp_path / "a.zip"), "--key", str(tmp_path / "keys.txt")]) == 1
    assert "holds no public key" in capfd.readouterr().err
