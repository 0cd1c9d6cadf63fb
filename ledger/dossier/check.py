"""Checking a dossier with the file alone: no database, no network, no account."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger.chain import genesis
from ledger.checkpoints import Checkpoint, read_checkpoint
from ledger.dossier import form
from ledger.dossier.archive import LARGEST, unpack
from ledger.dossier.make import derived
from ledger.dossier.views import VERSION
from ledger.merkle import includes, leaf_hash
from ledger.notes import Note, PublicKey, read_key, read_note
from schemas.base import Strict, iso
from schemas.entries import Entry
from schemas.errors import ClewError
from schemas.operations import is_journey


class Checked(Strict):
    """What a dossier shows. `problems`: what is wrong with it; none where it is sound.

    `proven` and `unproven` say, for a person, what follows from it and what does not.
    """

    ok: bool
    journey: str | None = None
    entries: int = 0
    problems: tuple[str, ...] = ()
    proven: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()


class Wrong(Exception):
    """What is wrong with the file; beyond that it shows nothing."""


_NO_KEY = "that the key is the ledger's: it came with the file; --key takes one that you got another way"
_NO_CHECKPOINT = "that the ledger was not signed anew as a whole; --checkpoint takes one that you or a partner kept"
_OTHER_VIEWS = "that the documents and the report are what the entries make: another version of Clew made them"
_NEVER = (
    "that nothing was recorded of the journey after the last entry here",
    "that what people and systems told the ledger was true",
)


def check(path: Path, *, note: str | None = None, trusted: Sequence[PublicKey] | None = None) -> Checked:
    """Check a file. `note`: a checkpoint that the reader kept; `trusted`: public keys that the reader trusts."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError:
        return Checked(ok=False, problems=("the file cannot be read",))
    if len(content) > LARGEST:
        return Checked(ok=False, problems=(f"the file is larger than {LARGEST} bytes",))
    return check_bytes(content, note=note, trusted=trusted)


def check_bytes(content: bytes, *, note: str | None = None, trusted: Sequence[PublicKey] | None = None) -> Checked:
    """The same, of a file's content."""
    try:
        return _check(content, note, trusted)
    except Wrong as wrong:
        return Checked(ok=False, problems=(str(wrong),))


def _check(content: bytes, note: str | None, trusted: Sequence[PublicKey] | None) -> Checked:
    parts = _unpacked(content)
    journey, views, size = _about(parts)
    brought_along = _keys(parts[form.KEYS])
    keys = brought_along if trusted is None else trusted
    checkpoint = _signed(parts, journey, keys)
    if checkpoint.size != size:
        raise Wrong("dossier.json speaks of another checkpoint")
    entries, operations = _entries(parts, form.ENTRIES), _entries(parts, form.OPERATIONS)
    _chained(entries, journey)
    _apart(operations)
    _under(parts[form.PROOFS], [*entries, *operations], checkpoint)
    remade = views == VERSION
    if remade:
        _follows(parts, entries, operations, checkpoint)
    kept = _kept(note, checkpoint, keys)
    made = ["the documents and the report are what the entries make"] if remade else []
    unproven = [
        *([_NO_KEY] if trusted is None else []),
        *([] if kept else [_NO_CHECKPOINT]),
        *([] if remade else [_OTHER_VIEWS]),
        *_NEVER,
    ]
    return Checked(
        ok=True,
        journey=journey,
        entries=len(entries),
        proven=(*_shown(entries, operations, checkpoint), *made, *kept),
        unproven=tuple(unproven),
    )


def _unpacked(content: bytes) -> dict[str, bytes]:
    try:
        parts = unpack(content)
    except ValueError:
        raise Wrong("the file is not an archive as a dossier is, byte for byte") from None
    needed = {form.ABOUT, form.ENTRIES, form.OPERATIONS, form.PROOFS, form.CHECKPOINT, form.KEYS, form.MANIFEST}
    if missing := sorted(needed - parts.keys()):
        raise Wrong(f"{missing[0]} is missing")
    return parts


def _about(parts: dict[str, bytes]) -> tuple[str, int, int]:
    """The journey, the version of the views, and the size of the tree."""
    said = _json(parts[form.ABOUT], form.ABOUT)
    try:
        journey, origin, size, views = (said[name] for name in ("journey", "origin", "size", "views"))
        as_written = form.about(journey, origin, size, views)
    except (KeyError, TypeError, ValueError):
        raise Wrong("dossier.json is not of the form") from None
    if parts[form.ABOUT] != as_written or not is_journey(journey):
        raise Wrong("dossier.json is not of the form")
    return journey, views, size


def _signed(parts: dict[str, bytes], journey: str, keys: Sequence[PublicKey]) -> Checkpoint:
    """The checkpoint, once it and the list of parts are found signed with one of these keys."""
    manifest = _note(parts[form.MANIFEST], form.MANIFEST)
    _by(manifest, keys, form.MANIFEST)
    listed = form.manifest(journey, {name: content for name, content in parts.items() if name != form.MANIFEST})
    if manifest.text != listed:
        was = set(manifest.text.splitlines())
        new = next(
            (line.rpartition("  ")[2] for line in listed.splitlines()[1:] if line not in was), "the list of parts"
        )
        raise Wrong(f"{new} is not what was signed")
    try:
        checkpoint = read_checkpoint(parts[form.CHECKPOINT].decode())
    except ValueError:
        raise Wrong("checkpoint.txt holds no checkpoint") from None
    _by(checkpoint.note, keys, form.CHECKPOINT)
    return checkpoint


