"""Checkpoints: what the ledger was at a moment, signed, so that whoever keeps one holds evidence against us. Pure.

The text of the note (`ledger.notes`), as C2SP's `tlog-checkpoint` has it:

    origin        the ledger's name
    size          how many entries it had, which is the position of the newest
    root          base64 of the root of the Merkle tree over them (`ledger.merkle`)
    time          when it was signed, as `schemas.base.iso` spells it
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.notes import Note, read_note, sign
from schemas.base import iso


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a signed note says; whether its signature holds is another question."""

    origin: str
    size: int
    root: bytes
    at: datetime
    note: Note


def make_checkpoint(origin: str, size: int, root: bytes, at: datetime, key: Ed25519PrivateKey) -> Checkpoint:
    """Sign what the ledger is now."""
    text = f"{origin}\n{size}\n{b64encode(root).decode()}\n{iso(at)}\n"
    return Checkpoint(origin, size, root, at, sign(text, origin, key))


def read_checkpoint(note: str) -> Checkpoint:
    """Read a checkpoint, without checking its signature. Raises `ValueError` for what is none."""
    found = read_note(note)
    origin, size, root, time, *rest = [*found.text.split("\n"), "", "", ""]
    try:
        checkpoint = Checkpoint(origin, int(size), b64decode(root, validate=True), datetime.fromisoformat(time), found)
        as_written = f"{origin}\n{checkpoint.size}\n{b64encode(checkpoint.root).decode()}\n{iso(checkpoint.at)}\n"
    except (NotBase64, OverflowError):
        raise ValueError("not a checkpoint") from None
    if any(rest) or found.text != as_written or len(checkpoint.root) != 32 or checkpoint.size < 1:
        raise ValueError("not a checkpoint")
    return checkpoint
