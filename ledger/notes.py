"""Signed notes: a text that a person can read, and under it who signs it. Pure.

    text of one or more lines
    (empty line)
    — name signature

as C2SP's `signed-note` has it, so that tools of others can check what we sign. `signature` is the base64 of four bytes
that name the key, then of the 64 bytes of an Ed25519 signature (RFC 8032) over the text with its last line break. A
public key is written `name+key id+base64 of 0x01 and the key`; its id is the first four bytes of the SHA-256 of the
name, a line break, 0x01 and the key.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\1"
_DASH = "— "
_ID = 4


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that checks signatures: whose it is, and its 32 bytes."""

    name: str
    raw: bytes

    @property
    def id(self) -> str:
        """Eight hexadecimal digits."""
        return sha256(f"{self.name}\n".encode() + _ED25519 + self.raw).digest()[:_ID].hex()

    def __str__(self) -> str:
        return f"{self.name}+{self.id}+{_base64(_ED25519 + self.raw)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text with its last line break, the name and the key id under it, and the signature."""

    text: str
    name: str
    key: str
    signature: bytes

    def __str__(self) -> str:
        return f"{self.text}\n{_DASH}{self.name} {_base64(bytes.fromhex(self.key) + self.signature)}\n"

    def is_signed_by(self, key: PublicKey) -> bool:
        """Whether the signature is that key's, over this text."""
        if (self.name, self.key) != (key.name, key.id):
            return False
        try:
            Ed25519PublicKey.from_public_bytes(key.raw).verify(self.signature, self.text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


def read_key(text: str) -> PublicKey:
    """Read a public key. Raises `ValueError` for what is none."""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = _bytes(encoded)
    key = PublicKey(name, raw[1:])
    if not name or raw[:1] != _ED25519 or len(raw) != 33 or key.id != key_id:
        raise ValueError("not a public key")
    return key


def sign(text: str, name: str, key: Ed25519PrivateKey) -> Note:
    """A note of a text, which ends with a line break and has no empty line."""
    raw = key.public_key().public_bytes_raw()
    return Note(text, name, PublicKey(name, raw).id, key.sign(text.encode()))


def read_note(note: str) -> Note:
    """Take a note with one signature apart, without checking that. Raises `ValueError` for what is none."""
    text, gap, line = note.rpartition(f"\n\n{_DASH}")
    name, _, encoded = line.removesuffix("\n").partition(" ")
    signed = _bytes(encoded)
    found = Note(f"{text}\n", name, signed[:_ID].hex(), signed[_ID:])
    if not gap or not text or len(signed) != _ID + 64 or str(found) != note:
        raise ValueError("not a signed note")
    return found


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode()


def _bytes(encoded: str) -> bytes:
    try:
        return b64decode(encoded, validate=True)
    except NotBase64:
        raise ValueError("not base64") from None