def _by(note: Note, keys: Sequence[PublicKey], what: str) -> None:
    if not any(note.is_signed_by(each) for each in keys):
        raise Wrong(f"{what} is not signed with the key that it should be")


def _keys(content: bytes) -> list[PublicKey]:
    try:
        return [read_key(line) for line in content.decode().splitlines()]
    except ValueError:
        raise Wrong("keys.txt holds what is no key") from None


def _entries(parts: dict[str, bytes], name: str) -> list[Entry]:
    lines = parts[name].split(b"\n")
    if lines.pop() != b"":
        raise Wrong(f"{name} does not end with a line break")
    try:
        return [form.read_entry(line) for line in lines]
    except (ValueError, RecursionError):
        raise Wrong(f"{name} has a line that is no entry") from None


def _chained(entries: Sequence[Entry], journey: str) -> None:
    """Numbers without a gap, each entry after the one before it, from the journey's beginning on."""
    if not entries:
        raise Wrong("there is no entry")
    previous, position = genesis(journey), 0
    for seq, entry in enumerate(entries, start=1):
        if entry.journey != journey:
            raise Wrong(f"entry {entry.position} is another journey's")
        if entry.seq != seq or entry.position <= position:
            raise Wrong(f"entry {entry.position} does not follow the one before it")
        if entry.previous_hash != previous:
            raise Wrong(f"entry {entry.position} is not chained to the one before it")
        previous, position = entry.hash, entry.position


def _apart(operations: Sequence[Entry]) -> None:
    for entry in operations:
        if is_journey(entry.journey):
            raise Wrong(f"entry {entry.position} is no operator's")


def _under(content: bytes, entries: Sequence[Entry], checkpoint: Checkpoint) -> None:
    """Every entry's path leads to the root that was signed."""
    said = _json(content, form.PROOFS)
    try:
        paths = {position: [bytes.fromhex(each) for each in path] for position, path in said["paths"].items()}
        size = said["size"]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Wrong("proofs.json is not of the form") from None
    if size != checkpoint.size or paths.keys() != {str(entry.position) for entry in entries}:
        raise Wrong("proofs.json is not about these entries and this checkpoint")
    for entry in entries:
        path, leaf = paths[str(entry.position)], leaf_hash(entry.hash)
        if not includes(leaf, entry.position - 1, checkpoint.size, path, checkpoint.root):
            raise Wrong(f"entry {entry.position} is not under the checkpoint")


def _follows(
    parts: dict[str, bytes], entries: Sequence[Entry], operations: Sequence[Entry], checkpoint: Checkpoint
) -> None:
    try:
        made = derived(entries, operations, checkpoint)
    # The entries are signed; what no append can have written is still nothing that anybody can lean on.
    except (ClewError, LookupError, TypeError, ValueError, AttributeError):
        raise Wrong("nothing can be made of the entries") from None
    for name, content in made.items():
        if parts.get(name) != content:
            raise Wrong(f"{name} is not what the entries make")


def _kept(note: str | None, checkpoint: Checkpoint, keys: Sequence[PublicKey]) -> list[str]:
    """What follows from a checkpoint that the reader kept; nothing where it is of another size."""
    if note is None:
        return []
    try:
        kept = read_checkpoint(note)
    except ValueError:
        raise Wrong("the checkpoint that you kept is none") from None
    _by(kept.note, keys, "the checkpoint that you kept")
    if kept.origin != checkpoint.origin:
        raise Wrong("the checkpoint that you kept is of another ledger")
    if kept.size != checkpoint.size:
        raise Wrong(
            f"the checkpoint that you kept is of {kept.size} entries, this dossier's of {checkpoint.size}:"
            f" ask for one under yours (clew dossier --size {kept.size})"
        )
    if kept.root != checkpoint.root:
        raise Wrong("the ledger is not the one of the checkpoint that you kept")
    return ["the ledger is the one of the checkpoint that you kept"]


def _shown(entries: Sequence[Entry], operations: Sequence[Entry], checkpoint: Checkpoint) -> tuple[str, ...]:
    beside = f", and {len(operations)} of operators," if operations else ""
    return (
        f"{len(entries)} entries from the journey's first on, without a gap{beside} were on the ledger"
        f" {checkpoint.origin} as they stand here when its checkpoint of {iso(checkpoint.at)} was signed",
        f"they were signed with the key {checkpoint.note.key}",
    )


def _note(content: bytes, name: str) -> Note:
    try:
        return read_note(content.decode())
    except ValueError:
        raise Wrong(f"{name} is no signed note") from None


def _json(content: bytes, name: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise Wrong(f"{name} is not JSON") from None
