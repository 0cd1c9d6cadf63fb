"""Beginning the checkpoints anew where the ledger is rightly not what was signed: a backup was restored.

The old file is kept beside the new one, and an operator's entry says who did it and why: whoever holds an older
checkpoint still holds evidence against this ledger.
"""

import asyncio
from datetime import datetime

from ledger.checkpoint_log import CheckpointLog
from ledger.checkpoints import Checkpoint
from ledger.database import Database
from ledger.notary import notary_of
from ledger.operations import put_operation
from schemas.errors import Conflict
from schemas.operations import CheckpointsRestarted
from schemas.settings import Settings

_CLEARED = ("ledger_inconsistent", "checkpoints_damaged")


async def restart(database: Database, settings: Settings, by: str, reason: str, now: datetime) -> Checkpoint:
    """The first checkpoint of the new file. Killed on the way it may be done again, and is on record twice.

    Raises `Conflict` (`checkpoints_agree`) where nothing is wrong, `Unavailable` (`signing_key_unusable`).
    """
    await _refuse_unless_refused(database, settings)
    kept = CheckpointLog(settings.checkpoints_folder)
    name = kept.next_name()
    said = CheckpointsRestarted(reason=reason, kept_as=name, **_last_words(kept))
    async with database.writing() as session:
        await put_operation(session, "ledger", "checkpoints.restarted", said, by, now)
    await asyncio.to_thread(kept.set_aside, name)
    made = await notary_of(database, settings).make()
    assert made is not None, "there is an entry at least that says so"
    return made


async def _refuse_unless_refused(database: Database, settings: Settings) -> None:
    try:
        await notary_of(database, settings).make()
    except Conflict as refusal:
        if refusal.code in _CLEARED:
            return
        raise
    raise Conflict("checkpoints_agree", "The ledger is what was signed: there is nothing to begin anew.")


def _last_words(kept: CheckpointLog) -> dict[str, int | str]:
    """Size and root of the newest checkpoint in the old file, as far as it can be read."""
    try:
        newest = kept.newest()
    except Conflict:
        return {}
    return {} if newest is None else {"size": newest.size, "root": newest.root.hex()}
