"""A checker of dossiers that a stranger wrote, from docs/guides/dossier.md alone: nothing of ours is imported here."""

import base64
import hashlib
import io
import json
import zipfile
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MEMBERS = {
    *("report.html", "README.txt", "dossier.json", "entries.jsonl", "operations.jsonl", "proofs.json"),
    *("checkpoint.txt", "keys.txt", "manifest.txt"),
    *("genealogy.json", "custody.json", "signatures.json", "epcis.json", "fhir.json"),
}


class Refused(Exception):
    """The dossier is not what it should be."""


def insist(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Refused(otherwise)


def read_archive(content: bytes) -> dict[str, bytes]:
    """The members, once the archive is found to be the only one that has them."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        insist(all(each.compress_type == 0 for each in archive.infolist()), "a member is compressed")
        members = {each.filename: archive.read(each) for each in archive.infolist()}
    again = io.BytesIO()
    with zipfile.ZipFile(again, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, members[name])
    insist(again.getvalue() == content, "the archive has another spelling")
    insist(members.keys() == MEMBERS, "other members than a dossier has")
    return members


def read_keys(text: str) -> dict[bytes, tuple[str, bytes]]:
    """By id: the name and the key."""
    keys = {}
    for line in text.splitlines():
        name, key_id, encoded = line.split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        insist(raw[0] == 1 and len(raw) == 33, "a key of another kind")
        digest = hashlib.sha256(name.encode() + b"\n" + raw).digest()
        insist(digest[:4].hex() == key_id, "a key under another id")
        keys[digest[:4]] = (name, raw[1:])
    return keys


def signed_text(note: bytes, keys: dict[bytes, tuple[str, bytes]]) -> str:
    """The text of a signed note."""
    head, gap, last = note.decode().rpartition("\n\n")
    insist(bool(gap) and last.startswith("— ") and last.endswith("\n") and last.count("\n") == 1, "no signed note")
    name, encoded = last[2:-1].split(" ")
    raw = base64.b64decode(encoded, validate=True)
    insist(base64.b64encode(raw).decode() == encoded, "base64 of another spelling")
    insist(raw[:4] in keys and keys[raw[:4]][0] == name, "an unknown key")
    text = head + "\n"
    try:
        Ed25519PublicKey.from_public_bytes(keys[raw[:4]][1]).verify(raw[4:], text.encode())
    except InvalidSignature:
        raise Refused("a signature does not hold") from None
    return text


def root_from(leaf: bytes, number: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162, 2.1.3.2, told from the root down."""
    if size == 1:
        insist(not path, "a path that is too long")
        return leaf
    insist(bool(path), "a path that is too short")
    split = 1
    while split * 2 < size:
        split *= 2
    if number < split:
        left, right = root_from(leaf, number, split, path[:-1]), path[-1]
    else:
        left, right = path[-1], root_from(leaf, number - split, size - split, path[:-1])
    return hashlib.sha256(b"\x01" + left + right).digest()


def check(content: bytes, trusted: str | None = None) -> dict[str, Any]:
    """What a sound dossier says of itself. Raises `Refused`, or whatever rubbish makes Python raise."""
    parts = read_archive(content)
    keys = read_keys(trusted if trusted is not None else parts["keys.txt"].decode())

    head, *listed = signed_text(parts.pop("manifest.txt"), keys).splitlines()
    hashes = {name: digest for digest, name in (line.split("  ", 1) for line in listed)}
    insist(hashes.keys() == parts.keys(), "other parts than the list names")
    for name, part in parts.items():
        insist(hashlib.sha256(part).hexdigest() == hashes[name], f"{name} is not what was signed")

    origin, size_text, root_text, time = signed_text(parts["checkpoint.txt"], keys).splitlines()
    size, root = int(size_text), base64.b64decode(root_text, validate=True)
    about = json.loads(parts["dossier.json"])
    journey = about["journey"]
    insist(head == f"clew.dossier/1 {journey}", "a list of another dossier")
    insist((about["origin"], about["size"]) == (origin, size), "another checkpoint")
    spelt = json.dumps(about, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    insist(parts["dossier.json"] == spelt.encode(), "dossier.json has another spelling")

    entries = [*lines(parts["entries.jsonl"])]
    previous = hashlib.sha256(json.dumps(["clew.ledger.1", journey], separators=(",", ":")).encode()).hexdigest()
    for number, (columns, own) in enumerate(entries, start=1):
        insist((columns[1], columns[2], columns[10]) == (journey, number, previous), f"entry {number} does not follow")
        previous = own
    operations = [*lines(parts["operations.jsonl"])]
    insist(all(columns[1].startswith("operations/") for columns, _ in operations), "not an operator's entry")

    for some in (entries, operations):
        positions = [columns[0] for columns, _ in some]
        insist(positions == sorted(set(positions)), "entries out of order")

    proofs = json.loads(parts["proofs.json"])
    everything = {str(columns[0]): own for columns, own in [*entries, *operations]}
    insist(proofs["size"] == size and proofs["paths"].keys() == everything.keys(), "proofs of something else")
    for position, own in everything.items():
        leaf = hashlib.sha256(b"\x00" + bytes.fromhex(own)).digest()
        path = [bytes.fromhex(each) for each in proofs["paths"][position]]
        insist(1 <= int(position) <= size, "an entry beyond the checkpoint")
        insist(root_from(leaf, int(position) - 1, size, path) == root, f"entry {position} is not under the checkpoint")
    return {"journey": journey, "entries": len(entries), "operations": len(operations), "signed": time}


def lines(part: bytes) -> list[tuple[list[Any], str]]:
    """Each line as JSON, and its hash."""
    *each, rest = part.split(b"\n")
    insist(rest == b"", "the last line has no end")
    return [(json.loads(line), hashlib.sha256(line).hexdigest()) for line in each]
