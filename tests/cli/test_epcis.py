"""`clew epcis`: custody out as a document, and in from a partner's file."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from ledger.database import Database
from ledger.migrate import migrate
from tests.api.custody import a_therapy
from tests.api.processes import api_process, free_port
from tests.api.test_epcis_capture import NO_REFERENCE, SHIPPED, STORED
from tests.api.test_epcis_capture import document as written
from tests.databases import now, sqlite_url
from tests.standards.epcis.schema import known_flaws
from tests.waiting import until

Clew = Callable[..., Any]


async def _told(url: str) -> str:
    database = Database(url)
    try:
        return await a_therapy(database)
    finally:
        await database.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URL of an API, and a journey that has come to its end there."""
    home = tmp_path_factory.mktemp("custody")
    url = sqlite_url(home / "clew.db")
    now(migrate(url))
    coi = now(_told(url))
    with api_process(home, f"127.0.0.1:{free_port()}") as api:
        now(until(api.is_ready, "the process", seconds=60))
        yield api.url, coi


@pytest.fixture
def clew(site: tuple[str, str], capfd: pytest.CaptureFixture[str]) -> Clew:
    """Runs a command: what it prints, and how it ends."""

    def answer(*arguments: str) -> tuple[int, str]:
        capfd.readouterr()
        code = run([*arguments, "--api", site[0]])
        said = capfd.readouterr()
        return code, said.out or said.err

    return answer


def test_a_journey_is_exported_as_a_document(site: tuple[str, str], clew: Clew, tmp_path: Path) -> None:
    code, printed = clew("epcis", "export", site[1])
    assert code == 0 and known_flaws(json.loads(printed)) == []
    assert clew("epcis", "export", site[1], "--output", str(tmp_path / "custody.jsonld"))[0] == 0
    assert json.loads((tmp_path / "custody.jsonld").read_text()) == json.loads(printed)
    assert clew("epcis", "export", site[1], "--output", str(tmp_path / "no" / "such.jsonld"))[0] == 2
    code, refused = clew("epcis", "export", "CLEW0000000000000000A")
    assert code == 1 and "unknown_journey" in refused


def test_a_document_is_captured_and_what_became_of_it_is_told(clew: Clew, tmp_path: Path) -> None:
    file = tmp_path / "courier.jsonld"
    file.write_text(json.dumps(written(SHIPPED, STORED)))
    code, printed = clew("epcis", "capture", str(file))
    assert code == 0 and "captured" in printed and "shipment.picked_up (unmatched)" in printed
    file.write_text(json.dumps(written(NO_REFERENCE, STORED)))
    code, printed = clew("epcis", "capture", str(file), "--on-error", "proceed", "--json")
    job = json.loads(printed)
    assert code == 1 and (job["success"], job["captureErrorBehaviour"]) == (False, "proceed")
    file.write_text("{")
    assert clew("epcis", "capture", str(file))[0] == 2
    assert clew("epcis", "capture", str(tmp_path / "missing.jsonld"))[0] == 2
