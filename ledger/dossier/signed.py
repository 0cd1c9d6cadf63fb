"""What of a dossier is signed, and by whom: looked at before anything in it is read."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.checkpoints import Checkpoint, read_checkpoint
from ledger.dossier import form
from ledger.dossier.archive import unpack
from ledger.dossier.views import VIEWS
from ledger.notes import Note, PublicKey, read_key, read_note
from schemas.operations import is_journey

PARTS = frozenset(
    {
        *(form.README, form.ABOUT, form.ENTRIES, form.OPERATIONS, form.PROOFS),
        *(form.CHECKPOINT, form.KEYS, form.MANIFEST, form.REPORT),
        *VIEWS,
    }
)
"""The members of a dossier: these and no others."""

SMALL = 64 * 1024
"""Bytes of a member that is read before its signature is known to hold, and of what stands beside it."""

_SMALL = (form.ABOUT, form.CHECKPOINT, form.KEYS, form.MANIFEST, form.README)


class Wrong(Exception):
    """What is wrong with the file; beyond that it shows nothing."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What the signatures say. `keys`: those that count, the reader's own or else the ones that came along.

    `stranger`: the id of the key under the list of parts where it is none of the reader's.
    """

    journey: str
    checkpoint: Checkpoint
    keys: Sequence[PublicKey]
    stranger: str | None


def parts_of(content: bytes) -> dict[str, bytes]:
    """The members of the file. Raises `Wrong` for others than a dossier has."""
    try:
        parts = unpack(content)
    except ValueError:
        raise Wrong("the file is not an archive as a dossier is, byte for byte") from None
    if missing := sorted(PARTS - parts.keys()):
        raise Wrong(f"{missing[0]} is missing")
    if parts.keys() != PARTS:
        raise Wrong("the file has a part that a dossier has not")
    if large := [name for name in _SMALL if len(parts[name]) > SMALL]:
        raise Wrong(f"{large[0]} is larger than {SMALL} bytes")
    return parts


def signed(parts: dict[str, bytes], trusted: Sequence[PublicKey] | None) -> Signed:
    """The checkpoint and the list of parts, once their signatures hold. Raises `Wrong`.

    The checkpoint must be signed with a key that counts. The list may be signed with a later one of the ledger's, as
    it is where a dossier is made after a change of key.
    """
    brought_along = _keys(parts[form.KEYS])
    keys = brought_along if trusted is None else trusted
    try:
        checkpoint = read_checkpoint(parts[form.CHECKPOINT].decode())
    except ValueError:
        raise Wrong("checkpoint.txt holds no checkpoint") from None
    signed_with(checkpoint.note, keys, form.CHECKPOINT)
    manifest = _manifest(parts[form.MANIFEST])
    stranger = None if any(map(manifest.is_signed_by, keys)) else manifest.key
    if stranger is not None:
        signed_with(manifest, brought_along, form.MANIFEST)
    return Signed(_listed(manifest, parts), checkpoint, keys, stranger)


def signed_with(note: Note, keys: Sequence[PublicKey], what: str) -> None:
    """Raises `Wrong` unless one of these keys signed the note."""
    if not any(map(note.is_signed_by, keys)):
        raise Wrong(f"{what} is not signed with the key that it should be")


def _listed(manifest: Note, parts: dict[str, bytes]) -> str:
    """The journey, once every part is found to be what was listed."""
    journey = manifest.text.partition("\n")[0].partition(" ")[2]
    if not is_journey(journey):
        raise Wrong("manifest.txt names no journey")
    listed = form.manifest(journey, {name: content for name, content in parts.items() if name != form.MANIFEST})
    if manifest.text != listed:
        was = set(manifest.text.splitlines())
        new = next(
            (line.rpartition("  ")[2] for line in listed.splitlines()[1:] if line not in was), "the list of parts"
        )
        raise Wrong(f"{new} is not what was signed")
    return journey


def _keys(content: bytes) -> list[PublicKey]:
    try:
        return [read_key(line) for line in content.decode().splitlines()]
    except ValueError:
        raise Wrong("keys.txt holds what is no key") from None


def _manifest(content: bytes) -> Note:
    try:
        return read_note(content.decode())
    except ValueError:
        raise Wrong("manifest.txt is no signed note") from None
