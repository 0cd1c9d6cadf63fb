"""A notary over a test's database, in a folder of the test's own."""

from collections.abc import Sequence
from pathlib import Path

from ledger.checkpoints import Checkpoint
from ledger.database import Database
from ledger.notary import Notary, notary_of
from ledger.notes import PublicKey
from ledger.witnesses import Witnesses, witnesses_of
from schemas.settings import Settings


class Office:
    """Signs for a ledger, and calls the witnesses when it is verified."""

    def __init__(self, database: Database, home: Path) -> None:
        self.settings = Settings(home=home, ledger_origin="clew.test")
        self.notary: Notary = notary_of(database, self.settings)

    async def sign(self) -> Checkpoint:
        """A checkpoint of all that is on record."""
        made = await self.notary.make()
        assert made is not None
        return made

    def witnesses(self, note: str | None = None, trusted: Sequence[PublicKey] | None = None) -> Witnesses:
        return witnesses_of(self.settings, note, trusted)
