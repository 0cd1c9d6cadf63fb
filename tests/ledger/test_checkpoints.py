"""Checkpoints are written once, whole, in order, by whoever may; and nothing is signed over a ledger that changed."""

import asyncio
import json
import stat
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint_log import CheckpointLog
from ledger.checkpoints import Checkpoint, make_checkpoint, read_checkpoint
from ledger.database import Database
from ledger.keyring import KeyRing, keyring_of
from ledger.notes import PublicKey, read_key, read_note, sign
from ledger.verify import verify
from schemas.errors import Conflict, Invalid, Unavailable
from schemas.settings import Settings
from tests.ledger.notaries import Office
from tests.ledger.processes import run_together
from tests.ledger.scribe import Scribe, put
from tests.waiting import until

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PublicKey("clew.test", KEY.public_key().public_bytes_raw())
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def checkpoint(size: int, root: bytes = bytes(32)) -> Checkpoint:
    return make_checkpoint("clew.test", size, root, NOON, KEY)


def test_a_checkpoint_reads_as_the_guide_shows_it() -> None:
    made = checkpoint(7)
    origin, size, root, time, empty, signed, rest = str(made.note).split("\n")
    assert (origin, size, root, time) == ("clew.test", "7", "A" * 43 + "=", "2026-03-02T12:00:00.000000Z")
    assert (empty, rest, signed.startswith("— clew.test ")) == ("", "", True)
    assert read_checkpoint(str(made.note)) == made
    assert read_key(str(PUBLIC)) == PUBLIC
    assert made.note.is_signed_by(PUBLIC)


@given(st.data())
def test_a_checkpoint_with_any_character_changed_is_none_or_is_not_signed(data: st.DataObject) -> None:
    note = str(checkpoint(1234).note)
    at = data.draw(st.integers(0, len(note) - 1))
    put_there = data.draw(st.characters(codec="utf-8") | st.just(""))
    changed = note[:at] + put_there + note[at + 1 :]
    if changed == note:
        return
    try:
        found = read_checkpoint(changed)
    except ValueError:
        return
    assert not found.note.is_signed_by(PUBLIC)


@pytest.mark.parametrize("size", ["0", "-1", "1e3", "", "+5", "05", "5 "])
def test_a_size_has_one_spelling(size: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_checkpoint(str(sign(f"clew.test\n{size}\n{'A' * 43}=\n2026-03-02T12:00:00.000000Z\n", "clew.test", KEY)))


def test_a_key_is_known_by_its_name_too() -> None:
    other = PublicKey("clew.other", PUBLIC.raw)
    assert other.id != PUBLIC.id
    assert not checkpoint(1).note.is_signed_by(other)
    for rubbish in ("", "clew.test", str(PUBLIC)[:-4], str(PUBLIC).replace(PUBLIC.id, "00000000"), "a+b+c"):
        with pytest.raises(ValueError, match=r"."):
            read_key(rubbish)
    with pytest.raises(ValueError, match="not "):
        read_note("a text that nobody signed\n")


async def test_the_notary_signs_what_is_there_once(database: Database, tmp_path: Path) -> None:
    office, ana = Office(database, tmp_path), Scribe()
    assert await office.notary.make() is None
    assert not office.settings.signing_key_file.exists(), "nothing to sign, no key"
    await put(database, ana.batch(ana.started(), ana.began("enrolment")))
    first = await office.sign()
    assert (first.size, first.origin, first.root.hex()) == (2, "clew.test", (await verify(database)).root)
    assert await office.sign() == first, "no second one of the same entries"
    await put(database, ana.batch(ana.completed("enrolment")))
    assert (await office.sign()).size == 3
    assert stat.S_IMODE(office.settings.signing_key_file.stat().st_mode) == 0o600


async def test_a_key_that_was_changed_leaves_the_old_one_known(database: Database, tmp_path: Path) -> None:
    office, ana = Office(database, tmp_path), Scribe()
    await put(database, ana.batch(ana.started()))
    old = await office.sign()
    office.settings.signing_key_file.unlink()
    await put(database, ana.batch(ana.began("enrolment")))
    office = Office(database, tmp_path)
    new = await office.sign()
    assert old.note.key != new.note.key
    assert {each.id for each in keyring_of(office.settings).all()} == {old.note.key, new.note.key}
    found = await verify(database, witnesses=office.witnesses())
    assert (found.ok, found.checkpoints) == (True, 2)
    (office.settings.checkpoints_folder / "keys" / f"{old.note.key}.pub").unlink()
    lost = (await verify(database, witnesses=office.witnesses())).first_bad
    assert lost is not None
    assert "line 1" in lost.problem


def pem(key: object) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (pem(KEY), 0o644, "mode 0600"),
        (pem(generate_private_key(SECP256R1())), 0o600, "Ed25519"),
        (b"-----BEGIN PRIVATE KEY-----\nsecret\n", 0o600, "PEM"),
        (None, 0o600, "cannot be read"),
    ],
)
def test_a_key_file_that_cannot_be_used_is_named_without_its_content(
    tmp_path: Path, content: bytes | None, mode: int, said: str
) -> None:
    path = tmp_path / "key.pem"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    settings = Settings(home=tmp_path, signing_key=path)
    with pytest.raises(Unavailable) as refused:
        _ = keyring_of(settings).current
    assert refused.value.code == "signing_key_unusable"
    assert said in refused.value.detail and "secret" not in refused.value.detail
    assert path.exists() == (content is not None), "a key that is named is never made"


