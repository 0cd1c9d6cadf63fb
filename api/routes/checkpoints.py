"""Checkpoints of the ledger, and proofs against them: what a partner needs to hold us to our word."""

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import TypeAdapter

from api import examples
from api.callers import AsPartner
from api.cursors import Cursor, Limit, Page, Position, decode, page
from api.documented import answer, problems
from api.evidence import (
    CheckpointView,
    ConsistencyView,
    InclusionView,
    KeysView,
    KeyView,
    checkpoint_view,
    inclusion_view,
)
from api.services import Services, Using
from ledger.checkpoints import Checkpoint
from ledger.notes import PublicKey
from ledger.proofs import prove_continuation, prove_entry
from schemas.errors import NotFound

router = APIRouter(prefix="/v1", tags=["proof"])

_SIZE = TypeAdapter(tuple[Position])

Size = Annotated[int, Query(ge=1, le=2**62, description="How many entries the tree had.")]


@router.get(
    "/checkpoints",
    operation_id="listCheckpoints",
    summary="List checkpoints",
    response_model=Page[CheckpointView],
    responses={
        **answer(200, "Checkpoints, the smallest first.", examples.CHECKPOINT_PAGE),
        **problems("malformed", "invalid_cursor", "checkpoints_damaged"),
    },
)
async def list_checkpoints(
    _caller: AsPartner,
    using: Using,
    size: Annotated[int, Query(ge=1, le=2**62, description="Only of at least so many entries.")] = 1,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CheckpointView]:
    """What was signed, as this process's folder has it. The first one listed is the first that covers entry `size`."""
    after = decode("checkpoints", _SIZE, cursor)
    begin = size if after is None else max(size, after[0] + 1)
    found = list(islice(using.notary.kept.from_size(begin), limit + 1))
    return page(found, limit, "checkpoints", lambda each: (each.size,), checkpoint_view)


@router.get(
    "/checkpoints/latest",
    operation_id="getLatestCheckpoint",
    summary="The newest checkpoint",
    response_model=CheckpointView,
    responses={
        **answer(200, "What the ledger was when it was last signed.", examples.CHECKPOINT),
        **problems("unknown_checkpoint", "checkpoints_damaged"),
    },
)
async def get_latest_checkpoint(_caller: AsPartner, using: Using) -> CheckpointView:
    """Keep it somewhere that we cannot reach: with it anybody can show that the ledger was changed afterwards."""
    return checkpoint_view(_newest(using))


@router.get(
    "/checkpoints/keys",
    operation_id="listCheckpointKeys",
    summary="The keys that sign checkpoints",
    response_model=KeysView,
    responses={
        **answer(200, "Every public key that ever signed, by its id.", examples.CHECKPOINT_KEYS),
        **problems("signing_key_unusable"),
    },
)
async def list_keys(_caller: AsPartner, using: Using) -> KeysView:
    """Get them once over a way that you trust, and keep them: a key from where the checkpoint is proves little."""
    current = PublicKey(using.notary.keys.origin, using.notary.keys.current.public_key().public_bytes_raw()).id
    known = using.notary.keys.all()
    return KeysView(items=[KeyView(id=each.id, key=str(each), current=each.id == current) for each in known])


@router.get(
    "/checkpoints/consistency",
    operation_id="proveConsistency",
    summary="Prove that a later tree continues an earlier one",
    response_model=ConsistencyView,
    responses={
        **answer(200, "The path from one root to the other.", examples.CONSISTENCY),
        **problems("malformed", "unknown_checkpoint", "ledger_inconsistent", "ledger_unavailable"),
    },
)
async def prove_consistency(
    _caller: AsPartner, using: Using, begins: Annotated[Size, Query(alias="from")], to: Size
) -> ConsistencyView:
    """Compare `from_root` and `to_root` with the checkpoints that you have; then check the path (RFC 9162, 2.1.4.2)."""
    async with using.database.reading() as session:
        found = await prove_continuation(session, begins, to)
    return ConsistencyView(
        from_size=begins,
        to_size=to,
        from_root=found.old_root.hex(),
        to_root=found.new_root.hex(),
        path=[each.hex() for each in found.path],
    )


@router.get(
    "/ledger/{position}/proof",
    operation_id="proveEntry",
    summary="Prove that an entry is under a checkpoint",
    response_model=InclusionView,
    responses={
        **answer(200, "The path from the entry to the signed root.", examples.INCLUSION),
        **problems(
            "malformed",
            "unknown_entry",
            "unknown_checkpoint",
            "checkpoints_damaged",
            "ledger_inconsistent",
            "ledger_unavailable",
        ),
    },
)
async def prove(
    _caller: AsPartner,
    using: Using,
    position: Annotated[int, Path(ge=1, le=2**62, description="The entry's position.")],
    size: Annotated[
        int | None, Query(ge=1, le=2**62, description="The size of the checkpoint; without it the newest one.")
    ] = None,
) -> InclusionView:
    """An entry of the last seconds may be under no checkpoint yet: ask again after `CLEW_CHECKPOINT_INTERVAL`."""
    checkpoint = _newest(using) if size is None else of_size(using, size)
    async with using.database.reading() as session:
        proven = await prove_entry(session, position, checkpoint.size)
    return inclusion_view(proven, checkpoint)


def _newest(using: Services) -> Checkpoint:
    newest = using.notary.kept.newest()
    if newest is None:
        raise NotFound("unknown_checkpoint", "There is no checkpoint yet.")
    return newest


def of_size(using: Services, size: int) -> Checkpoint:
    """The checkpoint of exactly that size. Raises `NotFound` (`unknown_checkpoint`)."""
    found = next(using.notary.kept.from_size(size), None)
    if found is None or found.size != size:
        raise NotFound("unknown_checkpoint", f"There is no checkpoint of {size} entries.")
    return found
