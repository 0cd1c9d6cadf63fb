"""Putting what operators do on the record, in the transaction in which it takes effect."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from ledger.record import last_seq, on_record, put_on_record, take_positions
from schemas.facts import Fact
from schemas.operations import OPERATIONS, Operation, operations_chain


async def put_operation(session: AsyncSession, about: str, kind: str, said: Operation, by: str, now: datetime) -> int:
    """Append one entry to the chain of what is operated (see `operations_chain`); its number on that chain."""
    return await session.run_sync(_put, operations_chain(about), kind, said, by, now)


def _put(session: Session, chain: str, kind: str, said: Operation, by: str, now: datetime) -> int:
    assert isinstance(said, OPERATIONS[kind]), f"{kind} says something else"
    connection = session.connection()
    # The lock before the look: what is on record cannot change between the two.
    take_positions(connection, 0)
    seq = last_seq(connection, chain) + 1
    data = said.model_dump(mode="json", exclude_defaults=True)
    fact = Fact(seq=seq, type=kind, occurred_at=now, actor=by, data=data)
    put_on_record(connection, chain, [fact], on_record(connection, chain, seq, seq), now)
    return seq
