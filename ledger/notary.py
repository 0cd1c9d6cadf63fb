"""Whoever makes checkpoints: after appends at most every so many seconds, when asked, and at the end.

Each is held against the one before it: the tree must begin with what was signed then. Where it does not, nothing is
signed any more, and every attempt says so.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

from ledger.checkpoint_log import CheckpointLog
from ledger.checkpoints import Checkpoint, make_checkpoint
from ledger.database import Database
from ledger.feed import newest_position
from ledger.keyring import KeyRing, keyring_of
from ledger.merkle import Node, root
from ledger.tree import with_tree
from ledger.trouble import database_trouble
from schemas.errors import ClewError, Conflict
from schemas.settings import Settings
from telemetry import metrics
from telemetry.logs import logger
from telemetry.redaction import describe

log = logger("notary")

LAST_WITHIN = 5.0
"""Seconds that the last checkpoint has when the process ends: the database may be gone before."""


class Notary:
    """Signs for one ledger. `newest`: the last checkpoint that it knows of, for receipts; None before the first."""

    def __init__(self, database: Database, keys: KeyRing, kept: CheckpointLog, every: float) -> None:
        self._database = database
        self.keys = keys
        self.kept = kept
        self._every = every
        self.newest: Checkpoint | None = None

    async def run(self) -> None:
        """Make checkpoints until cancelled; a last one then."""
        try:
            while True:
                await self._try()
                await asyncio.sleep(self._every)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WITHIN):
                    await self._try()

    async def make(self) -> Checkpoint | None:
        """The checkpoint of all that is on record now; None for an empty ledger.

        Raises `Conflict` (`ledger_inconsistent`, `checkpoints_damaged`), `Unavailable` (`signing_key_unusable`).
        """
        before = self._before()
        async with self._database.reading() as session:
            size = await newest_position(session)
            made_of = await with_tree(session, lambda node: _roots(node, before, size))
        if size and (before is None or before.size < size):
            made = make_checkpoint(self.keys.origin, size, made_of, datetime.now(UTC), self.keys.current)
            # The disk is waited for beside the loop.
            await asyncio.to_thread(self.kept.put, made, after=before)
        self.newest = self._before()
        return self.newest

    def _before(self) -> Checkpoint | None:
        """The newest on file, once the one that was shown last is found there too: others may have gone on from it."""
        newest, shown = self.kept.newest(), self.newest
        if newest is not None and not self.keys.has_signed(newest.note):
            raise Conflict("checkpoints_damaged", "The newest checkpoint on file is not signed with a key of ours.")
        if shown is not None and shown != newest and shown != next(self.kept.from_size(shown.size), None):
            raise Conflict("checkpoints_damaged", f"The checkpoint of {shown.size} entries is no longer on file.")
        return newest

    async def _try(self) -> None:
        try:
            with database_trouble():
                await self.make()
        except ClewError as refusal:
            metrics.CHECKPOINTS_REFUSED.labels(refusal.code).inc()
            # Without a database nothing is lost; a ledger that is not what was signed is another matter.
            tell = log.warning if refusal.retry_can_help else log.error
            tell("checkpoint_refused", code=refusal.code, detail=refusal.detail)
        except Exception as error:
            log.error("checkpoint_failed", error=describe(error))


def notary_of(database: Database, settings: Settings) -> Notary:
    """The notary that the settings describe."""
    kept = CheckpointLog(settings.checkpoints_folder)
    return Notary(database, keyring_of(settings), kept, settings.checkpoint_interval)


def _roots(node: Node, before: Checkpoint | None, size: int) -> bytes:
    """The root now. Raises `Conflict` where the tree does not begin with what was signed before."""
    if before is not None and before.size > size:
        raise _inconsistent(f"had {before.size} entries when its newest checkpoint was signed, and has {size}")
    if before is not None and root(node, before.size) != before.root:
        raise _inconsistent(f"is not the one that was signed at {before.size} entries")
    return root(node, size)


def _inconsistent(what: str) -> Conflict:
    return Conflict("ledger_inconsistent", f"The ledger {what}: nothing is signed. `clew verify` says where.")
