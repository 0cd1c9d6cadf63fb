"""The keys that sign for the ledger: one that does so now, and the public halves of all that ever did.

The private key is a file of its own (PEM, PKCS 8, Ed25519, for its owner alone). The public ones lie beside the
checkpoints, one file each, named after the key's id: nobody who sets another key can forget to leave the old one there.
"""

import os
import stat
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ledger.files import put_once
from ledger.notes import Note, PublicKey, read_key
from schemas.errors import Unavailable
from schemas.settings import Settings

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyRing:
    """The keys of one ledger, by its name."""

    def __init__(self, origin: str, private: Path, public: Path, *, may_make: bool = False) -> None:
        self.origin = origin
        self._private = private
        self._public = public
        self._may_make = may_make
        self._known: dict[str, PublicKey] = {}

    @cached_property
    def current(self) -> Ed25519PrivateKey:
        """The key that signs; its public half is left beside the checkpoints. Made where it may be and there is none.

        Raises `Unavailable` (`signing_key_unusable`).
        """
        if self._may_make and not self._private.exists():
            pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            put_once(self._private, pem)
        key = _read(self._private)
        public = PublicKey(self.origin, key.public_key().public_bytes_raw())
        put_once(self._public / f"{public.id}.pub", f"{public}\n".encode())
        return key

    def get(self, key_id: str) -> PublicKey | None:
        """A public key by its id; None for one that never signed here."""
        if key_id not in self._known:
            try:
                found = read_key((self._public / f"{key_id}.pub").read_text(encoding="utf-8"))
            except (OSError, ValueError):
                return None
            self._known[key_id] = found
        return self._known[key_id]

    def all(self) -> list[PublicKey]:
        """Every public key, by id."""
        found = (self.get(path.stem) for path in sorted(self._public.glob("*.pub")))
        return [key for key in found if key is not None]

    def has_signed(self, note: Note) -> bool:
        """Whether one of the keys signed the note."""
        key = self.get(note.key)
        return key is not None and note.is_signed_by(key)


def keyring_of(settings: Settings) -> KeyRing:
    """The keys that the settings name. Without a file that they name one is made in the home: for one machine."""
    return KeyRing(
        settings.ledger_origin,
        settings.signing_key_file,
        settings.checkpoints_folder / "keys",
        may_make=settings.signing_key is None,
    )


def _read(path: Path) -> Ed25519PrivateKey:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise _unusable("is open to others: give it the mode 0600")
            key = load_pem_private_key(file.read(), password=None)
    # Their texts could quote the file.
    except OSError:
        raise _unusable("cannot be read") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unusable("holds no unencrypted PEM key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable("holds a key of another kind: Ed25519 is wanted")
    return key


def _unusable(what: str) -> Unavailable:
    return Unavailable("signing_key_unusable", f"The signing key's file (CLEW_SIGNING_KEY) {what}.")
