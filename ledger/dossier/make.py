"""Making a dossier from the ledger, under a checkpoint."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Select, Text, bindparam, cast, select
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.chain import Line, data_text, spelt
from ledger.checkpoints import Checkpoint
from ledger.dossier import form
from ledger.dossier.archive import pack
from ledger.dossier.readme import README_TEXT
from ledger.dossier.report import report
from ledger.dossier.views import VERSION, VIEWS
from ledger.keyring import KeyRing
from ledger.notes import sign
from ledger.proofs import prove_entries
from ledger.stored import STORED, moment
from ledger.view import ENTRY
from schemas.entries import Entry, counting
from schemas.errors import Conflict, NotFound
from schemas.operations import OPERATIONS

_ENTRIES = (
    select(*STORED)
    .where(ENTRY.c.journey == bindparam("coi"), ENTRY.c.position <= bindparam("size"))
    .order_by(ENTRY.c.seq)
)
_OPERATIONS = (
    select(*STORED)
    .where(ENTRY.c.type.in_(sorted(OPERATIONS)), ENTRY.c.position <= bindparam("size"))
    .order_by(ENTRY.c.position)
)
_NAMING = _OPERATIONS.where(cast(ENTRY.c.data, Text).contains(bindparam("coi")))
_ABOUT_EVENTS = _OPERATIONS.where(ENTRY.c.data["event"].as_string().in_(bindparam("events", expanding=True)))
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Told:
    """What a dossier is made of: entries as they are hashed, those of the journey and those of operators."""

    entries: Sequence[bytes]
    operations: Sequence[bytes]
    paths: dict[int, list[bytes]]


async def gather(session: AsyncSession, coi: str, size: int) -> Told:
    """Read what is on record of a journey under a checkpoint of that size.

    Raises `NotFound` (`unknown_journey`), `Conflict` (`ledger_inconsistent`) where an entry does not fit its hash.
    """
    entries = [_spelt(row) for row in await session.execute(_ENTRIES, {"coi": coi, "size": size})]
    if not entries:
        raise NotFound("unknown_journey", "Nothing of that journey is on record under the checkpoint.")
    operations = await _concerning(session, coi, size, entries)
    positions = [json.loads(each)[0] for each in (*entries, *operations)]
    paths = await prove_entries(session, positions, size)
    return Told(entries, operations, dict(zip(positions, paths, strict=True)))


def make(told: Told, checkpoint: Checkpoint, keys: KeyRing) -> bytes:
    """The dossier's file. Raises `Unavailable` (`signing_key_unusable`)."""
    entries = [form.read_entry(each) for each in told.entries]
    operations = [form.read_entry(each) for each in told.operations]
    coi, key = entries[0].journey, keys.current
    parts = {
        form.README: README_TEXT.encode(),
        form.ABOUT: form.about(coi, checkpoint.origin, checkpoint.size, VERSION),
        form.ENTRIES: form.lines(told.entries),
        form.OPERATIONS: form.lines(told.operations),
        form.PROOFS: form.proofs(checkpoint.size, told.paths),
        form.CHECKPOINT: str(checkpoint.note).encode(),
        form.KEYS: "".join(f"{each}\n" for each in keys.all()).encode(),
        **derived(entries, operations, checkpoint),
    }
    signed = sign(form.manifest(coi, parts), keys.origin, key)
    return pack({**parts, form.MANIFEST: str(signed).encode()})


def derived(entries: Sequence[Entry], operations: Sequence[Entry], checkpoint: Checkpoint) -> dict[str, bytes]:
    """The parts that follow from the entries."""
    told = counting(entries)
    documents = {name: form.pretty(made(told)) for name, made in VIEWS.items()}
    return {**documents, form.REPORT: report(entries, operations, checkpoint).encode()}


async def _concerning(session: AsyncSession, coi: str, size: int, entries: Sequence[bytes]) -> list[bytes]:
    """Operators' entries that name the journey, or one of its events: no others are ever held."""
    events = {(row[7], row[8]) for row in map(json.loads, entries) if row[8] is not None}
    ids = sorted({event for _, event in events})
    searches: list[tuple[Select[Any], dict[str, Any]]] = [(_NAMING, {"coi": coi})]
    searches += [(_ABOUT_EVENTS, {"events": ids[at : at + _AT_ONCE]}) for at in range(0, len(ids), _AT_ONCE)]
    found: dict[int, bytes] = {}
    for search, wanted in searches:
        for row in await session.execute(search, {"size": size, **wanted}):
            data = json.loads(row[9])
            if (data.get("source"), data.get("event")) in events or _names(data, coi):
                found[row[0]] = _spelt(row)
    return [found[position] for position in sorted(found)]


def _names(data: Any, coi: str) -> bool:
    if isinstance(data, dict):
        return any(_names(each, coi) for each in data.values())
    if isinstance(data, list):
        return any(_names(each, coi) for each in data)
    return bool(data == coi)


def _spelt(row: Sequence[Any]) -> bytes:
    position, journey, seq, kind, occurred_at, recorded_at, actor, source, event_id, data, previous_hash, own = row
    try:
        text, at, on = data_text(json.loads(data)), moment(occurred_at), moment(recorded_at)
        said = spelt(*Line(position, journey, seq, kind, at, on, actor, source, event_id, text, previous_hash))
    except (TypeError, ValueError, OverflowError, RecursionError):
        said = b""
    if sha256(said).hexdigest() != own:
        raise Conflict("ledger_inconsistent", f"Entry {position} is not what was written. `clew verify` says more.")
    return said
