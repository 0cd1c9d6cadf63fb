"""Evidence that others can hold against us: the answers that carry it, and how they are made."""

from datetime import datetime

from api.answers import Answer, EventView
from api.services import Services
from ledger.checkpoints import Checkpoint
from ledger.proofs import Proven
from schemas.decisions import DecisionId

Hash = str
"""64 hexadecimal digits."""

Note = str | None
"""The newest checkpoint that is known, as a signed note; None before the first."""


class CheckpointView(Answer):
    """What the ledger was when it was signed. `key`: the id of the key. `note`: all of it, with the signature."""

    origin: str
    size: int
    root: Hash
    at: datetime
    key: str
    note: str


class InclusionView(Answer):
    """The proof that an entry is under a checkpoint (RFC 9162, 2.1.3). `leaf`: its number, which is `position` - 1."""

    position: int
    leaf: int
    journey: str
    hash: Hash
    path: list[Hash]
    checkpoint: CheckpointView


class ConsistencyView(Answer):
    """The proof that the tree of `to_size` begins with the tree of `from_size` (RFC 9162, 2.1.4)."""

    from_size: int
    to_size: int
    from_root: Hash
    to_root: Hash
    path: list[Hash]


class KeyView(Answer):
    """A public key that signed checkpoints, by its id. `current`: it signs now."""

    id: str
    key: str
    current: bool


class KeysView(Answer):
    """All keys that ever signed for this ledger."""

    items: list[KeyView]


class EventDetail(EventView):
    """An event, where it stands on the ledger, and the newest checkpoint."""

    position: int | None = None
    checkpoint: Note = None


class DecisionEvidence(Answer):
    """The decision is on the ledger, as entry `seq` of the journey, at `position` of the whole."""

    decision: DecisionId
    seq: int
    position: int | None = None
    checkpoint: Note = None


def checkpoint_view(checkpoint: Checkpoint) -> CheckpointView:
    return CheckpointView(
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        at=checkpoint.at,
        key=checkpoint.note.key,
        note=str(checkpoint.note),
    )


def inclusion_view(proven: Proven, checkpoint: Checkpoint) -> InclusionView:
    return InclusionView(
        position=proven.position,
        leaf=proven.position - 1,
        journey=proven.journey,
        hash=proven.hash,
        path=[each.hex() for each in proven.path],
        checkpoint=checkpoint_view(checkpoint),
    )


def newest_note(using: Services) -> Note:
    """What a receipt carries."""
    newest = using.notary.newest
    return None if newest is None else str(newest.note)