def test_the_file_takes_them_in_order_only(tmp_path: Path) -> None:
    log = CheckpointLog(tmp_path)
    assert [log.put(checkpoint(size)) for size in (2, 5, 5, 3, 9)] == [True, True, False, False, True]
    assert [each.checkpoint.size for each in log.all() if each.checkpoint] == [2, 5, 9]
    with pytest.raises(Conflict) as refused:
        log.put(checkpoint(9, bytes([1] * 32)))
    assert refused.value.code == "ledger_inconsistent"


def test_a_file_that_is_cut_off_while_a_checkpoint_is_made_is_not_gone_on_with(tmp_path: Path) -> None:
    log = CheckpointLog(tmp_path)
    log.put(checkpoint(2))
    log.put(checkpoint(9), after=checkpoint(2))
    for left in (log.path.read_bytes().splitlines(keepends=True)[0], b""):
        log.path.write_bytes(left)
        with pytest.raises(Conflict) as refused:
            log.put(checkpoint(12), after=checkpoint(9))
        assert (refused.value.code, log.path.read_bytes()) == ("checkpoints_damaged", left)


def test_a_torn_last_line_was_shown_to_nobody_and_is_cut_off(tmp_path: Path) -> None:
    log = CheckpointLog(tmp_path)
    log.put(checkpoint(2))
    whole = log.path.read_bytes()
    log.path.write_bytes(whole + json.dumps(str(checkpoint(3).note)).encode()[:50])
    assert log.newest() == checkpoint(2)
    assert [each.line for each in log.all()] == [1]
    log.put(checkpoint(4))
    assert log.path.read_bytes().startswith(whole)
    assert [each.checkpoint.size for each in log.all() if each.checkpoint] == [2, 4]


