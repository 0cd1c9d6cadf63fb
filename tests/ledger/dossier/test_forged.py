"""Whoever has the key can sign a dossier again; what it says still has to follow from the entries."""

import json
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.checkpoints import make_checkpoint, read_checkpoint
from ledger.dossier import form
from ledger.dossier.archive import pack, unpack
from ledger.dossier.check import check_bytes
from ledger.dossier.make import derived
from ledger.dossier.views import VERSION
from ledger.merkle import leaf_hash, node_hash
from ledger.notes import sign
from schemas.canonical import canonical_json
from schemas.errors import ClewError
from tests.ledger.dossier import stranger
from tests.ledger.dossier.conftest import Case
from tests.ledger.dossier.test_dossier import caught
from tests.ledger.scribe import MORNING

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


def _proofs_of_another_size(parts: dict[str, bytes]) -> None:
    said = json.loads(parts[form.PROOFS])
    parts[form.PROOFS] = json.dumps({**said, "size": said["size"] + 1}).encode()


def _origin(parts: dict[str, bytes]) -> None:
    parts[form.ABOUT] = parts[form.ABOUT].replace(b"clew.test", b"clew.elsewhere")


def _member_more(parts: dict[str, bytes]) -> None:
    parts["summary.html"] = b"<h1>All is well</h1>"


def _member_less(parts: dict[str, bytes]) -> None:
    del parts["fhir.json"]


def _readme(parts: dict[str, bytes]) -> None:
    parts[form.README] = b"There is nothing to check."


def _nothing_to_remake(parts: dict[str, bytes]) -> None:
    _size(parts)
    parts[form.ABOUT] = parts[form.ABOUT].replace(b'"views": ', b'"views": 9')


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
    _proofs_of_another_size,
    _origin,
    _member_more,
    _member_less,
    _readme,
    _nothing_to_remake,
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
    assert not check_bytes(signed_anew(case, parts)).ok


def signed_anew(case: Case, parts: dict[str, bytes]) -> bytes:
    """The archive of these parts with a list that the ledger's key signed."""
    keys = case.office.notary.keys
    others = {name: content for name, content in parts.items() if name != form.MANIFEST}
    return pack(
        {**others, form.MANIFEST: str(sign(form.manifest(case.ana.coi, others), keys.origin, keys.current)).encode()}
    )


async def test_entries_that_stand_on_the_ledger_in_another_order_are_no_record(case: Case) -> None:
    """Each follows the one before it, and the tree and its checkpoint are theirs; only the positions run back."""
    parts = unpack(await case.dossier())
    first, second = (json.loads(line) for line in parts[form.ENTRIES].splitlines()[:2])
    one = canonical_json([2, *first[1:]])
    two = canonical_json([1, *second[1:10], sha256(one).hexdigest()])
    leaves = {position: leaf_hash(sha256(line).hexdigest()) for position, line in ((1, two), (2, one))}
    keys = case.office.notary.keys
    checkpoint = make_checkpoint(keys.origin, 2, node_hash(leaves[1], leaves[2]), MORNING, keys.current)
    parts |= {
        form.ENTRIES: form.lines([one, two]),
        form.OPERATIONS: b"",
        form.PROOFS: form.proofs(2, {1: [leaves[2]], 2: [leaves[1]]}),
        form.CHECKPOINT: str(checkpoint.note).encode(),
        form.ABOUT: form.about(case.ana.coi, keys.origin, 2, VERSION),
    }
    parts |= derived([form.read_entry(one), form.read_entry(two)], [], checkpoint)
    assert check_bytes(signed_anew(case, parts)).problems == ("entry 1 does not follow the one before it",)


async def test_every_part_and_every_field_counts_even_for_one_who_can_write_archives(case: Case) -> None:
    """The signed list of parts says so, before anything else is looked at."""
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


TOLD_TO_STRANGERS = (
    *(form.ABOUT, form.ENTRIES, form.OPERATIONS, form.PROOFS),
    *(form.CHECKPOINT, form.KEYS),
)
"""What the page tells a stranger to check; the rest is made of it, and only we can make it again."""


async def test_we_and_a_stranger_judge_alike_what_the_key_signed_again(case: Case) -> None:
    """Whatever is changed in what the page speaks of, both accept it or neither does."""
    parts = unpack(await case.dossier())
    changed = [{**parts, name: content + more} for name, content in parts.items() for more in CRUMBS]
    changed = [each for each in changed if all(each[name] == parts[name] for name in parts.keys() - TOLD_TO_STRANGERS)]
    changed += [{**parts, name: b""} for name in TOLD_TO_STRANGERS]
    for name in (form.ENTRIES, form.OPERATIONS):
        for lines in changed_lines(parts[name]):
            changed += [{**parts, name: lines}, remade({**parts, name: lines})]
    judged = [(check_bytes(file).ok, accepted(file)) for file in (signed_anew(case, each) for each in changed)]
    assert all(ours == theirs for ours, theirs in judged)
    assert {ours for ours, _ in judged} == {True, False}, "a file without its last entry is sound, and says so"


CRUMBS = (b" ", b"\n", b"x")


def remade(parts: dict[str, bytes]) -> dict[str, bytes]:
    """With what follows from the entries as they are now, where anything does."""
    with suppress(ClewError, LookupError, ValueError):
        _make_the_rest(parts)
    return parts


def accepted(file: bytes) -> bool:
    """Whether a stranger takes it; rubbish may make their program fail in any way."""
    try:
        stranger.check(file)
    except Exception:
        return False
    return True
