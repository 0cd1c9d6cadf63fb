"""A dossier is checked by us and by a stranger, and neither is fooled."""

import json
import re
from hashlib import sha256
from json import loads
from random import Random
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.checkpoints import make_checkpoint, read_checkpoint
from ledger.dossier import form
from ledger.dossier.archive import pack, unpack
from ledger.dossier.check import check_bytes
from ledger.dossier.make import gather, make
from ledger.dossier.signed import SMALL
from ledger.dossier.views import VIEWS
from ledger.keyring import keyring_of
from ledger.notes import PublicKey, sign
from schemas.facts import Batch, Fact
from tests.ledger.dossier import stranger
from tests.ledger.dossier.conftest import Case, operate
from tests.ledger.scribe import Scribe, put
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
    assert len(held.unproven) == 3, "what is never proven is said all the same"
    assert any("operators did nothing else" in each for each in held.unproven)


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


async def test_what_operators_did_about_others_is_not_even_read(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much operators did, making a dossier takes no more of it than concerns the journey."""
    ben = Scribe()
    for number in range(20):
        await operate(case.database, ben.coi, f"other-{number}")
    read: list[str] = []

    def noted(text: str) -> object:
        read.append(str(text))
        return loads(text)

    monkeypatch.setattr("ledger.dossier.make.json", SimpleNamespace(loads=noted))
    assert stranger.check(await case.dossier())["operations"] == 2
    assert read and not any("other-" in each or ben.coi in each for each in read)


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


def caught(file: bytes) -> None:
    assert not check_bytes(file).ok
    with pytest.raises(Exception):  # noqa: B017 - rubbish may make a stranger's program fail in any way
        stranger.check(file)


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
    assert check_bytes(file, trusted=trusted).problems == (
        "checkpoint.txt is not signed with the key that it should be",
    )
    with pytest.raises(stranger.Refused):
        stranger.check(file, "\n".join(map(str, trusted)))


async def test_a_dossier_after_a_change_of_key_is_checked_with_the_old_one(case: Case) -> None:
    """Who kept the old key and an old checkpoint learns what they prove, and what the new key alone says."""
    old, trusted = await case.office.sign(), case.office.notary.keys.all()
    case.office.settings.signing_key_file.unlink()
    keys = keyring_of(case.office.settings)
    async with case.database.reading() as session:
        file = make(await gather(session, case.ana.coi, old.size), old, keys)
    found = check_bytes(file, note=str(old.note), trusted=trusted)
    new = PublicKey(keys.origin, keys.current.public_key().public_bytes_raw())
    assert (found.problems, found.entries) == ((), 11)
    assert [each for each in found.unproven if new.id in each and "none of yours" in each]
    assert not any("none of yours" in each for each in check_bytes(file, trusted=keys.all()).unproven)
    assert not check_bytes(file, trusted=[new]).ok, "the checkpoint is the old key's"
    other = Ed25519PrivateKey.generate()
    assert not check_bytes(resigned(file, keys.origin, other), trusted=trusted).ok, "a key that did not even come along"


async def test_what_another_version_made_is_not_taken_from_a_key_that_nobody_trusts(case: Case) -> None:
    """Whoever holds any key could put their own report to the ledger's entries."""
    parts = unpack(await case.dossier())
    trusted, forger = case.office.notary.keys.all(), Ed25519PrivateKey.generate()
    parts["report.html"] = b"<h1>All is well</h1>"
    parts[form.ABOUT] = re.sub(rb'"views": \d+', b'"views": 99', parts[form.ABOUT])
    parts[form.KEYS] += f"{PublicKey('clew.test', forger.public_key().public_bytes_raw())}\n".encode()
    file = resigned(pack(parts), "clew.test", forger)
    assert "none of yours" in check_bytes(file, trusted=trusted).problems[0]


def resigned(file: bytes, origin: str, key: Ed25519PrivateKey) -> bytes:
    parts = unpack(file)
    journey = json.loads(parts[form.ABOUT])["journey"]
    del parts[form.MANIFEST]
    return pack({**parts, form.MANIFEST: str(sign(form.manifest(journey, parts), origin, key)).encode()})


async def test_nothing_is_read_before_it_is_signed(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is JSON is parsed last, and what must be looked at before is small."""
    parts, read = unpack(await case.dossier()), list[bytes]()
    monkeypatch.setattr("ledger.dossier.check.json.loads", read.append)
    for name in (form.ABOUT, form.ENTRIES, form.PROOFS):
        assert not check_bytes(pack({**parts, name: b"[" + b"[]," * 10_000 + b"[]]"})).ok
    assert read == []
    for name in (form.ABOUT, form.KEYS, form.CHECKPOINT, form.MANIFEST, form.README):
        found = check_bytes(pack({**parts, name: parts[name] + b"\n" * SMALL}))
        assert found.problems == (f"{name} is larger than {SMALL} bytes",)


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
