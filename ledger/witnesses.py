"""Checkpoints as witnesses of what the ledger was: those on file, and one that somebody kept."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from ledger.checkpoint_log import CheckpointLog, Kept
from ledger.checkpoints import Checkpoint, read_checkpoint
from ledger.keyring import KeyRing, keyring_of
from ledger.notes import PublicKey
from ledger.walk import Finding
from schemas.base import iso
from schemas.errors import Invalid
from schemas.settings import Settings


class Witnesses:
    """What was signed, the smallest first; the walk asks each as it comes to its size. `kept`: one that was brought."""

    def __init__(
        self,
        log: CheckpointLog | None = None,
        keys: KeyRing | None = None,
        kept: Checkpoint | None = None,
        trusted: Sequence[PublicKey] | None = None,
    ) -> None:
        self.agreed = 0
        self.unchecked: list[str] = []
        self._log = log
        self._keys = keys
        self._trusted = trusted
        self._brought = [kept] if kept is not None else []
        self._on_file: Iterator[Checkpoint] = iter(())
        self._head: Checkpoint | None = None
        self._largest = 0
        self._told: datetime | None = None
        self._is_late = False
        self._next: Checkpoint | None = None
        self._last: Checkpoint | None = None
        self._spoilt: Finding | None = None

    def begin(self) -> None:
        """Look at the file as it is now: what is written later speaks of later entries."""
        kept = self._log.all() if self._log is not None else iter(())
        self._on_file = filter(None, (each.checkpoint if self._is_sound(each) else None for each in kept))
        is_alone = not self._brought
        self._advance()
        if self._next is None:
            where = "without a folder of checkpoints" if self._log is None else "without a checkpoint"
            self.unchecked.append(
                f"{where} nobody can tell a ledger that was rewritten as a whole, cut off at its end or brought back"
                " from an old copy"
            )
            return
        if self._log is not None and (aside := self._log.aside()):
            self.unchecked.append(f"what was signed before the checkpoints were begun anew: {', '.join(aside)}")
        if is_alone:
            self.unchecked.append(
                "whether the file of checkpoints was cut off at its end, and the ledger with it: bring a checkpoint"
                " that you kept with --checkpoint"
            )
        if self._trusted is None and self._keys is not None:
            self.unchecked.append("whose keys signed the checkpoints: they lie beside them; name yours with --key")

    def next_size(self) -> int | None:
        """How many entries the next witness speaks of."""
        return self._next.size if self._next is not None else None

    def look(self, root: bytes) -> Finding | None:
        """Hold the next witness against the root at its size."""
        witness = self._next
        assert witness is not None, "whoever looks has asked for the size"
        if witness.root != root:
            first = self._last.size + 1 if self._last is not None else 1
            problem = f"entries {first} to {witness.size} are not those of the checkpoint of {iso(witness.at)}"
            return Finding(position=first, problem=problem)
        self.agreed += 1
        self._last = witness
        self._advance()
        return None

    def beyond(self, newest: int) -> Finding | None:
        """A witness of entries that are no longer there: the end was cut off, or an old copy was brought back."""
        if self._next is None:
            if self._last is not None and self._last.size < newest:
                self.unchecked.append(f"entries {self._last.size + 1} to {newest}: no checkpoint covers them yet")
            return None
        problem = f"the entry is missing: the checkpoint of {iso(self._next.at)} speaks of {self._next.size} entries"
        return Finding(position=newest + 1, problem=problem)

    def spoilt(self) -> Finding | None:
        """The first witness that nobody can believe. To be asked at the end."""
        return self._spoilt

    def _advance(self) -> None:
        """Take the smaller of the next on file and the one that was brought."""
        if self._head is None:
            self._head = next(self._on_file, None)
        candidates = [each for each in (self._head, *self._brought) if each is not None]
        self._next = min(candidates, key=lambda each: each.size, default=None)
        if self._next is None:
            return
        if self._next is self._head:
            self._head = None
        else:
            self._brought.remove(self._next)

    def _is_sound(self, kept: Kept) -> bool:
        problem = self._flaw(kept.checkpoint)
        if problem is not None and self._spoilt is None:
            self._spoilt = Finding(problem=f"line {kept.line} of the file of checkpoints {problem}")
        return problem is None

    def _flaw(self, checkpoint: Checkpoint | None) -> str | None:
        if checkpoint is None:
            return "cannot be read"
        if not self._is_signed(checkpoint):
            return "is not signed with a key of this ledger"
        if self._keys is not None and checkpoint.origin != self._keys.origin:
            return f"is of the ledger {checkpoint.origin}, and this one is {self._keys.origin} (CLEW_LEDGER_ORIGIN)"
        if checkpoint.size <= self._largest:
            return "speaks of no more entries than the one before it"
        self._largest = checkpoint.size
        self._notice_clock(checkpoint)
        return None

    def _notice_clock(self, checkpoint: Checkpoint) -> None:
        """The order of sizes is proven, the times are only told: by clocks, of which some run behind others."""
        if self._told is not None and checkpoint.at < self._told and not self._is_late:
            self._is_late = True
            self.unchecked.append(
                f"when checkpoints were signed: that of {checkpoint.size} entries has an earlier time than the one"
                " before it"
            )
        self._told = checkpoint.at

    def _is_signed(self, checkpoint: Checkpoint) -> bool:
        """By a key that the reader trusts; one that only lies beside the file proves nothing to them."""
        if self._trusted is not None:
            return any(map(checkpoint.note.is_signed_by, self._trusted))
        return self._keys is None or self._keys.has_signed(checkpoint.note)


def witnesses_of(settings: Settings, note: str | None = None, trusted: Sequence[PublicKey] | None = None) -> Witnesses:
    """The witnesses that there are on this machine, and a checkpoint that a reader kept.

    `trusted`: the keys of which one must have signed each of them; without them one of ours.
    Raises `Invalid` (`malformed`, `checkpoint_unproven`).
    """
    keys, folder = keyring_of(settings), settings.checkpoints_folder
    kept = None if note is None else brought(note, keys, trusted)
    return Witnesses(CheckpointLog(folder) if folder.is_dir() else None, keys, kept, trusted)


def brought(note: str, keys: KeyRing, trusted: Sequence[PublicKey] | None) -> Checkpoint:
    """Read a checkpoint that a reader kept. Raises `Invalid` unless one of these keys, or of ours, signed it."""
    try:
        checkpoint = read_checkpoint(note)
    except ValueError:
        raise Invalid(
            "malformed", "The file holds no checkpoint: a signed note is wanted, as receipts carry it."
        ) from None
    is_signed = [keys.has_signed(checkpoint.note)] if trusted is None else map(checkpoint.note.is_signed_by, trusted)
    if not any(is_signed):
        raise Invalid("checkpoint_unproven", "The checkpoint is not signed with the key that it should be.")
    if checkpoint.origin != keys.origin:
        raise Invalid("checkpoint_unproven", "The checkpoint is of another ledger than CLEW_LEDGER_ORIGIN names.")
    return checkpoint
