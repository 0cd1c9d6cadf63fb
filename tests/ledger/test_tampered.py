"""The ledger is rewritten so well that it fits in itself: the tree and the checkpoints catch it all the same."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.chain import entry_hash
from ledger.database import Database
from ledger.notary import notary_of
from ledger.notes import PublicKey
from ledger.tables import EntryRow
from ledger.verify import verify
from schemas.errors import Conflict
from tests.databases import sqlite_url
from tests.ledger.notaries import Office
from tests.ledger.scribe import Scribe, put
from tests.ledger.tampering import Rows, rewrite, run, unlock

SIGNED = (250, 400, 530)
"""Sizes at which a checkpoint was signed; the record goes on to 540."""


@pytest.fixture
async def office(database: Database, tmp_path: Path) -> Office:
    """Ana's and Ben's entries by turns, over two tiles of the tree."""
    office = Office(database, tmp_path / "office")
    ana, ben = Scribe(), Scribe()
    for scribe in (ana, ben):
        await put(database, scribe.batch(scribe.started()))
    position = 2
    for size in (*SIGNED, 540):
        while position < size:
            scribe = (ana, ben)[position // 10 % 2]
            count = min(10, size - position)
            facts = [scribe.fact("hold.placed", actor=f"nurse-{position}", reason="audit") for _ in range(count)]
            await put(database, scribe.batch(*facts))
            position += count
        if size in SIGNED:
            await office.sign()
    found = await verify(database, witnesses=office.witnesses())
    assert (found.ok, found.entries, found.checkpoints) == (True, 540, 3)
    said = [each.partition(":")[0] for each in found.unchecked]
    cut = "whether the file of checkpoints was cut off at its end, and the ledger with it"
    assert said == [cut, "whose keys signed the checkpoints", "entries 531 to 540"]
    return office


def change_actor(rows: Rows) -> None:
    rows[419]["actor"] = "someone"


def redate(rows: Rows) -> None:
    rows[419]["recorded_at"] -= timedelta(days=1)


def remove(rows: Rows) -> None:
    del rows[419]


def put_in(rows: Rows) -> None:
    rows.insert(419, {**rows[418], "actor": "someone"})


def swap(rows: Rows) -> None:
    rows[419], rows[499] = rows[499], rows[419]


def rewrite_all_after(rows: Rows) -> None:
    for row in rows[419:]:
        row["data"] = {"reason": "other"}


def cut_off_the_end(rows: Rows) -> None:
    del rows[500:]


async def test_a_key_that_only_lies_beside_the_checkpoints_convinces_nobody_who_trusts_another(
    database: Database, office: Office
) -> None:
    """Whoever can write the folder can put a key there, and sign a ledger of their own with it."""
    ours = office.notary.keys.all()
    sound = await verify(database, witnesses=office.witnesses(trusted=ours))
    assert (sound.ok, sound.checkpoints) == (True, 3)
    another = PublicKey("clew.test", Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    found = await verify(database, witnesses=office.witnesses(trusted=[another]))
    assert found.first_bad is not None and "not signed with a key" in found.first_bad.problem


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (change_actor, 401),
        (redate, 401),
        (remove, 401),
        (put_in, 401),
        (swap, 401),
        (rewrite_all_after, 401),
        (cut_off_the_end, 501),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
async def test_a_ledger_that_was_rewritten_as_a_whole_is_caught(
    database: Database, office: Office, change: Callable[[Rows], None], named: int
) -> None:
    """The first entry after the last checkpoint that still agrees is named: nobody can know more."""
    await rewrite(database, change)
    alone = await verify(database)
    assert alone.ok and "rewritten" in alone.unchecked[0], "in itself everything fits"
    found = await verify(database, witnesses=office.witnesses())
    assert found.first_bad is not None
    assert found.first_bad.position == named
    with pytest.raises(Conflict) as refused:
        await office.sign()
    assert refused.value.code == "ledger_inconsistent"


async def test_a_checkpoint_that_a_partner_kept_catches_it_when_ours_are_gone(
    database: Database, office: Office
) -> None:
    newest = office.notary.kept.newest()
    assert newest is not None
    await rewrite(database, change_actor)
    office.notary.kept.path.unlink()
    found = await verify(database, witnesses=office.witnesses(str(newest.note)))
    assert found.first_bad is not None
    assert "checkpoint" in found.first_bad.problem


Spoil = Callable[[Path], None]


def leave(_file: Path) -> None:
    """The file of checkpoints as it is."""


def cut_line(file: Path) -> None:
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))


def take_away(file: Path) -> None:
    file.unlink()


def go_back(rows: Rows) -> None:
    """As an old copy would be: of a moment before the last checkpoint."""
    del rows[450:]


@pytest.mark.parametrize("spoil", [leave, cut_line, take_away], ids=lambda each: each.__name__)
@pytest.mark.parametrize("change", [cut_off_the_end, rewrite_all_after, go_back], ids=lambda each: each.__name__)
async def test_a_ledger_and_its_file_of_checkpoints_that_are_changed_together_are_caught_or_said_to_be_unchecked(
    database: Database, office: Office, change: Callable[[Rows], None], spoil: Spoil
) -> None:
    """Whoever keeps the newest checkpoint catches all of it; so does the notary that showed it."""
    shown = office.notary.newest
    assert shown is not None and shown.size == SIGNED[-1]
    spoil(office.notary.kept.path)
    await rewrite(database, change)

    alone = await verify(database, witnesses=office.witnesses(trusted=office.notary.keys.all()))
    # Everything that is changed comes after the last checkpoint but one, which is of 400 entries.
    assert alone.ok == (spoil is not leave)
    if alone.ok:
        assert any("cut off at its end" in each for each in alone.unchecked)
    kept = await verify(database, witnesses=office.witnesses(str(shown.note)))
    assert kept.first_bad is not None and "checkpoint" in kept.first_bad.problem
    with pytest.raises(Conflict) as refused:
        await office.sign()
    assert refused.value.code == ("ledger_inconsistent" if spoil is leave else "checkpoints_damaged")
    assert office.notary.newest == shown, "what was shown is not forgotten"


async def test_a_notary_goes_on_from_what_another_process_signed_meanwhile(database: Database, office: Office) -> None:
    ben, other = Scribe(), notary_of(database, office.settings)
    for notary in (other, office.notary, other, office.notary):
        await put(database, ben.batch(ben.fact("hold.placed", reason="audit") if ben.seq else ben.started()))
        made = await notary.make()
        assert made is not None
    assert [each.checkpoint.size for each in office.notary.kept.all() if each.checkpoint][-4:] == [541, 542, 543, 544]
    assert await other.make() == office.notary.newest


async def test_an_old_copy_that_was_brought_back_is_caught(tmp_path: Path, migrated_sqlite: Path) -> None:
    """Also once it has gone on, and is longer again than what was signed."""
    path, copy = Path(shutil.copy(migrated_sqlite, tmp_path / "clew.db")), tmp_path / "copy.db"
    database, office, ana = Database(sqlite_url(path)), Office(Database(sqlite_url(path)), tmp_path), Scribe()
    await put(database, ana.batch(ana.started(), ana.began("enrolment")))
    await office.sign()
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    numbered = ana.seq
    await put(database, ana.batch(ana.completed("enrolment"), ana.began("collection")))
    await office.sign()
    old = Database(sqlite_url(copy))
    found = (await verify(old, witnesses=office.witnesses())).first_bad
    assert found is not None
    assert (found.position, "missing" in found.problem) == (3, True)
    with pytest.raises(Conflict, match="had 4 entries when its newest checkpoint was signed, and has 2"):
        await Office(old, tmp_path).sign()
    ana.seq = numbered
    facts = [ana.fact("hold.placed", reason="audit") for _ in range(4)]
    await put(old, ana.batch(*facts))
    found = (await verify(old, witnesses=office.witnesses())).first_bad
    assert found is not None
    assert (found.position, "not those of the checkpoint" in found.problem) == (3, True)


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("UPDATE ledger_tile SET hash = substr(hash, 2) || '0' WHERE number = 1", 257),
        ("DELETE FROM ledger_tile WHERE number = 0", 1),
        ("INSERT INTO ledger_tile VALUES (1, 2, 'ab')", None),
        ("INSERT INTO ledger_tile VALUES (2, 0, 'ab')", None),
    ],
)
async def test_a_tree_that_is_not_that_of_the_entries_is_caught(
    database: Database, office: Office, statement: str, position: int | None
) -> None:
    await run(database, statement)
    found = (await verify(database)).first_bad
    assert found is not None
    assert (found.position, "tree" in found.problem) == (position, True)


async def test_two_entries_under_one_number_are_caught_even_without_the_index(
    database: Database, office: Office
) -> None:
    await run(database, "DROP INDEX entry_journey_seq")
    found = (await verify(database)).first_bad
    assert found is not None and "same number" in found.problem
    await unlock(database)
    async with database.writing() as session:
        last = await session.get(EntryRow, 540)
        assert last is not None
        forged = EntryRow(**{**last.model_dump(), "position": 541})
        forged.hash = entry_hash(forged)
        session.add(forged)
    await run(database, "UPDATE ledger_head SET position = 541")
    found = (await verify(database)).first_bad
    assert found is not None
    assert (found.position, "does not follow" in found.problem) == (541, True)


async def test_journeys_that_are_met_again_after_long_are_known_again(
    database: Database, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory does not grow: what was let go is looked up, and is held to all the same."""
    monkeypatch.setattr("ledger.walk.REMEMBERED", 0)
    monkeypatch.setattr("ledger.verify.CHUNK", 7)
    assert (await verify(database, witnesses=office.witnesses())).ok
    await unlock(database)
    await run(database, "UPDATE entry SET previous_hash = hash WHERE position = 500")
    found = (await verify(database)).first_bad
    assert found is not None
    assert (found.position, "chained" in found.problem) == (500, True)
