"""A dossier is checked by us and by a stranger, and neither is fooled."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.checkpoints import make_checkpoint, read_checkpoint
from ledger.dossier import form
from ledger.dossier.archive import pack, unpack
from ledger.dossier.check import check_bytes
from ledger.dossier.make import derived, gather, make
from ledger.dossier.views import VIEWS
from ledger.notes import PublicKey, sign
from schemas.errors import ClewError
from schemas.facts import Batch, Fact
from tests.ledger.dossier import stranger
from tests.ledger.dossier.conftest import Case
from tests.ledger.scribe import put
from tests.ledger.test_supersede import REDONE, judged, lost
from tests.ledger.walk import Walk


async def test_a_sound_dossier_is_found_sound_by_us_and_by_a_stranger(case: Case) -> None:
    file = await case.dossier()
    found = check_bytes(file)
    assert (found.ok, found.problems, found.journey, found.entries) == (True, (), case.ana.coi, 11)
    told = stranger.check(file)
    assert (told["journey"], told["entries"], told["operations"]) == (case.ana.coi, 11, 2)
    assert pack(unpack(file)) == file == await case.dossier(), "made again it is the same, byte for byte"


async def test_it_says_what_it_does_not_prove(case: Case) -> None:
    file = await case.dossier()
    note, keys = str((await case.office.sign()).note), case.office.notary.keys.all()
    alone, held = check_bytes(file), check_bytes(file, note=note, trusted=keys)
    assert any("key is the ledger's" in each for each in alone.unproven)
    assert any("signed anew" in each for each in alone.unproven)
    assert not any("key is the ledger's" in each or "signed anew" in each for each in held.unproven)
    assert any("you kept" in each for each in held.proven)
    assert len(held.unproven) == 2, "what is never proven is said all the same"


async def test_it_tells_the_journey_and_nothing_of_another(case: Case) -> None:
    parts = unpack(await case.dossier())
    graph = {each["id"]: each for each in json.loads(parts["genealogy.json"])["containers"]}
    assert graph["DOSE-1"]["parents"] == ["BAG-2"]
    assert graph["BAG-2"]["children"] == ["DOSE-1"]
    held = json.loads(parts["custody.json"])["containers"]["BAG-1"]
    assert [(each["role"], each["until"], each["ended"]) for each in held] == [("collection_centre", None, None)]
    people = {(each["role"], each["by"]) for each in json.loads(parts["signatures.json"])["signatures"]}
    assert people == {("identity_check", "n1"), ("identity_check", "n2"), ("decision", "dr-jones")}
    page = parts["report.html"].decode()
    for word in (case.ana.coi, "BAG-2", "DOSE-1", "dr-jones", "accepted", "operator-2", "asked_by_courier", "swift"):
        assert word in page
    assert "e-2" not in page
    assert set(VIEWS) <= set(parts)


async def test_the_report_needs_nothing_from_elsewhere(case: Case) -> None:
    page = unpack(await case.dossier())["report.html"].decode()
    assert "default-src 'none'" in page and "@media print" in page
    assert not re.search(r"(?:src|href|url)\s*[=(]|<script|@import|https?:", page)


@pytest.mark.parametrize("seed", range(6))
async def test_any_journey_makes_a_sound_dossier(case: Case, seed: int) -> None:
    walk = Walk(seed)
    await put(case.database, Batch(coi=walk.scribe.coi, facts=tuple(walk.facts(60))))
    case.ana = walk.scribe
    file = await case.dossier()
    assert check_bytes(file).problems == ()
    assert stranger.check(file)["entries"] == 60


async def test_every_byte_counts(case: Case) -> None:
    """A flip anywhere is caught, in the archive's own bytes and in what it holds."""
    file, chance = await case.dossier(), Random(4)
    for at in {*chance.sample(range(len(file)), 250), *range(60), *range(len(file) - 100, len(file))}:
        changed = bytearray(file)
        changed[at] ^= 1 << chance.randrange(8)
        caught(bytes(changed))
    for changed_file in (file + b"\0", file[:-1], b"\0" + file, b"", file[: len(file) // 2]):
        caught(changed_file)


async def test_every_part_and_every_field_counts_even_for_one_who_can_write_archives(case: Case) -> None:
    parts = unpack(await case.dossier())
    for name, content in parts.items():
        caught(pack({other: each for other, each in parts.items() if other != name}))
        caught(pack({**parts, name: content + b" "}))
        caught(pack({**parts, name: b""}))
    caught(pack({**parts, "more.txt": b"more"}))
    for name in (form.ENTRIES, form.OPERATIONS):
        for changed in changed_lines(parts[name]):
            caught(pack({**parts, name: changed}))


def changed_lines(part: bytes) -> list[bytes]:
    """Each column of the second line changed, lines removed, repeated and swapped."""
    lines = part.splitlines(keepends=True)
    columns = json.loads(lines[1])
    changed = [[*lines[:1], other(columns, at), *lines[2:]] for at in range(len(columns))]
    changed += [lines[:1] + lines[2:], lines[:-1], [*lines, lines[-1]], [lines[1], lines[0], *lines[2:]]]
    return [b"".join(each) for each in changed]


def other(columns: list[object], at: int) -> bytes:
    value = columns[at]
    different = value + 1 if isinstance(value, int) else {"a": 1} if isinstance(value, dict) else f"{value}x"
    text = json.dumps([*columns[:at], different, *columns[at + 1 :]], separators=(",", ":"), ensure_ascii=False)
    return text.encode() + b"\n"


def caught(file: bytes) -> None:
    assert not check_bytes(file).ok
    with pytest.raises(Exception):  # noqa: B017 - rubbish may make a stranger's program fail in any way
        stranger.check(file)


Forge = Callable[[dict[str, bytes]], None]


def _report(parts: dict[str, bytes]) -> None:
    parts["report.html"] = parts["report.html"].replace(b"dr-jones", b"dr-smith")


def _genealogy(parts: dict[str, bytes]) -> None:
    parts["genealogy.json"] = parts["genealogy.json"].replace(b"BAG-2", b"BAG-1")


def _custody(parts: dict[str, bytes]) -> None:
    parts["custody.json"] = parts["custody.json"].replace(b"collection_centre", b"courier")


def _cut(parts: dict[str, bytes]) -> None:
    lines = parts[form.ENTRIES].splitlines(keepends=True)
    parts[form.ENTRIES] = b"".join([lines[0], *lines[2:]])
    _make_the_rest(parts)


def _begin_later(parts: dict[str, bytes]) -> None:
    parts[form.ENTRIES] = b"".join(reversed(parts[form.ENTRIES].splitlines(keepends=True)[:2]))
    with suppress(ClewError):
        _make_the_rest(parts)


def _operator_is_patient(parts: dict[str, bytes]) -> None:
    parts[form.OPERATIONS] += parts[form.ENTRIES].splitlines(keepends=True)[0]
    _make_the_rest(parts)


def _checkpoint_of_another_key(parts: dict[str, bytes]) -> None:
    genuine = read_checkpoint(parts[form.CHECKPOINT].decode())
    forger = Ed25519PrivateKey.generate()
    forged = make_checkpoint(genuine.origin, genuine.size, genuine.root, genuine.at, forger)
    parts[form.CHECKPOINT] = str(forged.note).encode()


def _make_the_rest(parts: dict[str, bytes]) -> None:
    """Proofs, views and report of what the entries are now."""
    entries, operations = (
        [form.read_entry(line) for line in parts[name].splitlines()] for name in (form.ENTRIES, form.OPERATIONS)
    )
    said = json.loads(parts[form.PROOFS])
    left = {str(entry.position) for entry in (*entries, *operations)}
    said["paths"] = {position: path for position, path in said["paths"].items() if position in left}
    parts[form.PROOFS] = json.dumps(said).encode()
    parts |= derived(entries, operations, read_checkpoint(parts[form.CHECKPOINT].decode()))


def _proof_too_many(parts: dict[str, bytes]) -> None:
    said = json.loads(parts[form.PROOFS])
    said["paths"]["5000"] = []
    parts[form.PROOFS] = json.dumps(said).encode()


def _proof(parts: dict[str, bytes]) -> None:
    said = json.loads(parts[form.PROOFS])
    next(iter(said["paths"].values()))[0] = "00" * 32
    parts[form.PROOFS] = json.dumps(said).encode()


def _size(parts: dict[str, bytes]) -> None:
    parts[form.ABOUT] = parts[form.ABOUT].replace(b'"size": ', b'"size": 1')


FORGERIES: list[Forge] = [
    _report,
    _genealogy,
    _custody,
    _cut,
    _begin_later,
    _operator_is_patient,
    _checkpoint_of_another_key,
    _proof,
    _proof_too_many,
    _size,
]


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
async def test_even_one_who_has_the_key_cannot_make_a_part_say_something_else(case: Case, forge: Forge) -> None:
    """The list of parts is signed again over what was changed; what the entries make stays what they make."""
    parts = unpack(await case.dossier())
    del parts[form.MANIFEST]
    before = dict(parts)
    forge(parts)
    assert parts != before
    keys = case.office.notary.keys
    parts[form.MANIFEST] = str(sign(form.manifest(case.ana.coi, parts), keys.origin, keys.current)).encode()
    assert not check_bytes(pack(parts)).ok


async def test_a_dossier_of_another_key_is_caught_by_whoever_has_the_right_one(case: Case) -> None:
    """A forger makes everything anew: entries, tree, checkpoint, signatures."""
    parts = unpack(await case.dossier())
    trusted, forger = case.office.notary.keys.all(), Ed25519PrivateKey.generate()
    genuine = read_checkpoint(parts[form.CHECKPOINT].decode())
    forged = make_checkpoint("clew.test", genuine.size, genuine.root, genuine.at, forger)
    public = PublicKey("clew.test", forger.public_key().public_bytes_raw())
    parts |= {form.CHECKPOINT: str(forged.note).encode(), form.KEYS: f"{public}\n".encode()}
    del parts[form.MANIFEST]
    parts[form.MANIFEST] = str(sign(form.manifest(case.ana.coi, parts), "clew.test", forger)).encode()
    file = pack(parts)
    assert check_bytes(file).ok, "it is sound in itself, and says that the key is not proven"
    assert check_bytes(file, trusted=trusted).problems == ("manifest.txt is not signed with the key that it should be",)
    with pytest.raises(stranger.Refused):
        stranger.check(file, "\n".join(map(str, trusted)))


async def test_a_ledger_signed_anew_is_caught_by_whoever_kept_a_checkpoint(case: Case) -> None:
    file = await case.dossier()
    kept = await case.office.sign()
    key = case.office.notary.keys.current
    forged = make_checkpoint("clew.test", kept.size, sha256(b"other").digest(), kept.at, key)
    assert "not the one" in check_bytes(file, note=str(forged.note)).problems[0]
    later = make_checkpoint("clew.test", kept.size + 1, kept.root, kept.at, key)
    assert f"--size {kept.size + 1}" in check_bytes(file, note=str(later.note)).problems[0]
    elsewhere = make_checkpoint("clew.elsewhere", kept.size, kept.root, kept.at, key)
    assert not check_bytes(file, note=str(elsewhere.note)).ok
    assert not check_bytes(file, note="rubbish").ok


async def test_a_dossier_under_an_older_checkpoint_ends_there(case: Case) -> None:
    old = await case.office.sign()
    await put(case.database, case.ana.batch(case.ana.began("manufacture")))
    assert check_bytes(await case.dossier()).entries == 12
    async with case.database.reading() as session:
        told = await gather(session, case.ana.coi, old.size)
    file = make(told, old, case.office.notary.keys)
    found = check_bytes(file, note=str(old.note))
    assert (found.ok, found.entries) == (True, 11)


async def test_what_a_lost_worker_wrote_is_in_the_record_and_in_no_view(case: Case) -> None:
    ana, _, _, _ = await lost(case.database)
    left = Fact(seq=3, type="journey.leaving", occurred_at=REDONE, actor="clew", data={"reason": "patient_withdrew"})
    await put(case.database, judged(ana.batch(left), REDONE))
    case.ana = ana
    file = await case.dossier()
    found = check_bytes(file)
    assert (found.problems, found.entries) == ((), 7)
    parts = unpack(file)
    assert json.loads(parts["signatures.json"]) == {"signatures": []}
    assert "3 of them set aside" in parts["report.html"].decode()
