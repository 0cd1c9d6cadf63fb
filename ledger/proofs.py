"""Proofs for those who keep checkpoints: that an entry is under one, and that one continues another."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.feed import newest_position
from ledger.merkle import Node, consistency, inclusion, root
from ledger.tree import with_tree
from ledger.view import ENTRY
from schemas.errors import NotFound

_AT = select(ENTRY.c.journey, ENTRY.c.hash).where(ENTRY.c.position == bindparam("position"))
_OF_EVENT = (
    select(ENTRY.c.position)
    .where(ENTRY.c.source == bindparam("source"), ENTRY.c.event_id == bindparam("event"))
    .order_by(ENTRY.c.position.desc())
    .limit(1)
)
_OF_NUMBER = select(ENTRY.c.position).where(ENTRY.c.journey == bindparam("journey"), ENTRY.c.seq == bindparam("seq"))


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry, and the path from its leaf to the root."""

    position: int
    journey: str
    hash: str
    path: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Continued:
    """Two roots of the tree, and the path that shows that the later one continues the earlier."""

    old_root: bytes
    new_root: bytes
    path: Sequence[bytes]


async def prove_entry(session: AsyncSession, position: int, size: int) -> Proven:
    """Prove that an entry is in the tree of that size. Raises `NotFound` (`unknown_entry`)."""
    found = (await session.execute(_AT, {"position": position})).one_or_none() if position <= size else None
    if found is None:
        raise NotFound("unknown_entry", f"No entry at position {position} is under a checkpoint of {size} entries.")
    path = await with_tree(session, lambda node: inclusion(node, position - 1, size))
    return Proven(position, found.journey, found.hash, path)


async def prove_entries(session: AsyncSession, positions: Sequence[int], size: int) -> list[list[bytes]]:
    """The path of each of these entries, all of which are in the tree of that size."""

    def paths(node: Node) -> list[list[bytes]]:
        return [inclusion(node, position - 1, size) for position in positions]

    return await with_tree(session, paths)


async def prove_continuation(session: AsyncSession, old: int, new: int) -> Continued:
    """Prove that the tree of one size begins with that of another. Raises `NotFound` (`unknown_checkpoint`)."""
    if not 0 < old <= new <= await newest_position(session):
        raise NotFound("unknown_checkpoint", "The sizes go from 1 up to that of the newest checkpoint, in order.")
    return await with_tree(
        session, lambda node: Continued(root(node, old), root(node, new), consistency(node, old, new))
    )


async def position_of_event(session: AsyncSession, source: str, event_id: str) -> int | None:
    """Where the newest entry that an event led to stands; None where there is none."""
    found = await session.execute(_OF_EVENT, {"source": source, "event": event_id})
    return found.scalar_one_or_none()


async def position_of_number(session: AsyncSession, journey: str, seq: int) -> int | None:
    """Where a journey's entry stands; None where there is none."""
    found = await session.execute(_OF_NUMBER, {"journey": journey, "seq": seq})
    return found.scalar_one_or_none()
