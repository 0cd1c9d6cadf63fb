"""What partners prove themselves with, and we to them: a file that is read again when it changes.

    st-anna:
      webhook: [the-new-secret, the-old-secret]

Several values of one secret are all accepted, so that it can be changed without a gap; the first one is what we send.
Nothing of it is ever stored, logged or shown.
"""

import stat
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from schemas.errors import Unavailable

_FILE = TypeAdapter(dict[str, dict[str, list[str]]])
_OTHERS = stat.S_IRWXG | stat.S_IRWXO

Stamp = tuple[int, int, int]


class Secrets:
    """The secrets in a file. One that is not there holds none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: Stamp | None = None
        self._held: dict[str, dict[str, list[str]]] = {}

    def of(self, partner: str, name: str) -> list[str]:
        """Every accepted value. Raises `Unavailable` (`secret_missing`, `secrets_unusable`)."""
        self._refresh()
        found = [value for value in self._held.get(partner, {}).get(name, ()) if value]
        if not found:
            detail = f"The file of secrets (CLEW_SECRETS) holds no {name} of {partner}: add it there."
            raise Unavailable("secret_missing", detail)
        return found

    def _refresh(self) -> None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._stamp, self._held = None, {}
            return
        except OSError:
            raise _unusable("cannot be read") from None
        # Checked each time: a file that was opened to others is no secret from then on.
        if found.st_mode & _OTHERS:
            raise _unusable("is open to others: give it the mode 0600")
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if stamp != self._stamp:
            self._held = _read(self._path)
            self._stamp = stamp


def _read(path: Path) -> dict[str, dict[str, list[str]]]:
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _FILE.validate_python(document or {})
    # Their texts quote the file.
    except (OSError, ValueError, yaml.YAMLError, ValidationError, RecursionError):
        raise _unusable("is not a YAML mapping of partners to names to lists of values") from None


def _unusable(what: str) -> Unavailable:
    return Unavailable("secrets_unusable", f"The file of secrets (CLEW_SECRETS) {what}.")
