"""Checking a dossier with the file alone: no database, no network, no account."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger.chain import genesis
from ledger.checkpoints import Checkpoint, read_checkpoint
from ledger.dossier import form
from ledger.dossier.archive import LARGEST
from ledger.dossier.make import derived
from ledger.dossier.readme import README_TEXT
from ledger.dossier.signed import Signed, Wrong, parts_of, signed, signed_with
from ledger.dossier.views import VERSION
from ledger.merkle import includes, leaf_hash
from ledger.notes import PublicKey
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


_NO_KEY = "that the key is the ledger's: it came with the file; --key takes one that you got another way"
_NO_CHECKPOINT = "that the ledger was not signed anew as a whole; --checkpoint takes one that you or a partner kept"
_OTHER_VIEWS = "that the documents and the report are what the entries make: another version of Clew made them"
_STRANGER = (
    "that the ledger made this file: the key {key}, which is none of yours, signed the list of its parts, and whoever"
    " has it may have left out the last entries; take the keys anew over a way that you trust"
)
_NEVER = (
    "that nothing was recorded of the journey after the last entry here",
    "that operators did nothing else that concerns the journey: whoever made the file chose what to show of it",
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
    parts = parts_of(content)
    said = signed(parts, trusted)
    checkpoint = said.checkpoint
    views = _views(parts[form.ABOUT], said)
    entries, operations = _entries(parts, form.ENTRIES), _entries(parts, form.OPERATIONS)
    _chained(entries, said.journey)
    _apart(operations)
    _under(parts[form.PROOFS], [*entries, *operations], checkpoint)
    remade = views == VERSION
    if remade:
        _follows(parts, entries, operations, checkpoint)
    elif said.stranger is not None:
        raise Wrong(f"the key {said.stranger}, which is none of yours, signed documents that cannot be made again here")
    kept = _kept(note, checkpoint, said.keys)
    made = ["the documents and the report are what the entries make"] if remade else []
    unproven = [
        *([_NO_KEY] if trusted is None else []),
        *([_STRANGER.format(key=said.stranger)] if said.stranger else []),
        *([] if kept else [_NO_CHECKPOINT]),
        *([] if remade else [_OTHER_VIEWS]),
        *_NEVER,
    ]
    return Checked(
        ok=True,
        journey=said.journey,
        entries=len(entries),
        proven=(*_shown(entries, operations, checkpoint), *made, *kept),
        unproven=tuple(unproven),
    )


def _views(content: bytes, said: Signed) -> int:
    """The version of the views, from a page that says of the rest what the signatures say."""
    try:
        views = _json(content, form.ABOUT)["views"]
    except (LookupError, TypeError):
        raise Wrong("dossier.json is not of the form") from None
    checkpoint = said.checkpoint
    if type(views) is not int or content != form.about(said.journey, checkpoint.origin, checkpoint.size, views):
        raise Wrong("dossier.json is not about this journey and this checkpoint")
    return views


def _entries(parts: dict[str, bytes], name: str) -> list[Entry]:
    lines = parts[name].split(b"\n")
    if lines.pop() != b"":
        raise Wrong(f"{name} does not end with a line break")
    try:
        return [form.read_entry(line) for line in lines]
    except (ValueError, OverflowError, RecursionError):
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
    """Operators' entries, each once and in the order of positions."""
    position = 0
    for entry in operations:
        if is_journey(entry.journey):
            raise Wrong(f"entry {entry.position} is no operator's")
        if entry.position <= position:
            raise Wrong(f"entry {entry.position} does not follow the one before it")
        position = entry.position


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
        made = {form.README: README_TEXT.encode(), **derived(entries, operations, checkpoint)}
    # The entries are signed; what no append can have written is still nothing that anybody can lean on.
    except (ClewError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError):
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
    signed_with(kept.note, keys, "the checkpoint that you kept")
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


def _json(content: bytes, name: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise Wrong(f"{name} is not JSON") from None
