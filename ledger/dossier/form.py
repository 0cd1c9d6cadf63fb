"""The parts of a dossier, and how they are spelt. `docs/guides/dossier.md` says it for strangers."""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from schemas.canonical import canonical_json
from schemas.entries import Entry

FORMAT = "clew.dossier/1"

README, ABOUT, ENTRIES, OPERATIONS = "README.txt", "dossier.json", "entries.jsonl", "operations.jsonl"
PROOFS, CHECKPOINT, KEYS, MANIFEST, REPORT = "proofs.json", "checkpoint.txt", "keys.txt", "manifest.txt", "report.html"

_COLUMNS = (
    "position",
    "journey",
    "seq",
    "type",
    "occurred_at",
    "recorded_at",
    "actor",
    "source",
    "event_id",
    "data",
    "previous_hash",
)


def lines(spelt: Iterable[bytes]) -> bytes:
    """Entries as they are hashed, one a line."""
    return b"".join(each + b"\n" for each in spelt)


def read_entry(line: bytes) -> Entry:
    """An entry from the line that is hashed. Raises `ValueError` for what is none."""
    columns = json.loads(line)
    if not isinstance(columns, list) or len(columns) != len(_COLUMNS):
        raise ValueError("not an entry")
    return Entry.model_validate({**dict(zip(_COLUMNS, columns, strict=True)), "hash": sha256(line).hexdigest()})


def pretty(value: Any) -> bytes:
    """JSON for people and programs alike: canonical but for its line breaks."""
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def about(journey: str, origin: str, size: int, views: int) -> bytes:
    """What the dossier is of. `views`: the version of what is made of the entries."""
    return pretty({"format": FORMAT, "journey": journey, "origin": origin, "size": size, "views": views})


def proofs(size: int, paths: Mapping[int, Sequence[bytes]]) -> bytes:
    """The path of each entry to the root at that size, by position."""
    spelt = {str(position): [each.hex() for each in path] for position, path in paths.items()}
    return canonical_json({"paths": spelt, "size": size}) + b"\n"


def manifest(journey: str, parts: Mapping[str, bytes]) -> str:
    """The text that is signed over all other parts."""
    hashes = "".join(f"{sha256(parts[name]).hexdigest()}  {name}\n" for name in sorted(parts))
    return f"{FORMAT} {journey}\n{hashes}"
