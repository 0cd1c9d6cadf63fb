"""A backup was restored: the checkpoints are begun anew by somebody who answers for it."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger.checkpoint_log import CheckpointLog
from ledger.checkpoints import Checkpoint
from ledger.database import Database
from ledger.restart import restart
from ledger.verify import verify
from ledger.view import ENTRY
from schemas.errors import Conflict
from schemas.operations import is_journey
from tests.ledger.notaries import Office
from tests.ledger.scribe import MORNING, Scribe, put
from tests.ledger.tampering import Rows, rewrite

LATER = MORNING + timedelta(days=1)


def as_backed_up(rows: Rows) -> None:
    del rows[2:]


async def lost(database: Database, home: Path) -> tuple[Office, Checkpoint]:
    """The ledger as its backup had it, of two entries, and the checkpoint of four."""
    office, ana = Office(database, home), Scribe()
    await put(database, ana.batch(ana.started(), ana.began("enrolment")))
    await office.sign()
    await put(database, ana.batch(ana.completed("enrolment"), ana.began("collection")))
    newest = await office.sign()
    await rewrite(database, as_backed_up)
    with pytest.raises(Conflict, match="had 4 entries"):
        await office.sign()
    return office, newest


async def test_it_goes_on_and_everybody_can_see_that_it_was_begun_anew(database: Database, tmp_path: Path) -> None:
    office, lost_with_it = await lost(database, tmp_path)
    old = office.notary.kept.path.read_bytes()
    made = await restart(database, office.settings, "operator-3", "backup_restored", LATER)
    assert made.size == 3
    assert await Office(database, tmp_path).sign() == made, "a notary that starts now goes on from there"

    async with database.reading() as session:
        row = (await session.execute(select(ENTRY).where(ENTRY.c.position == 3))).mappings().one()
    assert (row["type"], row["actor"], is_journey(row["journey"])) == ("checkpoints.restarted", "operator-3", False)
    assert row["data"] == {
        "reason": "backup_restored",
        "kept_as": "checkpoints-0001.jsonl",
        "size": 4,
        "root": lost_with_it.root.hex(),
    }
    assert (office.settings.checkpoints_folder / "checkpoints-0001.jsonl").read_bytes() == old

    found = await verify(database, witnesses=office.witnesses())
    assert (found.ok, found.checkpoints) == (True, 1)
    assert any("begun anew: checkpoints-0001.jsonl" in each for each in found.unchecked)
    assert not (await verify(database, witnesses=office.witnesses(str(lost_with_it.note)))).ok, "whoever kept it"


async def test_a_sound_ledger_is_not_begun_anew(database: Database, tmp_path: Path) -> None:
    office, ana = Office(database, tmp_path), Scribe()
    await put(database, ana.batch(ana.started()))
    made = await office.sign()
    with pytest.raises(Conflict) as refused:
        await restart(database, office.settings, "operator-3", "backup_restored", LATER)
    assert refused.value.code == "checkpoints_agree"
    assert (office.notary.kept.newest(), office.notary.kept.aside()) == (made, [])
    assert (await verify(database)).entries == 1


async def test_a_process_that_runs_on_forgets_nothing_of_what_it_showed(database: Database, tmp_path: Path) -> None:
    """It is to be started again: what it signed last is no longer on file."""
    office, _ = await lost(database, tmp_path)
    await restart(database, office.settings, "operator-3", "backup_restored", LATER)
    with pytest.raises(Conflict) as refused:
        await office.sign()
    assert refused.value.code == "checkpoints_damaged"


async def test_two_who_begin_anew_at_once_lose_no_file(database: Database, tmp_path: Path) -> None:
    office, _ = await lost(database, tmp_path)
    kept = CheckpointLog(office.settings.checkpoints_folder)
    old, name = kept.path.read_bytes(), kept.next_name()
    kept.set_aside(name)
    with pytest.raises(Conflict):
        kept.set_aside(name)
    assert (kept.folder / name).read_bytes() == old


async def test_a_file_that_cannot_be_read_is_set_aside_as_it_is(database: Database, tmp_path: Path) -> None:
    """Killed between the entry and the file, it is done again."""
    office, ana = Office(database, tmp_path), Scribe()
    await put(database, ana.batch(ana.started()))
    await office.sign()
    office.notary.kept.path.write_bytes(b"rubbish\n")
    made = await restart(database, office.settings, "operator-3", "disk_failed", LATER)
    assert made.size == 2
    assert (office.settings.checkpoints_folder / "checkpoints-0001.jsonl").read_bytes() == b"rubbish\n"
