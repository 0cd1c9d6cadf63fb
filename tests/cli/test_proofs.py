"""A partner and an inspector with nothing but the commands: keys, a checkpoint, a dossier."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from ledger.database import Database
from tests.cli.conftest import api_in
from tests.ledger.scribe import Scribe, bag, collected, put
from tests.ledger.tampering import run as execute
from tests.ledger.tampering import unlock

Says = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def api(home: Path) -> Iterator[str]:
    with api_in(home, CHECKPOINT_INTERVAL="0.2") as url:
        yield url


@pytest.fixture(scope="module")
def coi(api: str, home: Path) -> str:
    """Ana's journey, on record."""
    ana = Scribe()
    facts = [ana.started(), ana.began("collection")]
    facts.append(ana.heard(collected("e-1", ana.order), materials=[bag("BAG-1")]))
    asyncio.run(on_record(home, ana, *facts))
    return ana.coi


async def on_record(home: Path, scribe: Scribe, *facts: Any) -> None:
    database = Database(f"sqlite+aiosqlite:///{home / 'clew.db'}")
    await put(database, scribe.batch(*facts))
    await database.close()


@pytest.fixture
def says(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Says:
    """Runs a command in the ledger's home: its exit code, and what it says."""
    monkeypatch.setenv("CLEW_HOME", str(home))

    def answer(*arguments: str) -> tuple[int, str]:
        capfd.readouterr()
        code = run(list(arguments))
        return code, capfd.readouterr().out

    return answer


def test_a_dossier_is_written_and_checked_on_a_machine_without_a_ledger(
    api: str, coi: str, says: Says, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, keys, kept = tmp_path / "dossier.zip", tmp_path / "keys.txt", tmp_path / "checkpoint.txt"
    kept.write_text(says("checkpoint", "make")[1])
    keys.write_text(says("checkpoint", "keys", "--api", api)[1])
    assert says("dossier", coi, "--output", str(file), "--api", api)[0] == 0
    monkeypatch.setenv("CLEW_HOME", str(tmp_path / "nowhere"))

    code, said = says("verify", "--dossier", str(file))
    assert code == 0 and "3 entries" in said and "Not proven: that the key is the ledger's" in said
    code, said = says("verify", "--dossier", str(file), "--key", str(keys), "--checkpoint", str(kept))
    assert code == 0 and "the key is" not in said and "you kept" in said
    assert json.loads(says("verify", "--dossier", str(file), "--json")[1])["journey"] == coi
    assert not (tmp_path / "nowhere").exists()

    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    code, said = says("verify", "--dossier", str(file))
    assert code == 1 and said.startswith("Wrong: ")


def test_a_dossier_of_nobody_is_refused(api: str, says: Says, tmp_path: Path) -> None:
    assert says("dossier", "CLEWYDWJ67KE69S6NHBXI", "--api", api)[0] == 1


def test_the_ledger_is_checked_against_its_checkpoints_and_against_one_that_was_kept(
    api: str, coi: str, says: Says, home: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "checkpoint.txt"
    kept.write_text(says("checkpoint", "make")[1])
    assert says("verify", "--checkpoint", str(kept))[0] == 0
    code, said = says("checkpoint", "list", "--api", api)
    assert code == 0 and said.split()[0] == "3"
    kept.write_text(kept.read_text().replace("3\n", "4\n", 1))
    assert says("verify", "--checkpoint", str(kept))[0] == 1

    asyncio.run(cut(home))
    code, said = says("verify")
    assert code == 1 and "Entry 3" in said and "missing" in said
    assert says("checkpoint", "make")[0] == 1, "nothing is signed over it"

    assert says("checkpoint", "restart", "--by", "operator-3", "--reason", "A reason.")[0] == 1
    code, said = says("checkpoint", "restart", "--by", "operator-3", "--reason", "backup_restored")
    assert code == 0 and said.splitlines()[1] == "3", "the two that are left, and the entry that says so"
    code, said = says("verify")
    assert code == 0 and "checkpoints-0001.jsonl" in said


async def cut(home: Path) -> None:
    """The newest entry is taken away, and the head with it."""
    database = Database(f"sqlite+aiosqlite:///{home / 'clew.db'}")
    await unlock(database)
    await execute(database, "DELETE FROM entry WHERE position = 3")
    await execute(database, "UPDATE ledger_head SET position = 2")
    await database.close()