@given(st.lists(st.integers(1, 10**6), unique=True, max_size=60), st.integers(1, 10**6))
def test_the_first_of_a_size_is_found_wherever_it_stands(sizes: list[int], wanted: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = CheckpointLog(Path(folder))
        log.path.write_bytes(b"".join(f"{json.dumps(str(checkpoint(s).note))}\n".encode() for s in sorted(sizes)))
        assert [each.size for each in log.from_size(wanted)] == [s for s in sorted(sizes) if s >= wanted]


WRITER = """
import os, sys; from pathlib import Path; os.fsync = lambda _: None
from tests.ledger.test_checkpoints import checkpoint; from ledger.checkpoint_log import CheckpointLog
print("ready", flush=True); sys.stdin.read()
for size in range(int(sys.argv[2]), 1000, 2): CheckpointLog(Path(sys.argv[1])).put(checkpoint(size))
"""


async def test_processes_that_write_at_once_spoil_nothing(tmp_path: Path) -> None:
    """Without waiting for the disk, so that they meet."""
    await run_together([["-c", WRITER, str(tmp_path), str(first)] for first in (1, 2)])
    kept = [each.checkpoint.size if each.checkpoint else 0 for each in CheckpointLog(tmp_path).all()]
    assert kept == sorted(set(kept)) and 999 in kept


KEY_MAKER = """
import sys; from pathlib import Path; from ledger.keyring import KeyRing
folder = Path(sys.argv[1]); ring = KeyRing("clew.test", folder / "key.pem", folder / "keys", may_make=True)
print("ready", flush=True); sys.stdin.read()
ring.current
"""


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_processes_that_make_the_key_at_once_have_one(tmp_path: Path) -> None:
    await run_together([["-c", KEY_MAKER, str(tmp_path)]] * 3)
    assert names_in(tmp_path) == ["key.pem", "keys"], "no draft is left"
    assert len(KeyRing("clew.test", tmp_path / "key.pem", tmp_path / "keys").all()) == 1


SPOILT = {
    "cannot be read": lambda lines: [lines[0], "{}\n", lines[1]],
    "is not signed": lambda lines: [lines[0].replace("clew.test\\n1\\n", "clew.test\\n2\\n"), lines[1]],
    "no more entries": lambda lines: [lines[0], lines[0], lines[1]],
}


@pytest.mark.parametrize("problem", SPOILT)
async def test_a_file_of_checkpoints_that_was_changed_is_found(
    database: Database, tmp_path: Path, problem: str
) -> None:
    office, ana = Office(database, tmp_path), Scribe()
    for fact in (ana.started(), ana.began("enrolment")):
        await put(database, ana.batch(fact))
        await office.sign()
    path = office.notary.kept.path
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(SPOILT[problem](lines)))
    found = await verify(database, witnesses=office.witnesses())
    assert found.first_bad is not None
    assert problem in found.first_bad.problem
    assert found.entries == 2, "the entries are good"


async def test_a_checkpoint_of_another_ledger_under_the_same_key_is_no_witness(
    database: Database, tmp_path: Path
) -> None:
    office, ana = Office(database, tmp_path), Scribe()
    await put(database, ana.batch(ana.started()))
    made = await office.sign()
    text = made.note.text.replace("clew.test", "clew.elsewhere", 1)
    stray = str(sign(text, "clew.test", office.notary.keys.current))
    with pytest.raises(Invalid, match="another ledger"):
        office.witnesses(stray)
    office.notary.kept.path.write_text(f"{json.dumps(stray)}\n")
    found = (await verify(database, witnesses=office.witnesses())).first_bad
    assert found is not None
    assert "line 1" in found.problem and "clew.elsewhere" in found.problem


async def test_a_clock_that_runs_behind_is_said_and_hinders_nobody(database: Database, tmp_path: Path) -> None:
    office, ana = Office(database, tmp_path), Scribe()
    lines: list[str] = []
    for fact in (ana.started(), ana.began("enrolment"), ana.completed("enrolment")):
        await put(database, ana.batch(fact))
        made, at = await office.sign(), NOON - timedelta(days=len(lines))
        behind = make_checkpoint(made.origin, made.size, made.root, at, office.notary.keys.current)
        lines.append(f"{json.dumps(str(behind.note))}\n")
    office.notary.kept.path.write_text("".join(lines))
    found = await verify(database, witnesses=office.witnesses())
    assert (found.ok, found.checkpoints) == (True, 3)
    assert len([each for each in found.unchecked if "earlier time" in each]) == 1


async def test_a_checkpoint_that_somebody_brings_must_be_signed(database: Database, tmp_path: Path) -> None:
    office, ana = Office(database, tmp_path), Scribe()
    await put(database, ana.batch(ana.started()))
    note = str((await office.sign()).note)
    assert (await verify(database, witnesses=office.witnesses(note))).checkpoints == 2
    for brought, code in ((str(checkpoint(1).note), "checkpoint_unproven"), ("rubbish", "malformed")):
        with pytest.raises(Invalid) as refused:
            office.witnesses(brought)
        assert refused.value.code == code


async def test_the_notary_goes_on_by_itself_and_signs_at_the_end(database: Database, tmp_path: Path) -> None:
    office, ana = Office(database, tmp_path), Scribe()
    await put(database, ana.batch(ana.started()))
    running = asyncio.create_task(office.notary.run())
    await until(lambda: office.notary.newest, "the first checkpoint")
    await put(database, ana.batch(ana.began("enrolment")))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    newest = office.notary.kept.newest()
    assert newest is not None
    assert newest.size == 2
