"""`clew demo`: what a newcomer, and the continuous integration, run to see that all of it works."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli import demo
from cli.main import run
from cli.stack.findings import Findings, check_record
from ledger.database import Database
from ledger.migrate import migrate
from ledger.tables import InboxRow, JourneyRow
from schemas.settings import Settings
from tests.cli.conftest import Machine

PROMISED = {
    "journeys",
    "completed",
    "cancelled",
    "events",
    "ledger_entries",
    "ledger_verified",
    "checkpoints",
    "invariants_broken",
    "wall_s",
}
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'clew.db'}"
    await migrate(url)
    database = Database(url)
    yield database
    await database.close()


@pytest.mark.timeout(300)
def test_two_patients_are_treated_and_nothing_is_left_behind(machine: Machine, temporary: Path) -> None:
    report = machine.json("demo", "--journeys", "2", "--seed", "4")

    assert report.keys() >= PROMISED
    assert report["journeys"] == report["completed"] + report["cancelled"] == 2
    assert report["events"] > 0
    assert report["ledger_entries"] > report["events"]
    assert report["ledger_verified"] is True
    assert report["checkpoints"] > 0
    assert report["invariants_broken"] == 0
    assert report["problems"] == []
    assert list(temporary.iterdir()) == []
    assert not machine.home.exists()


async def test_a_patient_who_is_not_through_and_a_lost_event_are_named(database: Database, tmp_path: Path) -> None:
    async with database.writing() as session:
        session.add(_journey("CLEW1", "ORD-1", status="completed", stages=""))
        session.add(_journey("CLEW2", "ORD-2", status="running", stages="manufacture"))
        session.add(_event("received"))
    findings = Findings()

    await check_record(Settings(home=tmp_path), database, 3, findings)

    said = "; ".join(findings.problems)
    assert "ORD-2 (CLEW2) has not ended: running, at manufacture" in said
    assert "ORD-1" not in said
    assert "2 journeys were ordered, not 3" in said
    assert "1 acknowledged events were not judged" in said


def test_when_something_is_wrong_the_exit_code_says_so_and_the_home_is_kept(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "_run", lambda *_: Findings(problems=["something is wrong"]))

    assert run(["demo", "--json"]) == 1

    report = json.loads(capsys.readouterr().out)
    assert report["problems"] == ["something is wrong"]
    assert [str(each) for each in temporary.iterdir()] == [report["home"]]


def _journey(coi: str, order: str, *, status: str, stages: str) -> JourneyRow:
    return JourneyRow(
        coi=coi,
        order_number=order,
        request_hash="0",
        protocol="til",
        version=1,
        protocol_hash="0",
        parties={},
        ordered_at=NOW,
        status=status,
        stages=stages,
    )


def _event(status: str) -> InboxRow:
    return InboxRow(
        source="//courier",
        id="1",
        type="shipment.delivered",
        subject="SHP-1",
        occurred_at=NOW,
        received_at=NOW,
        fingerprint="0",
        event={},
        body={},
        status=status,
    )
